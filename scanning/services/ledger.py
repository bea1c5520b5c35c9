"""The ledger of a run: chunks are claimed, kept, given back and completed, always by token.

Postgres is the only truth. A message carries a chunk's id and may be lost or doubled: whoever
claims a chunk raises its token under a row lock, and everything written for it later checks the
token under that lock. The sweeper brings back what a dead worker held and publishes again what a
lost message left lying. All times are those of the database: the clocks of workers may differ.
"""

import os
import socket
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from celery import current_app
from django.db import connection, models, transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from dedup_site.env import env_int
from scanning.models import Chunk, ScanRun

log = structlog.get_logger(__name__)

# How long a worker may be silent before its chunk is given to another one. Workers prolong it
# four times as often. Any value is safe, because the token fences late writes off: a shorter one
# finds dead workers sooner, one below a few seconds takes chunks from slow ones.
LEASE = timedelta(seconds=env_int("LEASE_SECONDS", 60))
REPUBLISH_AFTER = LEASE / 2
MAXIMUM_ATTEMPTS = 5
# Messages of one run that are on their way at a time; whoever completes a chunk publishes the
# next. So a run of a million files keeps neither Redis full nor other runs waiting.
AHEAD = 100
# Redis hands out lower numbers first: sweeps and starts overtake chunks.
PRIORITY = 9


class LostLease(Exception):
    """The chunk is no longer this worker's: another one has it, or its run was stopped."""


def worker_name() -> str:
    """Who holds a lease, for people who read the ledger."""
    return f"{socket.gethostname()}:{os.getpid()}"


@transaction.atomic
def claim(chunk_id: int) -> Chunk | None:
    """Take a ready chunk, or None where it is taken, done, or its run does not want it now.

    By a row lock and not by one UPDATE: Django writes an UPDATE over a join as `id IN (SELECT …)`,
    which Postgres does not ask again after it has waited for another worker's claim.
    """
    chunk = (
        Chunk.objects.ready()
        .select_for_update(of=("self",))
        .select_related("run__library", "run__job")
        .filter(pk=chunk_id)
        .first()
    )
    if chunk is None:
        return None
    chunk.state = Chunk.State.LEASED
    chunk.lease_owner = worker_name()
    chunk.lease_until = Now() + LEASE
    chunk.token += 1
    chunk.attempts += 1
    chunk.save(update_fields=["state", "lease_owner", "lease_until", "token", "attempts"])
    return chunk


def hold(chunk: Chunk) -> Chunk:
    """Lock the chunk's row inside the caller's transaction and prolong the lease.

    A paused run may still store what it has in hand: see `is_paused` of the returned chunk's run.

    Raises:
        LostLease: the token has moved on, or the run was cancelled or ended.
    """
    with connection.cursor() as cursor:
        # A worker that is stopped inside a transaction must not keep the lock for ever.
        idle = int(LEASE.total_seconds() * 1000)
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = {idle}")
    current = (
        Chunk.objects.select_for_update(of=("self",))
        .select_related("run")
        .filter(pk=chunk.pk, token=chunk.token, state=Chunk.State.LEASED)
        .first()
    )
    if current is None or not current.run.is_active:
        raise LostLease
    current.lease_until = Now() + LEASE
    return current


@transaction.atomic
def keep(chunk: Chunk) -> None:
    """Prolong the lease while long work goes on.

    Raises:
        LostLease: as in `hold`, or the run was paused.
    """
    current = hold(chunk)
    if current.run.is_paused:
        raise LostLease
    current.save(update_fields=["lease_until"])


class LeaseKeeper:
    """Call it often during long work: it prolongs the chunk's lease now and then."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.kept_at = time.monotonic()

    def __call__(self) -> None:
        """Raises LostLease."""
        if time.monotonic() - self.kept_at > LEASE.total_seconds() / 4:
            keep(self.chunk)
            self.kept_at = time.monotonic()


def give_back(chunk: Chunk) -> None:
    """Put the chunk down after trouble; the attempt counts."""
    _ours(chunk).update(state=Chunk.State.READY, lease_owner="", lease_until=None)


def put_down(chunk: Chunk) -> None:
    """Put the chunk down because its run was paused or stopped: that was no failed attempt."""
    _ours(chunk).update(state=Chunk.State.READY, lease_owner="", lease_until=None, attempts=0)


def _ours(chunk: Chunk) -> models.QuerySet[Chunk]:
    return Chunk.objects.filter(pk=chunk.pk, token=chunk.token, state=Chunk.State.LEASED)


def take_away(run_id: int) -> None:
    """Take the run's chunks from whoever works on them, before the run is ended.

    Waits for what they are just writing; whatever they write later finds another token.
    """
    Chunk.objects.filter(run_id=run_id, state=Chunk.State.LEASED).update(
        state=Chunk.State.READY, lease_owner="", lease_until=None, token=models.F("token") + 1
    )


def publish(chunk_ids: Iterable[int]) -> None:
    """Tell the workers about ready chunks once the caller's transaction has been committed.

    A broker that is away is no error: the sweeper publishes again.
    """
    ids = list(chunk_ids)
    Chunk.objects.filter(pk__in=ids).update(published_at=Now())

    def send() -> None:
        from scanning.tasks import work_chunk

        try:
            for chunk_id in ids:
                work_chunk.apply_async((chunk_id,), priority=PRIORITY)
        except OperationalError as error:
            log.warning("the broker is away; the sweeper will publish later", error=str(error))

    transaction.on_commit(send)


@transaction.atomic
def publish_next(run_id: int) -> None:
    """Publish the first chunk of the run that never was, if there is one."""
    unpublished = (
        Chunk.objects.ready()
        .select_for_update(of=("self",), skip_locked=True)
        .filter(run_id=run_id, published_at=None)
        .order_by("kind", "ordinal")
        .values_list("pk", flat=True)
    )
    publish(unpublished[:1])


def add_chunks(
    run: ScanRun, kind: Chunk.Kind, chunks: Iterable[dict[str, Any]], first: int = 0
) -> None:
    """Write chunks of one kind into the run's ledger and publish the first ones."""
    rows = [
        Chunk(run=run, kind=kind, ordinal=ordinal, **fields)
        for ordinal, fields in enumerate(chunks, first)
    ]
    Chunk.objects.bulk_create(rows, batch_size=500)
    publish(row.pk for row in rows[:AHEAD])


@transaction.atomic
def recover_lapsed() -> int:
    """Make chunks ready again whose worker was not heard of past its lease; how many."""
    lapsed = Chunk.objects.lapsed().select_for_update(skip_locked=True)
    return Chunk.objects.filter(pk__in=list(lapsed.values_list("pk", flat=True))).update(
        state=Chunk.State.READY, lease_owner="", lease_until=None
    )


def republish_forgotten() -> int:
    """Publish ready chunks of which no worker has taken notice for a while; how many.

    Only as many as there is room for among the messages that still wait: while all workers are
    busy with long chunks, sweep after sweep must not fill the broker.
    """
    try:
        room = AHEAD - _messages_waiting()
    except OperationalError as error:
        log.warning("the broker is away; nothing was published", error=str(error))
        return 0
    with transaction.atomic():
        forgotten = list(
            Chunk.objects.ready()
            .select_for_update(of=("self",), skip_locked=True)
            .filter(
                models.Q(published_at=None) | models.Q(published_at__lt=Now() - REPUBLISH_AFTER)
            )
            .order_by(models.F("published_at").asc(nulls_last=True), "ordinal", "run_id")
            .values_list("pk", flat=True)[: max(room, 0)]
        )
        publish(forgotten)
    return len(forgotten)


def _messages_waiting() -> int:
    """How many messages the broker holds that no worker has taken."""
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0)
        channel: Any = broker.channel()
        return int(channel.queue_declare(queue=current_app.conf.task_default_queue).message_count)
