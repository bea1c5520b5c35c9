"""Scan runs: started, paused, resumed, cancelled, and moved from one phase to the next.

A run lists the files (walk), reads the new and changed ones (read, many chunks), then finds pairs
(match). Whoever completes a chunk asks `advance` whether the phase is over.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from scanning.models import Chunk, Joined, ScanJob, ScanRun
from scanning.services import comparing, ledger, matching, statistics
from scanning.services.jobs import next_run_at


class RunStateError(Exception):
    """The run is not in a state that allows this; the message says so."""


def configuration_of(job: ScanJob) -> dict[str, Any]:
    """What a run keeps of its job, so that later changes do not alter what it did."""
    return {
        "name": job.name,
        "include": job.include,
        "exclude": job.exclude,
        "minimum_bytes": job.minimum_bytes,
        "minimum_edge": job.minimum_edge,
        "near_radius": job.near_radius,
        "find_crops": job.find_crops,
        "must_agree": job.must_agree,
        "must_differ": job.must_differ,
    }


def start_run(*, job: ScanJob, actor: User | None) -> ScanRun:
    """Begin a run of the job; `actor` is None for the schedule and for commands.

    Raises:
        PermissionDenied: the person may not start scans, or was not given the library.
        RunStateError: another run of the library is still going on.
    """
    _check(actor, job)
    try:
        with transaction.atomic():
            run = ScanRun.objects.create(
                job=job,
                library=job.library,
                configuration=configuration_of(job),
                started_by=actor,
            )
            record(
                "scan_run.started",
                actor=actor,
                target=run,
                library_id=job.library_id,
                data={"job": job.pk, "configuration": run.configuration},
            )
            ledger.add_chunks(run, Chunk.Kind.WALK, [{}])
    except IntegrityError as error:
        raise RunStateError(
            _("A scan of %(library)s is still going on. Wait for it, or cancel it first.")
            % {"library": job.library}
        ) from error
    return run


def pause_run(*, run: ScanRun, actor: User) -> None:
    """Stop taking up new work; what is in hand is put down at the next file."""
    _change(run, actor, "scan_run.paused", paused=True)


@transaction.atomic
def resume_run(*, run: ScanRun, actor: User) -> None:
    """Go on where the run was paused."""
    _change(run, actor, "scan_run.resumed", paused=False)
    ready = Chunk.objects.filter(run=run, state=Chunk.State.READY).order_by("kind", "ordinal")
    ledger.publish(ready.values_list("pk", flat=True)[: ledger.AHEAD])


@transaction.atomic
def cancel_run(*, run: ScanRun, actor: User) -> None:
    """End the run; what was read stays, a later run reads the rest."""
    _check(actor, run.job)
    ledger.take_away(run.pk)
    locked = _locked_active(run)
    _end(locked, ScanRun.State.CANCELLED)
    record("scan_run.cancelled", actor=actor, target=locked, library_id=locked.library_id)


@transaction.atomic
def _change(run: ScanRun, actor: User, action: str, *, paused: bool) -> None:
    _check(actor, run.job)
    locked = _locked_active(run)
    if locked.is_paused == paused:
        return
    locked.is_paused = paused
    locked.save(update_fields=["is_paused"])
    record(action, actor=actor, target=locked, library_id=locked.library_id)


@transaction.atomic
def fail_run(*, chunk: Chunk, message: str) -> None:
    """End the run of a chunk that cannot be done; `message` says what to do.

    Without effect where the chunk is no longer the caller's: another worker may do better.
    """
    try:
        ledger.hold(chunk)
    except ledger.LostLease:
        return
    ledger.take_away(chunk.run_id)
    run = ScanRun.objects.select_for_update().get(pk=chunk.run_id)
    if not run.is_active:
        return
    run.error = message
    _end(run, ScanRun.State.FAILED)
    record(
        "scan_run.failed",
        actor=None,
        target=run,
        library_id=run.library_id,
        detail={"error": message},
    )


@transaction.atomic
def advance(run_id: int) -> None:
    """Move the run to its next phase when the current one has no open chunk left.

    Any number of workers may ask at the same time: the row lock lets one of them act.
    """
    run = ScanRun.objects.select_for_update().get(pk=run_id)
    open_chunks = Chunk.objects.filter(
        run=run, state__in=(Chunk.State.READY, Chunk.State.LEASED)
    ).exists()
    if not run.is_active or open_chunks:
        return
    if run.state == ScanRun.State.READING:
        _enter(run, ScanRun.State.MATCHING)
        ledger.add_chunks(run, Chunk.Kind.MATCH, [{}])
    elif run.state == ScanRun.State.MATCHING and matching.is_unsettled(run):
        matching.settle_later(run)
    elif run.state == ScanRun.State.MATCHING and comparing.wanted(run).exists():
        _enter(run, ScanRun.State.COMPARING)
        ledger.add_chunks(run, Chunk.Kind.COMPARE, comparing.parts(run))
    else:
        _finish(run)


def _enter(run: ScanRun, state: ScanRun.State) -> None:
    run.state = state
    run.save(update_fields=["state"])
    transaction.on_commit(statistics.renew, robust=True)


def _finish(run: ScanRun) -> None:
    _end(run, ScanRun.State.FINISHED)
    transaction.on_commit(statistics.renew, robust=True)
    totals = Chunk.objects.filter(run=run).aggregate(
        read=Sum("files_done", default=0),
        errors=Sum("errors", default=0),
        compared=Sum("pairs_done", default=0),
    )
    record(
        "scan_run.finished",
        actor=None,
        target=run,
        library_id=run.library_id,
        data={"files": run.files_found, **totals},
    )


def waiting_to_advance() -> list[int]:
    """Active runs without an open chunk: a worker died between its last chunk and `advance`."""
    return list(
        ScanRun.objects.active()
        .exclude(chunks__state__in=(Chunk.State.READY, Chunk.State.LEASED))
        .values_list("pk", flat=True)
    )


def start_due_runs() -> int:
    """Start the scheduled jobs whose time has come; how many were started.

    A job that was missed for several periods runs once. Where another scan of the library is
    going on, the job stays due.
    """
    return sum(_start_if_due(pk) for pk in ScanJob.objects.due().values_list("pk", flat=True))


def _start_if_due(job_id: int) -> bool:
    try:
        with transaction.atomic():
            job = ScanJob.objects.due().select_for_update().filter(pk=job_id).first()
            if job is None:
                return False
            job.next_run_at = next_run_at(job.schedule, timezone.now())
            job.save(update_fields=["next_run_at"])
            if job.next_run_at is None:
                return False
            start_run(job=job, actor=None)
    except RunStateError:
        return False
    return True


def _check(actor: User | None, job: ScanJob) -> None:
    if actor is None:
        return
    if not actor.may(Can.RUN_SCANS) or not ScanJob.objects.visible_to(actor).contains(job):
        raise PermissionDenied


def _locked_active(run: ScanRun) -> ScanRun:
    locked = ScanRun.objects.select_for_update().get(pk=run.pk)
    if not locked.is_active:
        raise RunStateError(_("This scan has already come to an end."))
    return locked


def _end(run: ScanRun, state: ScanRun.State) -> None:
    run.state = state
    run.is_paused = False
    run.finished_at = timezone.now()
    run.save(update_fields=["state", "is_paused", "finished_at", "error"])
    # The shares of a join that nobody will settle any more.
    Joined.objects.filter(chunk__run=run, key="").delete()
