"""Work of the executor in a process that strace watches, and in which it makes calls fail."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# What touches files or their names; a question mark where a processor lacks the call.
CALLS = (
    "?openat,?fstat,?newfstatat,?pread64,?renameat2,?mkdirat,?unlinkat,?symlinkat,?readlinkat,"
    "?write,?fsync"
)
CALL = re.compile(r"^(\w+)\(")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens instead of, or at, the `when`-th of these calls."""

    call: str
    when: int
    what: str

    def __str__(self) -> str:
        return f"{self.what} at {self.call} {self.when}"

    @property
    def argument(self) -> str:
        how = "signal=KILL" if self.what == "SIGKILL" else f"error={self.what}"
        return f"inject={self.call}:{how}:when={self.when}"


@dataclass(slots=True)
class Executor:
    """Carries out work in children of a process that has everything loaded."""

    process: subprocess.Popen[str]
    traces: Path
    status: int = field(default=0)

    def run(
        self,
        work: str,
        number: int,
        watched: Iterable[Path],
        fault: Fault | None = None,
        calls: str = CALLS,
    ) -> list[str]:
        """Do it under strace; the names of these calls that concerned the paths, in order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{work} {number}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        strace = ["strace", "-p", str(pid), "-o", str(self.traces), "-e", f"trace={calls}"]
        for path in watched:
            strace += ["-P", str(path)]
        if fault is not None:
            strace += ["-e", fault.argument]
        with subprocess.Popen(strace, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            said = []
            for line in tracer.stderr:
                said.append(line)
                if "attached" in line:
                    break
            else:
                os.kill(pid, signal.SIGKILL)
                self.process.stdout.readline()
                cannot_trace("".join(said))
            os.kill(pid, signal.SIGCONT)
            tracer.stderr.read()
        self.status = int(self.process.stdout.readline())
        found = map(CALL.match, self.traces.read_text().splitlines())
        return [call[1] for call in found if call]


def each(calls: list[str], *what: str, only: str = "") -> list[Fault]:
    """A fault for each of these calls (`only` some), by its number among those of its name."""
    wanted = only.split()
    return [
        Fault(call, number, kind)
        for call, count in sorted(Counter(calls).items())
        if not wanted or call in wanted
        for number in range(1, count + 1)
        for kind in what
    ]


def cannot_trace(why: str) -> None:
    """These tests need strace: they fail without it where nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(f"strace cannot trace here: {why}")
    pytest.skip(f"strace cannot trace here: {why}")


@contextmanager
def executor(folder: Path) -> Iterator[Executor]:
    """A loaded executor, with the database and the libraries of this process."""
    if shutil.which("strace") is None:
        cannot_trace("it is not installed")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.executor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "dedup_site.settings"},
    ) as process:
        try:
            yield Executor(process, folder / "trace")
        finally:
            assert process.stdin is not None
            process.stdin.close()
