"""The ledger: one worker for a chunk at a time, nothing lost, nothing written too late."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import DjangoCaptureOnCommitCallbacks

from scanning.models import Chunk, Library, ScanRun, SourceFile
from scanning.services import ledger, reading, walking
from scanning.services.ledger import AHEAD, LEASE, REPUBLISH_AFTER, LostLease
from tests.library_pictures import scene, write
from tests.scans import broker, claimed, files_of, messages, started, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(library: Library) -> ScanRun:
    """A run whose only chunk, the walk, is ready."""
    return started(library)


@pytest.fixture
def chunk(run: ScanRun) -> Chunk:
    return Chunk.objects.get(run=run)


@pytest.fixture
def empty_broker() -> Iterator[None]:
    with broker() as connection:
        connection.flushdb()
        yield
        connection.flushdb()


def let_time_pass(chunk: Chunk, how_long: timedelta) -> None:
    """The chunk's lease and its publication lie this much further back."""
    Chunk.objects.filter(pk=chunk.pk).update(
        lease_until=F("lease_until") - how_long, published_at=F("published_at") - how_long
    )


def add_ready(run: ScanRun, count: int) -> None:
    ledger.add_chunks(run, Chunk.Kind.READ, [{} for _number in range(count)])


# Claiming


def test_a_chunk_is_claimed_once(chunk: Chunk) -> None:
    ours = claimed(chunk)
    assert (ours.state, ours.token, ours.attempts) == ("leased", 1, 1)
    assert ours.lease_owner == ledger.worker_name()
    assert ledger.claim(chunk.pk) is None
    assert Chunk.objects.filter(
        pk=chunk.pk,
        lease_until__gt=Now() + LEASE - timedelta(seconds=10),
        lease_until__lte=Now() + LEASE,
    ).exists()


@pytest.mark.parametrize("state", ["leased", "done", "failed"])
def test_what_is_not_ready_cannot_be_claimed(chunk: Chunk, state: str) -> None:
    Chunk.objects.update(state=state)
    assert ledger.claim(chunk.pk) is None


@pytest.mark.parametrize(
    "fields", [{"is_paused": True}, {"state": "cancelled"}, {"state": "failed"}]
)
def test_a_run_that_stands_still_gives_out_no_chunks(
    run: ScanRun, chunk: Chunk, fields: dict[str, str]
) -> None:
    ScanRun.objects.update(**fields)
    assert ledger.claim(chunk.pk) is None


def test_a_message_about_no_chunk_is_no_trouble() -> None:
    assert ledger.claim(987_654_321) is None


# Fencing


def test_a_holder_prolongs_its_lease(chunk: Chunk) -> None:
    ours = claimed(chunk)
    let_time_pass(chunk, LEASE / 2)
    ledger.keep(ours)
    assert Chunk.objects.filter(lease_until__gt=Now() + LEASE - timedelta(seconds=10)).exists()


@pytest.fixture
def sleeper(chunk: Chunk) -> Chunk:
    """The chunk of a worker that slept past its lease, while another one took the chunk."""
    slept = claimed(chunk)
    let_time_pass(chunk, LEASE * 2)
    assert ledger.recover_lapsed() == 1
    assert claimed(chunk).token == slept.token + 1
    return slept


@pytest.mark.parametrize("write", [ledger.hold, ledger.keep])
def test_who_slept_past_the_lease_may_not_write(
    sleeper: Chunk, write: Callable[[Chunk], object]
) -> None:
    before = Chunk.objects.values().get()
    with pytest.raises(LostLease):
        write(sleeper)
    assert Chunk.objects.values().get() == before


@pytest.mark.parametrize("end", [ledger.give_back, ledger.put_down])
def test_who_slept_past_the_lease_does_not_take_it_from_the_next(
    sleeper: Chunk, end: Callable[[Chunk], object]
) -> None:
    before = Chunk.objects.values().get()
    end(sleeper)
    assert Chunk.objects.values().get() == before


def test_a_walk_that_slept_changes_nothing(sleeper: Chunk, library: Library) -> None:
    write(scene(1), Path(library.root) / "a.jpg")
    with pytest.raises(LostLease):
        walking.walk(sleeper)
    assert files_of(library) == {}


def test_a_reading_that_slept_changes_nothing(library: Library) -> None:
    write(scene(1), Path(library.root) / "a.jpg")
    run = started(library)
    walking.walk(claimed(Chunk.objects.get(run=run)))
    slept = claimed(Chunk.objects.get(run=run, kind="read"))
    let_time_pass(slept, LEASE * 2)
    ledger.recover_lapsed()
    with pytest.raises(LostLease):
        reading.read(slept)
    assert files_of(library)["a.jpg"].state == SourceFile.State.PENDING
    assert work_off(run).state == ScanRun.State.FINISHED
    assert files_of(library)["a.jpg"].state == SourceFile.State.READ


def test_an_ended_run_takes_its_chunks_away(run: ScanRun, chunk: Chunk) -> None:
    ours = claimed(chunk)
    ledger.take_away(run.pk)
    with pytest.raises(LostLease):
        ledger.hold(ours)
    chunk.refresh_from_db()
    assert (chunk.state, chunk.token) == ("ready", ours.token + 1)


# Giving back and recovering


def test_a_chunk_given_back_after_trouble_counts_the_attempt(chunk: Chunk) -> None:
    ledger.give_back(claimed(chunk))
    again = claimed(chunk)
    assert (again.token, again.attempts) == (2, 2)


def test_a_chunk_put_down_counts_no_attempt(chunk: Chunk) -> None:
    ledger.put_down(claimed(chunk))
    again = claimed(chunk)
    assert (again.token, again.attempts) == (2, 1)


def test_only_lapsed_leases_are_recovered(chunk: Chunk) -> None:
    claimed(chunk)
    assert ledger.recover_lapsed() == 0
    let_time_pass(chunk, LEASE - timedelta(seconds=10))
    assert ledger.recover_lapsed() == 0
    let_time_pass(chunk, timedelta(seconds=11))
    assert ledger.recover_lapsed() == 1
    chunk.refresh_from_db()
    assert (chunk.state, chunk.lease_owner, chunk.lease_until) == ("ready", "", None)


def test_long_work_keeps_its_lease(chunk: Chunk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LEASE", timedelta(seconds=0.2))
    keep = ledger.LeaseKeeper(claimed(chunk))
    end = time.monotonic() + 1
    while time.monotonic() < end:
        keep()
    Chunk.objects.update(token=F("token") + 1)
    time.sleep(0.1)
    with pytest.raises(LostLease):
        keep()


# Publishing


def test_a_message_is_sent_when_the_transaction_is_committed(
    library: Library,
    empty_broker: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = started(library)
        assert messages() == []
    assert messages() == [Chunk.objects.get(run=run).pk]


def test_a_forgotten_chunk_is_published_again(
    chunk: Chunk,
    empty_broker: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def republished() -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return ledger.republish_forgotten()

    assert republished() == 0
    let_time_pass(chunk, REPUBLISH_AFTER + timedelta(seconds=1))
    assert republished() == 1
    assert messages() == [chunk.pk]
    assert republished() == 0
    claimed(chunk)
    let_time_pass(chunk, REPUBLISH_AFTER * 2)
    assert republished() == 0


def test_a_long_run_keeps_no_more_than_some_messages_waiting(
    run: ScanRun,
    empty_broker: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        add_ready(run, AHEAD + 50)
    ids = list(
        Chunk.objects.filter(run=run, kind="read").order_by("ordinal").values_list("pk", flat=True)
    )
    assert messages() == ids[:AHEAD]
    with django_capture_on_commit_callbacks(execute=True):
        ledger.publish_next(run.pk)
        ledger.publish_next(run.pk)
    assert messages() == ids[: AHEAD + 2]
    # While all workers are busy, any number of sweeps adds nothing.
    Chunk.objects.update(published_at=F("published_at") - REPUBLISH_AFTER * 2)
    with django_capture_on_commit_callbacks(execute=True):
        assert ledger.republish_forgotten() == 0
    # A broker that lost everything is filled again, with what waited longest first.
    with broker() as connection:
        connection.flushdb()
    with django_capture_on_commit_callbacks(execute=True):
        assert ledger.republish_forgotten() == AHEAD
    assert len(messages()) == AHEAD


def test_the_last_chunk_has_no_next(
    run: ScanRun,
    empty_broker: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ledger.publish_next(run.pk)
    assert messages() == []


def test_a_broker_that_is_away_is_no_error(
    library: Library,
    broker_is_away: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = started(library)
    let_time_pass(Chunk.objects.get(run=run), REPUBLISH_AFTER * 2)
    assert ledger.republish_forgotten() == 0
    assert work_off(run).state == ScanRun.State.FINISHED
