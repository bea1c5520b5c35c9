"""Runs: from phase to phase, paused, resumed, cancelled, failed, and started by the schedule."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from scanning.models import Chunk, Library, LibraryAccess, ScanJob, ScanRun
from scanning.services import ledger
from scanning.services.ledger import LostLease
from scanning.services.runs import (
    RunStateError,
    advance,
    cancel_run,
    fail_run,
    pause_run,
    resume_run,
    start_due_runs,
    start_run,
    waiting_to_advance,
)
from scanning.tasks import WORK, sweep, work_chunk
from tests.conftest import make_user
from tests.library_pictures import scene, write
from tests.scans import actions, claimed, findings_of, job_of, scan, started, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(library: Library) -> Path:
    """A picture and a smaller copy of it."""
    root = Path(library.root)
    write(scene(1), root / "a.jpg")
    write(scene(1).resize((200, 150)), root / "b.jpg", quality=70)
    return root


def work_next(run: ScanRun) -> str:
    """Do the run's next chunk; the kind that it was."""
    chunk = Chunk.objects.ready().filter(run=run).order_by("kind", "ordinal")[0]
    work_chunk(chunk.pk)
    run.refresh_from_db()
    return chunk.kind


# Phases


def test_a_run_goes_from_phase_to_phase(library: Library, root: Path) -> None:
    run = started(library)
    phases = [run.state]
    kinds = []
    while run.is_active:
        kinds.append(work_next(run))
        phases.append(run.state)
    assert kinds == ["walk", "read", "match", "compare"]
    assert phases == ["walking", "reading", "matching", "comparing", "finished"]
    assert run.finished_at is not None
    assert actions(run) == ["scan_run.started", "scan_run.finished"]
    assert len(findings_of(library)) == 1


def test_a_phase_with_nothing_to_do_is_passed_over(library: Library, root: Path) -> None:
    scan(library)
    run = started(library)
    assert work_next(run) == "walk"
    assert run.state == "matching"
    assert work_next(run) == "match"
    assert run.state == "finished"


def test_a_run_keeps_the_configuration_it_began_with(library: Library, root: Path) -> None:
    run = started(library, near_radius=10)
    job_of(library, near_radius=99, include="nothing")
    assert work_off(run).configuration["near_radius"] == 10
    assert run.files_found == 2


def test_a_phase_is_not_over_while_a_chunk_is_open(library: Library, root: Path) -> None:
    run = started(library)
    work_next(run)
    chunk = Chunk.objects.get(run=run, kind="read")
    claimed(chunk)
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "reading"
    assert waiting_to_advance() == []


def test_a_worker_that_died_before_it_could_advance(library: Library, root: Path) -> None:
    run = started(library)
    work_next(run)
    Chunk.objects.filter(run=run, kind="read").update(state="done")
    assert waiting_to_advance() == [run.pk]
    sweep()
    run.refresh_from_db()
    assert run.state == "matching"


def test_a_scan_that_cannot_go_on_is_given_up(library: Library, root: Path) -> None:
    run = started(library)
    Chunk.objects.update(attempts=ledger.MAXIMUM_ATTEMPTS)
    work_next(run)
    assert run.state == "failed"
    assert run.error == (
        "The worker stopped 5 times during “List files”. "
        "Look at the worker's log, then start the scan again."
    )
    assert actions(run) == ["scan_run.started", "scan_run.failed"]


# One at a time


def test_a_library_is_scanned_once_at_a_time(library: Library) -> None:
    started(library)
    with pytest.raises(RunStateError) as caught:
        start_run(job=job_of(library), actor=None)
    assert str(caught.value) == (
        "A scan of Land registry is still going on. Wait for it, or cancel it first."
    )


# Pause, resume, cancel


def test_a_paused_run_gives_out_no_work_until_it_is_resumed(
    library: Library, root: Path, admin: User
) -> None:
    run = started(library)
    work_next(run)
    pause_run(run=run, actor=admin)
    assert work_off(run).state == "reading"
    assert run.is_paused
    resume_run(run=run, actor=admin)
    assert work_off(run).state == "finished"
    assert actions(run) == [
        "scan_run.started",
        "scan_run.paused",
        "scan_run.resumed",
        "scan_run.finished",
    ]


def test_pausing_twice_is_pausing_once(library: Library, admin: User) -> None:
    run = started(library)
    pause_run(run=run, actor=admin)
    pause_run(run=run, actor=admin)
    assert actions(run) == ["scan_run.started", "scan_run.paused"]


def test_a_cancelled_run_ends_at_once_and_keeps_what_it_has_read(
    library: Library, root: Path, admin: User
) -> None:
    run = started(library)
    work_next(run)
    work_next(run)
    cancel_run(run=run, actor=admin)
    assert work_off(run).state == "cancelled"
    assert run.finished_at is not None
    assert findings_of(library) == []
    following = scan(library)
    assert not Chunk.objects.filter(run=following, kind="read").exists()
    assert len(findings_of(library)) == 1


def test_what_a_cancelled_run_had_listed_is_read_by_the_next(
    library: Library, root: Path, admin: User
) -> None:
    run = started(library)
    work_next(run)
    cancel_run(run=run, actor=admin)
    following = scan(library)
    assert Chunk.objects.get(run=following, kind="read").files_done == 2


@pytest.mark.parametrize("kind", ["walk", "read", "match", "compare"])
def test_who_works_for_a_cancelled_run_can_write_nothing_more(
    library: Library, root: Path, admin: User, kind: str
) -> None:
    run = started(library)
    while Chunk.objects.filter(run=run).order_by("-pk")[0].kind != kind:
        work_next(run)
    ours = claimed(Chunk.objects.get(run=run, kind=kind))
    cancel_run(run=run, actor=admin)
    with pytest.raises(LostLease):
        WORK[Chunk.Kind(kind)](ours)
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert waiting_to_advance() == []


@pytest.mark.parametrize("end", [pause_run, resume_run, cancel_run])
def test_a_run_that_has_ended_cannot_be_changed(
    run: ScanRun, admin: User, end: "partial[None]"
) -> None:
    with pytest.raises(RunStateError, match="This scan has already come to an end"):
        end(run=run, actor=admin)


def test_a_run_fails_once(library: Library) -> None:
    run = started(library)
    ours = claimed(Chunk.objects.get(run=run))
    fail_run(chunk=ours, message="The folder is away.")
    fail_run(chunk=ours, message="Another reason.")
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "The folder is away.")
    assert actions(run) == ["scan_run.started", "scan_run.failed"]


def test_only_who_holds_the_chunk_can_fail_its_run(library: Library, root: Path) -> None:
    """A worker that slept and now misses the folder must not end what another one does."""
    run = started(library)
    slept = claimed(Chunk.objects.get(run=run))
    Chunk.objects.update(state="ready")
    assert work_off(run).state == "finished"
    fail_run(chunk=slept, message="The folder is away.")
    run.refresh_from_db()
    assert run.state == "finished"


# Who may


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_scans_are_for_those_who_may_run_them(
    library: Library, role: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(role)
    with pytest.raises(PermissionDenied):
        start_run(job=job_of(library), actor=person)
    run = started(library)
    for change in (pause_run, resume_run, cancel_run):
        with pytest.raises(PermissionDenied):
            change(run=run, actor=person)
    run.refresh_from_db()
    assert (run.state, run.is_paused) == ("walking", False)


def test_a_library_that_was_not_given_is_out_of_reach(library: Library) -> None:
    stranger = make_user("stranger", Role.ADMIN)
    with pytest.raises(PermissionDenied):
        start_run(job=job_of(library), actor=stranger)
    LibraryAccess.objects.create(library=library, user=stranger)
    assert start_run(job=job_of(library), actor=stranger).started_by == stranger


# The schedule


def scheduled(library: Library, schedule: str, due: datetime) -> ScanJob:
    return job_of(library, schedule=schedule, next_run_at=due)


def test_a_due_job_is_started_once(library: Library) -> None:
    job = scheduled(library, "hourly", timezone.now() - timedelta(minutes=1))
    assert start_due_runs() == 1
    assert start_due_runs() == 0
    run = ScanRun.objects.get()
    assert (run.job, run.started_by) == (job, None)


def test_a_job_is_not_started_before_its_time(library: Library) -> None:
    scheduled(library, "daily", timezone.now() + timedelta(minutes=1))
    assert start_due_runs() == 0


@pytest.mark.parametrize(
    ("schedule", "now", "following"),
    [
        ("hourly", "2026-03-04 10:20", "2026-03-04 11:00"),
        ("daily", "2026-03-04 01:00", "2026-03-04 02:00"),
        ("daily", "2026-03-04 10:20", "2026-03-05 02:00"),
        ("weekly", "2026-03-04 10:20", "2026-03-08 02:00"),
    ],
)
def test_missed_periods_are_made_up_for_by_one_run(
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    schedule: str,
    now: str,
    following: str,
) -> None:
    zone = timezone.get_default_timezone()
    at = datetime.fromisoformat(now).replace(tzinfo=zone)
    job = scheduled(library, schedule, datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(timezone, "now", lambda: at)
    assert start_due_runs() == 1
    job.refresh_from_db()
    assert job.next_run_at == datetime.fromisoformat(following).replace(tzinfo=zone)
    assert start_due_runs() == 0


def test_a_job_that_meets_another_scan_stays_due(library: Library, admin: User) -> None:
    run = started(library)
    due = timezone.now() - timedelta(minutes=1)
    job = scheduled(library, "weekly", due)
    assert start_due_runs() == 0
    job.refresh_from_db()
    assert job.next_run_at == due
    cancel_run(run=run, actor=admin)
    assert start_due_runs() == 1


def test_a_job_without_a_schedule_is_never_due(library: Library) -> None:
    job = scheduled(library, "manual", timezone.now() - timedelta(minutes=1))
    assert start_due_runs() == 0
    job.refresh_from_db()
    assert job.next_run_at is None
