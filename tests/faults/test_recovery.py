"""Workers are killed, stopped and doubled, Redis is emptied: the tables end up the same."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from celery import current_app
from django.db.models import Sum

from scanning.models import Chunk, ScanRun
from scanning.tasks import work_chunk
from scanning.workers import worker
from tests.scans import Tables, broker, follow, messages, tables, until

# So that a busy machine gives the watching test its turn before the work is all done.
POLITELY = ("nice", "-n", "19")
PHASES = list(ScanRun.ACTIVE)


def files_done(run: ScanRun) -> int:
    return int(Chunk.objects.filter(run=run).aggregate(n=Sum("files_done", default=0))["n"])


def wait_for_files(run: ScanRun, wanted: int) -> None:
    until(lambda: files_done(run) >= wanted, f"{wanted} files to be read")


def wait_for_phase(run: ScanRun, phase: str) -> None:
    """Until the run has come to this phase, or beyond it."""
    earlier = PHASES[: PHASES.index(ScanRun.State(phase))]
    follow(run, lambda: run.state not in earlier)


def stop_with_work_in_hand(running: subprocess.Popen[bytes], run: ScanRun) -> None:
    """Stop all processes of the worker while one of them holds a chunk, or after the last one."""

    def stopped() -> bool:
        os.killpg(running.pid, signal.SIGSTOP)
        run.refresh_from_db()
        if not run.is_active or Chunk.objects.filter(run=run, state="leased").exists():
            return True
        os.killpg(running.pid, signal.SIGCONT)
        return False

    until(stopped, "a worker to hold a chunk")


def decoders_of(worker: int) -> list[int]:
    """The decoding children of a worker's processes."""
    parents, commands = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            commands[int(process.name)] = (process / "cmdline").read_bytes()
            after_name = (process / "stat").read_text().rpartition(")")[2]
            parents[int(process.name)] = int(after_name.split()[1])
    return [
        pid
        for pid, parent in parents.items()
        if b"scanning.engine.decoding.child" in commands[pid] and parents.get(parent) == worker
    ]


def assert_undisturbed(run: ScanRun, undisturbed: Tables) -> None:
    """The run has finished, counted each file once, and left the right tables behind."""
    assert (run.state, run.error) == ("finished", "")
    assert files_done(run) == run.files_found == 150
    found = tables()
    for name, rows in undisturbed.items():
        assert found[name] == rows, name


def test_the_undisturbed_scan_has_something_to_lose(undisturbed: Tables) -> None:
    assert {name: len(rows) for name, rows in undisturbed.items()} == {
        "source files": 150,
        "pictures": 126,
        "fingerprints": len(undisturbed["fingerprints"]),
        "pairs": 38,
        "findings": 38,
    }


def test_workers_are_killed_in_every_phase(listed: ScanRun, undisturbed: Tables) -> None:
    def kill_worker(after: Callable[[], None]) -> None:
        with worker(2, under=POLITELY) as killed:
            after()
            stop_with_work_in_hand(killed, listed)
            os.killpg(killed.pid, signal.SIGKILL)
            killed.wait()

    kill_worker(partial(wait_for_files, listed, 20))
    assert 20 <= files_done(listed) < 150
    kill_worker(partial(wait_for_phase, listed, "matching"))
    kill_worker(partial(wait_for_phase, listed, "comparing"))
    with worker(2):
        follow(listed)
    assert_undisturbed(listed, undisturbed)


def test_redis_is_emptied(listed: ScanRun, undisturbed: Tables) -> None:
    with worker(1, under=POLITELY):
        wait_for_files(listed, 20)
        assert messages()
        with broker() as queue:
            queue.flushdb()
        assert 20 <= files_done(listed) < 150
        follow(listed)
    assert_undisturbed(listed, undisturbed)


def test_every_message_is_delivered_twice(
    listed: ScanRun, undisturbed: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "600")  # nobody loses a chunk because of being slow
    with broker() as queue:
        for key in queue.scan_iter("celery*", _type="list"):
            items = queue.lrange(key, 0, -1)
            queue.delete(key)
            queue.rpush(key, *(item for item in items for _time in range(2)))
    assert len(messages()) == 2 * Chunk.objects.filter(run=listed, kind="read").count()
    with worker(2):
        for phase in ("matching", "comparing"):
            wait_for_phase(listed, phase)
            for chunk in Chunk.objects.filter(run=listed):
                work_chunk.apply_async((chunk.pk,))
                work_chunk.apply_async((chunk.pk,))
        follow(listed)
    assert_undisturbed(listed, undisturbed)
    assert set(Chunk.objects.filter(run=listed).values_list("token", flat=True)) == {1}


def test_a_worker_that_sleeps_past_its_lease(listed: ScanRun, undisturbed: Tables) -> None:
    with worker(1, under=POLITELY) as sleeper:
        wait_for_files(listed, 20)
        stop_with_work_in_hand(sleeper, listed)
        try:
            slept = Chunk.objects.filter(run=listed, state="leased").values_list("pk", "token")
            held = dict(slept)
            assert held
            with worker(1):
                follow(listed)
            assert_undisturbed(listed, undisturbed)
        finally:
            os.killpg(sleeper.pid, signal.SIGCONT)
        until(is_idle, "the sleeper to notice that all is done")
        assert_undisturbed(listed, undisturbed)
    for pk, token in held.items():
        assert Chunk.objects.get(pk=pk).token > token


def is_idle() -> bool:
    """Whether a worker answers that it does nothing."""
    active = current_app.control.inspect(timeout=1, limit=1).active()
    return active is not None and not any(active.values())


def test_decoding_children_are_killed(listed: ScanRun, undisturbed: Tables) -> None:
    killed = set()
    with worker(1, under=POLITELY) as running:
        # Each child has read some pictures before it is killed: those were not to blame.
        for wanted in count(20, 30):
            wait_for_files(listed, wanted)
            if wanted > 80:
                break
            [pid] = until(partial(decoders_of, running.pid), "a decoding child")
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        follow(listed)
    assert len(killed) == 3
    assert_undisturbed(listed, undisturbed)
