"""The ledger of a run: chunks are claimed, kept, given back and completed, always by token.

Postgres is the only truth. A message carries a chunk's id and may be lost or doubled: whoever
claims a chunk raises its token in one conditional UPDATE, and everything written for it later
checks the token under a row lock. The sweeper brings back what a dead worker held and publishes
again what a lost message left lying.
"""

import os
import socket
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from django.db import models, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from scanning.models import Chunk, ScanRun

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
REPUBLISH_AFTER = timedelta(seconds=30)
MAXIMUM_ATTEMPTS = 5


class LostLease(Exception):
    """The chunk is no longer this worker's: another one has it, or its run was stopped."""


def worker_name() -> str:
    """Who holds a lease, for people who read the ledger."""
    return f"{socket.gethostname()}:{os.getpid()}"


def claim(chunk_id: int) -> Chunk | None:
    """Take a ready chunk, or None where it is taken, done, or its run does not want it now."""
    claimed = (
        Chunk.objects.ready()
        .filter(pk=chunk_id)
        .update(
            state=Chunk.State.LEASED,
            lease_owner=worker_name(),
            lease_until=timezone.now() + LEASE,
            token=models.F("token") + 1,
            attempts=models.F("attempts") + 1,
        )
    )
    if not claimed:
        return None
    return Chunk.objects.select_related("run__library", "run__job").get(pk=chunk_id)


def hold(chunk: Chunk) -> Chunk:
    """Lock the chunk's row inside the caller's transaction and prolong the lease.

    Raises:
        LostLease: the token has moved on, or the run was paused, cancelled or ended.
    """
    current = (
        Chunk.objects.select_for_update(of=("self",))
        .select_related("run")
        .filter(pk=chunk.pk, token=chunk.token, state=Chunk.State.LEASED)
        .first()
    )
    if current is None or not current.run.is_active:
        raise LostLease
    current.lease_until = timezone.now() + LEASE
    return current


def keep(chunk: Chunk) -> None:
    """Prolong the lease while long work goes on. Raises LostLease."""
    with transaction.atomic():
        hold(chunk).save(update_fields=["lease_until"])


def give_back(chunk: Chunk) -> None:
    """Put the chunk down unfinished, for instance because its run was paused."""
    Chunk.objects.filter(pk=chunk.pk, token=chunk.token, state=Chunk.State.LEASED).update(
        state=Chunk.State.READY, lease_owner="", lease_until=None
    )


def publish(chunk_ids: Iterable[int]) -> None:
    """Tell the workers about ready chunks once the transaction has been committed.

    A broker that is away is no error: the sweeper publishes again.
    """
    ids = list(chunk_ids)

    def send() -> None:
        from scanning.tasks import work_chunk

        try:
            for chunk_id in ids:
                work_chunk.apply_async((chunk_id,))
        except OperationalError as error:
            log.warning("the broker is away; the sweeper will publish later", error=str(error))
            return
        Chunk.objects.filter(pk__in=ids).update(published_at=timezone.now())

    transaction.on_commit(send)


def add_chunks(run: ScanRun, kind: Chunk.Kind, chunks: Iterable[dict[str, Any]]) -> None:
    """Write chunks of one kind into the run's ledger and publish them."""
    rows = [
        Chunk(run=run, kind=kind, ordinal=ordinal, **fields)
        for ordinal, fields in enumerate(chunks)
    ]
    Chunk.objects.bulk_create(rows, batch_size=500)
    publish([row.pk for row in rows])


@transaction.atomic
def recover_lapsed() -> int:
    """Make chunks ready again whose worker was not heard of past its lease; how many."""
    lapsed = list(
        Chunk.objects.lapsed().select_for_update(skip_locked=True).values_list("pk", flat=True)
    )
    Chunk.objects.filter(pk__in=lapsed).update(
        state=Chunk.State.READY, lease_owner="", lease_until=None, published_at=None
    )
    return len(lapsed)


@transaction.atomic
def republish_forgotten() -> int:
    """Publish ready chunks again of which no worker has taken notice; how many."""
    before = timezone.now() - REPUBLISH_AFTER
    forgotten = list(
        Chunk.objects.ready()
        .filter(models.Q(published_at__isnull=True) | models.Q(published_at__lt=before))
        .values_list("pk", flat=True)
        .order_by("run_id", "kind", "ordinal")[:1000]
    )
    publish(forgotten)
    return len(forgotten)
