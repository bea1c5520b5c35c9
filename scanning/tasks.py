"""What Celery calls: thin edges around the services. A message carries an id and nothing else."""

import uuid

import structlog
from celery import shared_task

from dedup_site.audit.context import request_scope
from scanning.models import Chunk
from scanning.services import ledger, matching, reading, runs, walking
from scanning.storage import RootRefused

log = structlog.get_logger(__name__)

WORK = {
    Chunk.Kind.WALK: walking.walk,
    Chunk.Kind.READ: reading.read,
    Chunk.Kind.MATCH: matching.match,
}


@shared_task
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
            log.info("the chunk is no longer ours")
            ledger.give_back(chunk)
        except (walking.WalkFailed, RootRefused) as error:
            runs.fail_run(run_id=chunk.run_id, message=str(error))
        except Exception:
            # The sweeper publishes it again in a while, up to MAXIMUM_ATTEMPTS times.
            ledger.give_back(chunk)
            raise
        else:
            runs.advance(chunk.run_id)


def _work(chunk: Chunk) -> None:
    """Do the chunk, or give up where it has ended too many workers before."""
    kind = Chunk.Kind(chunk.kind)
    if chunk.attempts <= ledger.MAXIMUM_ATTEMPTS:
        WORK[kind](chunk)
    elif kind == Chunk.Kind.READ:
        reading.give_up(chunk)
    else:
        raise walking.WalkFailed(
            f"The worker stopped {ledger.MAXIMUM_ATTEMPTS} times during “{kind.label}”. "
            "Look at the worker's log, then start the scan again."
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
