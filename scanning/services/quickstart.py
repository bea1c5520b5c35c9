"""The main job in one call: mount a folder as a library, scan it, wait, and say what was found."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from django.db import transaction
from kombu.exceptions import OperationalError

from dedup_site.audit.services import record
from scanning import workers
from scanning.attributes import parse_pattern
from scanning.defaults import DEFAULT_EXCLUDE
from scanning.models import Library, ScanJob, ScanRun
from scanning.services import runs
from scanning.storage import allow_root, checked_root
from scanning.tasks import sweep

POLL_SECONDS = 0.2
SWEEP_SECONDS = 10.0
MAXIMUM_NAME = 190

Progress = Callable[[ScanRun], None]


class ScanFailed(Exception):
    """The scan came to no good end; the message says why."""


@transaction.atomic
def mount(
    *, folder: Path, name: str = "", attribute_pattern: str = "", manifest_path: str = ""
) -> ScanJob:
    """The job that scans all of `folder`; library and job are made where they are missing.

    Name, pattern and manifest are those of a new library; one that exists keeps its own.

    Raises:
        RootRefused: the folder cannot be mounted.
        PatternError: the pattern cannot be understood.
    """
    parse_pattern(attribute_pattern)
    allow_root(folder.absolute())
    root = checked_root(str(folder.absolute()))
    library = Library.objects.filter(root=str(root)).first()
    if library is None:
        library = Library.objects.create(
            name=_free_name(name or root.name or "library"),
            kind=Library.Kind.MOUNTED,
            root=str(root),
            attribute_pattern=attribute_pattern,
            manifest_path=manifest_path,
        )
        record("library.created", actor=None, target=library, library_id=library.pk)
    job = library.jobs.order_by("pk").first()
    if job is None:
        job = ScanJob.objects.create(library=library, name="Everything", exclude=DEFAULT_EXCLUDE)
        record("scan_job.created", actor=None, target=job, library_id=library.pk)
    return job


def scan(*, job: ScanJob, progress: Progress) -> ScanRun:
    """Run the job to its end, with a worker of our own where nobody else's answers.

    A run of the library that is still going on (its command was stopped, say) is followed instead.

    Raises:
        ScanFailed: the run failed, was cancelled, or the worker could not be kept up.
    """
    run = ScanRun.objects.active().filter(library=job.library).first()
    with ExitStack() as stack:
        own = None if _somebody_works() else stack.enter_context(workers.worker())
        if run is None:
            run = _start(job)
        swept = time.monotonic()
        while run.is_active:
            if own is not None and own.poll() is not None:
                raise ScanFailed("The worker has stopped. Look at logs/worker.log in DATA_DIR.")
            if time.monotonic() - swept > SWEEP_SECONDS:
                sweep()
                swept = time.monotonic()
            progress(run)
            time.sleep(POLL_SECONDS)
            run = ScanRun.objects.get(pk=run.pk)
    progress(run)
    if run.state != ScanRun.State.FINISHED:
        raise ScanFailed(run.error or f"The scan ended as “{run.get_state_display()}”.")
    return run


def _somebody_works() -> bool:
    try:
        return workers.somebody_works()
    except OperationalError as error:
        raise ScanFailed(
            f"Redis does not answer ({error}). Start it, or check REDIS_URL."
        ) from error


def _start(job: ScanJob) -> ScanRun:
    """A new run, or the one that somebody else has started in this moment."""
    try:
        return runs.start_run(job=job, actor=None)
    except runs.RunStateError:
        return ScanRun.objects.filter(library=job.library).latest("pk")


def _free_name(wanted: str) -> str:
    wanted = wanted[:MAXIMUM_NAME]
    name, number = wanted, 1
    while Library.objects.filter(name=name).exists():
        number += 1
        name = f"{wanted} ({number})"
    return name
