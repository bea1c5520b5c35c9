"""Child processes that do not outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_SECONDS = 10
POLL_SECONDS = 0.05
LAST_LINES = 15
# prctl(PR_SET_PDEATHSIG, SIGTERM): even a killed parent ends its children. Then the real program.
DIE_WITH_PARENT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"
)
WRAPPER = [sys.executable, "-I", "-S", "-c", DIE_WITH_PARENT] if sys.platform == "linux" else []


class ChildDied(Exception):
    """Says which process ended by itself, and the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[str]
    log: Path


class Children:
    """Processes watched together, and stopped together when the block ends.

    Each leads a session of its own: Ctrl-C in the terminal reaches only the parent, and whatever a
    child has started can be ended with it.
    """

    def __init__(self) -> None:
        self._running: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ask all to end, wait a little, end what is left of them."""
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._running:
            child.process.terminate()
        for child in self._running:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
            if child.process.stdout:
                child.process.stdout.close()
        self._running.clear()

    def start(self, name: str, command: Sequence[str], log: Path) -> None:
        """Start a process with its output in `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as output:
            process = subprocess.Popen(
                [*WRAPPER, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                text=True,
            )
        self._running.append(Child(name, process, log))

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Run a process to its end while watching the others: its exit code and standard output.

        What it writes to standard error is for the person at the terminal.
        """
        process = subprocess.Popen(
            [*WRAPPER, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        child = Child(Path(command[0]).name, process, Path(os.devnull))
        self._running.append(child)
        while True:
            with suppress(subprocess.TimeoutExpired):
                output, _errors = process.communicate(timeout=POLL_SECONDS)
                self._running.remove(child)
                return process.returncode, output
            self.check(but=child)

    def check(self, but: Child | None = None) -> None:
        """Raise ChildDied if one has ended."""
        for child in self._running:
            code = child.process.poll()
            if code is not None and child is not but:
                lines = child.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
                said = "\n".join(f"  {line}" for line in lines)
                raise ChildDied(
                    f"{child.name} ended by itself (exit code {code})."
                    f" The last lines of {child.log}:\n{said}"
                )

    def watch(self) -> None:
        """Wait until one has ended; raises ChildDied then, so it never returns."""
        while True:
            self.check()
            time.sleep(POLL_SECONDS)
