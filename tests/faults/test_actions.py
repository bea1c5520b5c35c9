"""The executor is killed, and the file system fails it: files and ledger agree, nothing is lost.

`make test` tries the calls that move files; `make test-long` each call, and the database's too.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.action_runs import JOBS, Job, reconciled, recover
from tests.faults.tracing import Executor, Fault, each, executor

# What changes something on the disk, and may find no room there.
CHANGING = "mkdirat renameat2 symlinkat unlinkat write fsync"
WORKS = [("carry_out", "pointer"), ("restore", "pointer"), ("purge", "delete")]


@pytest.fixture
def carries_out(real_database: str, tmp_path: Path) -> Iterator[Executor]:
    with executor(tmp_path) as running:
        yield running


def do(running: Executor, job: Job, fault: Fault) -> None:
    """Let the executor do all of the job; the fault comes in each of its processes."""
    for number in job.numbers:
        running.run(job.work, number, job.watched, fault)


def calls_of(running: Executor, folder: Path, work: str, action: str) -> list[str]:
    """The calls of one process of the job when nothing happens to it."""
    job = JOBS[work](folder, action)
    found = [running.run(job.work, number, job.watched) for number in job.numbers]
    assert running.status == 0
    assert reconciled(job.plan) == []
    return max(found, key=len)


def wrong_after(
    running: Executor, folder: Path, work: str, action: str, faults: list[Fault]
) -> list[str]:
    """What is wrong after each of the faults and the recovery from it."""
    found = []
    for fault in faults:
        job = JOBS[work](folder, action)
        do(running, job, fault)
        recover(job.plan)
        found += [f"{work} {action}, {fault}: {what}" for what in reconciled(job.plan)]
    return found


@pytest.mark.parametrize(
    ("work", "action", "only"),
    [
        ("carry_out", "pointer", "renameat2"),
        ("restore", "symlink", "renameat2"),
        ("purge", "delete", "unlinkat"),
    ],
)
def test_killed_where_files_move(
    carries_out: Executor, tmp_path: Path, work: str, action: str, only: str
) -> None:
    calls = calls_of(carries_out, tmp_path, work, action)
    faults = each(calls, "SIGKILL", only=only)
    assert faults
    assert wrong_after(carries_out, tmp_path, work, action, faults) == []


@pytest.mark.parametrize("what", ["ENOSPC", "EIO", "EXDEV"])
def test_the_disk_refuses_the_move(carries_out: Executor, tmp_path: Path, what: str) -> None:
    """The second rename is the first file's: the one before only tries the folder out."""
    job = JOBS["carry_out"](tmp_path, "delete")
    do(carries_out, job, Fault("renameat2", 2, what))
    outcome = {"ENOSPC": "disk_full", "EIO": "disk_error", "EXDEV": "other_file_system"}[what]
    items = job.plan.items.filter(fate="act").order_by("pk")
    assert list(items.values_list("state", "outcome")) == [
        ("skipped", outcome),
        ("quarantined", ""),
    ]
    assert reconciled(job.plan) == []


@pytest.mark.long
@pytest.mark.parametrize(("work", "action"), WORKS)
def test_each_call_on_files(carries_out: Executor, tmp_path: Path, work: str, action: str) -> None:
    calls = calls_of(carries_out, tmp_path, work, action)
    faults = each(calls, "EIO")
    faults += each(calls, "SIGKILL", "ENOSPC", only=CHANGING)
    faults += each(calls, "SIGKILL", only="pread64")  # between two of them files are as they were
    assert len(faults) > 20
    assert wrong_after(carries_out, tmp_path, work, action, faults) == []


@pytest.mark.long
@pytest.mark.parametrize("work", ["carry_out", "restore"])
def test_each_call_that_makes_or_removes_a_link(
    carries_out: Executor, tmp_path: Path, work: str
) -> None:
    calls = calls_of(carries_out, tmp_path, work, "symlink")
    faults = each(calls, "SIGKILL", "EIO", only="renameat2 symlinkat unlinkat readlinkat")
    assert faults
    assert wrong_after(carries_out, tmp_path, work, "symlink", faults) == []


@pytest.mark.long
@pytest.mark.parametrize(("work", "action"), [("carry_out", "pointer"), ("purge", "delete")])
def test_killed_whenever_it_speaks_to_the_database(
    carries_out: Executor, tmp_path: Path, work: str, action: str
) -> None:
    """At every third message."""
    job = JOBS[work](tmp_path, action)
    calls = [carries_out.run(job.work, number, (), calls="sendto") for number in job.numbers]
    assert reconciled(job.plan) == []
    found = []
    for fault in each(max(calls, key=len), "SIGKILL")[::3]:
        job = JOBS[work](tmp_path, action)
        for number in job.numbers:
            carries_out.run(job.work, number, (), fault, calls="sendto")
        recover(job.plan)
        found += [f"{fault}: {what}" for what in reconciled(job.plan)]
    assert found == []
