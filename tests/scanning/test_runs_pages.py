"""The pages about runs, and the progress that they show."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from scanning.models import Chunk, Library, LibraryAccess, ScanRun, SourceFile
from scanning.progress import duration_words, progress_of
from tests.conftest import MakePair, make_user
from tests.scanning.pages import assert_guarded

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def reading(run: ScanRun) -> ScanRun:
    """The run in the middle of its reading phase: 300 of 1,200 files in 60 seconds."""
    run.state = ScanRun.State.READING
    run.files_found, run.bytes_found = 5000, 9_000_000
    run.save()
    Chunk.objects.create(run=run, kind="walk", ordinal=0, state="done")
    for ordinal, done in enumerate((300, 0, 0, 0)):
        Chunk.objects.create(
            run=run,
            kind="read",
            ordinal=ordinal,
            state="done" if done else "ready",
            files_total=300,
            files_done=done,
            bytes_total=600_000,
            bytes_done=2000 * done,
        )
    return run


@pytest.fixture
def other_admin(db: None) -> User:
    return make_user("other_admin", Role.ADMIN)


def add_error(run: ScanRun, path: str) -> None:
    SourceFile.objects.create(
        library=run.library,
        path_key=path.encode(),
        path=path,
        size=1,
        modified_ns=1,
        state="error",
        error_kind="truncated",
        error_message="The file ends before the picture does.",
        last_run=run,
    )


# Progress


def test_progress_in_the_middle(reading: ScanRun) -> None:
    add_error(reading, "broken.jpg")
    progress = progress_of(reading, now=reading.started_at + timedelta(seconds=60))
    assert (progress.done, progress.total, progress.percent) == (300, 1200, 25)
    assert (progress.bytes_done, progress.bytes_total) == (600_000, 2_400_000)
    assert (progress.files_per_second, progress.bytes_per_second) == (5.0, 10_000.0)
    assert progress.time_left == timedelta(seconds=180)
    assert progress.time_left_words == "3 minutes"
    assert progress.errors == 1
    assert [(phase.label, phase.state) for phase in progress.phases] == [
        ("Listing files", "done"),
        ("Reading pictures", "active"),
        ("Finding pairs", "waiting"),
        ("Comparing pairs", "waiting"),
    ]


def test_no_guess_at_the_beginning(reading: ScanRun) -> None:
    Chunk.objects.filter(run=reading, kind="read").update(files_done=1)
    assert progress_of(reading).time_left is None


def test_progress_of_a_run_with_nothing_to_read(run: ScanRun) -> None:
    progress = progress_of(run)
    assert (progress.percent, progress.time_left) == (100, None)
    assert {phase.state for phase in progress.phases} == {"done"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (90, "2 minutes"),
        (3600, "1 hour"),
        (11_400, "3 hours, 10 minutes"),
    ],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert duration_words(timedelta(seconds=seconds)) == words


# Pages


def test_a_running_scan_asks_for_itself(admin: User, reading: ScanRun, client_as: SignIn) -> None:
    client = client_as(admin)
    page = client.get(reverse("scanning:run", args=[reading.pk])).content.decode()
    live = client.get(reverse("scanning:run_progress", args=[reading.pk])).content.decode()
    for text in (page, live):
        assert f'hx-get="/runs/{reading.pk}/progress/"' in text
        assert 'hx-trigger="every 2s"' in text
        assert "300 of 1,200 files read (25 %)" in text
        assert ">Pause</button>" in text
    assert "Configuration as it was" in page
    assert "Configuration as it was" not in live


def test_polling_stops_at_the_end(
    admin: User, run: ScanRun, make_pair: MakePair, client_as: SignIn
) -> None:
    make_pair()
    live = client_as(admin).get(reverse("scanning:run_progress", args=[run.pk])).content.decode()
    assert "hx-get" not in live
    assert ">Pause</button>" not in live
    assert "What it found" in live
    assert "Near-duplicate" in live


def test_a_later_scan_takes_over_what_was_found(
    admin: User, run: ScanRun, client_as: SignIn
) -> None:
    ScanRun.objects.create(
        job=run.job, library=run.library, state="finished", configuration={"near_radius": 64}
    )
    page = client_as(admin).get(reverse("scanning:run", args=[run.pk])).content.decode()
    assert "A later scan has brought the findings of this library up to date" in page


def test_errors_and_notices_are_named(admin: User, run: ScanRun, client_as: SignIn) -> None:
    add_error(run, "a/<broken>.jpg")
    ScanRun.objects.filter(pk=run.pk).update(
        state="failed", error="The folder is away.", notices=["The manifest was not used."]
    )
    page = client_as(admin).get(reverse("scanning:run", args=[run.pk])).content.decode()
    assert "a/&lt;broken&gt;.jpg" in page
    assert "Incomplete file" in page
    assert "The folder is away." in page
    assert "The manifest was not used." in page


def test_pause_resume_cancel(admin: User, reading: ScanRun, client_as: SignIn) -> None:
    client = client_as(admin)

    def press(name: str) -> str:
        url = reverse(f"scanning:run_{name}", args=[reading.pk])
        assert client.get(url).status_code == 405
        return client.post(url, follow=True).content.decode()

    paused = press("pause")
    assert "Paused" in paused
    assert ">Resume</button>" in paused
    assert ">Pause</button>" in press("resume")
    assert "Cancelled" in press("cancel")
    assert "already come to an end" in press("pause")
    reading.refresh_from_db()
    assert reading.state == "cancelled"


def test_readers_have_no_buttons(auditor: User, reading: ScanRun, client_as: SignIn) -> None:
    page = client_as(auditor).get(reverse("scanning:run", args=[reading.pk])).content.decode()
    assert "300 of 1,200 files read" in page
    assert "<button" not in page[page.index('id="run-live"') :]


def test_the_list_shows_only_what_was_given(
    admin: User, reading: ScanRun, client_as: SignIn, other_admin: User
) -> None:
    url = reverse("scanning:runs")
    page = client_as(admin).get(url, {"library": str(reading.library_id)}).content.decode()
    assert "Land registry" in page
    assert "5,000" in page
    assert "No scans yet" in client_as(other_admin).get(url).content.decode()


def test_guards(reading: ScanRun, library: Library, reviewer: User, other_admin: User) -> None:
    nobody = User.objects.create_user("nobody")
    LibraryAccess.objects.create(library=library, user=nobody)
    for name in ("run", "run_progress"):
        url = reverse(f"scanning:{name}", args=[reading.pk])
        assert_guarded(url, wrong_role=nobody, stranger=other_admin)
    assert_guarded(reverse("scanning:runs"), wrong_role=nobody, stranger=None)
    for name in ("run_pause", "run_resume", "run_cancel"):
        url = reverse(f"scanning:{name}", args=[reading.pk])
        assert_guarded(url, wrong_role=reviewer, stranger=other_admin, method="post")
    reading.refresh_from_db()
    assert (reading.state, reading.is_paused) == ("reading", False)
