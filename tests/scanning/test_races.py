"""Several workers, schedulers or people at the same moment, each with a connection of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from dedup_site.accounts.roles import Role
from scanning.models import Chunk, ScanRun
from scanning.services import ledger
from scanning.services.runs import RunStateError, advance, cancel_run, start_due_runs, start_run
from scanning.tasks import work_chunk
from tests.conftest import make_user
from tests.scans import actions, at_once, claimed, job_of, make_library, started, until


def test_many_workers_claim_one_chunk_once(real_database: str, tmp_path: Path) -> None:
    run = started(make_library(tmp_path / "library"))
    for ordinal in range(20):
        chunk = Chunk.objects.create(run=run, kind="read", ordinal=ordinal)
        claims = at_once(*[partial(ledger.claim, chunk.pk)] * 4)
        assert [ours.token for ours in claims if ours] == [1]


def test_two_workers_advance_a_run_once(real_database: str, tmp_path: Path) -> None:
    run = started(make_library(tmp_path / "library"))
    Chunk.objects.filter(run=run).update(state="done")
    ScanRun.objects.update(state="reading")
    at_once(*[partial(advance, run.pk)] * 4)
    assert Chunk.objects.filter(run=run, kind="match").count() == 1
    Chunk.objects.filter(run=run).update(state="done")
    at_once(*[partial(advance, run.pk)] * 4)
    assert actions(run) == ["scan_run.started", "scan_run.finished"]


def test_a_run_that_is_cancelled_in_the_last_moment_stays_cancelled(
    real_database: str, tmp_path: Path
) -> None:
    library = make_library(tmp_path / "library")
    admin = make_user("admin", Role.ADMIN, library)
    for _time in range(10):
        run = started(library)
        walk = partial(work_chunk, Chunk.objects.get(run=run).pk)
        at_once(walk, partial(cancel_run, run=run, actor=admin))
        run.refresh_from_db()
        assert run.state == "cancelled"
        assert actions(run) == ["scan_run.started", "scan_run.cancelled"]


def test_four_people_start_a_scan_at_once(real_database: str, tmp_path: Path) -> None:
    job = job_of(make_library(tmp_path / "library"))

    def start() -> bool:
        try:
            start_run(job=job, actor=None)
        except RunStateError:
            return False
        return True

    assert sorted(at_once(*[start] * 4)) == [False, False, False, True]
    assert ScanRun.objects.count() == Chunk.objects.count() == 1


def test_two_schedulers_start_a_job_once(real_database: str, tmp_path: Path) -> None:
    for number in range(3):
        library = make_library(tmp_path / str(number))
        due = timezone.now() - timedelta(minutes=1)
        job_of(library, schedule="hourly", next_run_at=due)
    assert sum(at_once(*[start_due_runs] * 4)) == 3
    assert ScanRun.objects.count() == 3


def test_a_worker_that_stops_inside_a_transaction_loses_it(
    real_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "LEASE", timedelta(seconds=1))
    run = started(make_library(tmp_path / "library"))
    recovered = threading.Event()

    def stop_inside() -> None:
        ours = claimed(Chunk.objects.get(run=run))
        try:
            with transaction.atomic():
                current = ledger.hold(ours)
                recovered.wait(60)
                current.save(update_fields=["lease_until"])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(stop_inside)
        try:
            until(ledger.recover_lapsed, "the chunk of the stopped worker")
        finally:
            recovered.set()
        with pytest.raises(DatabaseError, match="idle-in-transaction"):
            stopped.result()
    assert Chunk.objects.get(run=run).state == "ready"
