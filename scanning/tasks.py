"""What Celery calls: thin edges around the services. A message carries an id and nothing else."""

import uuid

import structlog
from celery import shared_task
from django.utils.translation import gettext as _

from dedup_site.audit.context import request_scope
from scanning.models import Chunk
from scanning.services import comparing, ledger, matching, reading, runs, walking
from scanning.storage import RootRefused

log = structlog.get_logger(__name__)

# A large folder is listed, or a large library joined, in one chunk: its lease shows that it lives.
# Celery's own limit is only for what hangs in the kernel.
LONGEST = 24 * 60 * 60

WORK = {
    Chunk.Kind.WALK: walking.walk,
    Chunk.Kind.READ: reading.read,
    Chunk.Kind.MATCH: matching.match,
    Chunk.Kind.COMPARE: comparing.compare_pairs,
}

# What does not stand or fall as a whole: one file or one pair that ends workers is left out.
GIVE_UP = {
    Chunk.Kind.READ: reading.give_up,
    Chunk.Kind.COMPARE: comparing.give_up,
}


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def work_chunk(chunk_id: int) -> None:
    """Claim one chunk, do it, and move its run on. A doubled message finds nothing to claim."""
    chunk = ledger.claim(chunk_id)
    if chunk is None:
        return
    with (
        request_scope(uuid.uuid4()),
        structlog.contextvars.bound_contextvars(run=chunk.run_id, chunk=chunk.pk),
    ):
        try:
            _work(chunk)
        except ledger.LostLease:
            log.info("the chunk is no longer ours, or its run was paused")
            ledger.put_down(chunk)
        except (walking.WalkFailed, RootRefused) as error:
            runs.fail_run(chunk=chunk, message=str(error))
        except Exception:
            # What broke off may have left an answer under way, which the next must not get.
            reading.decoder().close()
            # The sweeper publishes it again in a while, up to MAXIMUM_ATTEMPTS times.
            ledger.give_back(chunk)
            raise
        else:
            runs.advance(chunk.run_id)
            ledger.publish_next(chunk.run_id)


def _work(chunk: Chunk) -> None:
    """Do the chunk, or give up where it has ended too many workers before."""
    kind = Chunk.Kind(chunk.kind)
    if chunk.attempts <= ledger.MAXIMUM_ATTEMPTS:
        WORK[kind](chunk)
    elif kind in GIVE_UP:
        GIVE_UP[kind](chunk)
    else:
        raise walking.WalkFailed(
            _(
                "The worker stopped %(times)d times during “%(phase)s”. "
                "Look at the worker's log, then start the scan again."
            )
            % {"times": ledger.MAXIMUM_ATTEMPTS, "phase": kind.label}
        )


@shared_task
def sweep() -> None:
    """Bring back what dead workers held and what lost messages left lying; runs every 15 s."""
    recovered = ledger.recover_lapsed()
    republished = ledger.republish_forgotten()
    for run_id in runs.waiting_to_advance():
        runs.advance(run_id)
    if recovered or republished:
        log.info("swept the ledger", recovered=recovered, republished=republished)


@shared_task
def start_due_runs() -> None:
    """Start the scheduled jobs whose time has come."""
    runs.start_due_runs()
