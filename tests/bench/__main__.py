"""`make bench`: the main job beside what a user would do instead, in one run, as one table."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import Pool
from pathlib import Path

import imagehash
from PIL import Image

from tests.bench.memory import PeakMemory
from tests.bench.photos import photo_library

ROOT = Path(__file__).resolve().parents[2]
TABLE_START, TABLE_END = "<!-- speed -->", "<!-- end of speed -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One way of doing it; memory in bytes."""

    name: str
    seconds: float
    files: int
    memory: int
    found: str

    @property
    def rate(self) -> float:
        return self.files / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--photos", type=int, default=2000, help="how many files (2000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmark.md")
    arguments = parser.parse_args()
    if arguments.photos < 10:
        parser.error("--photos: give 10 or more.")
    data = Path(os.environ.get("DATA_DIR", ROOT / "var")).resolve() / "bench"
    _say(f"Making {arguments.photos} photos (once) …")
    folder = photo_library(data / "photos", arguments.photos, arguments.processes)
    _warm(folder)
    plain = _row("plain `imagehash.phash` loop", lambda: _plain_loop(folder, arguments.processes))
    phases: dict[str, float] = {}
    ours = _row("Second Look, the main job", lambda: _main_job(folder, phases))
    reading = Row(
        "of it: list, read, fingerprint, store",
        phases["finding pairs"] - phases["listing files"],
        ours.files,
        ours.memory,
        "all fingerprints in Postgres",
    )
    table = _table([plain, reading, ours], arguments.processes, folder)
    print(table)
    if arguments.write:
        _write(table)


def _row(name: str, work: Callable[[], tuple[float, int, str]]) -> Row:
    _say(f"{name} …")
    with PeakMemory() as memory:
        seconds, files, found = work()
    return Row(name, seconds, files, memory.peak, found)


def _warm(folder: Path) -> None:
    """Read every file once, so that both ways find them in the page cache."""
    for path in folder.rglob("*.jpg"):
        path.read_bytes()


def _hash(path: Path) -> str:
    with Image.open(path) as image:
        return str(imagehash.phash(image))


def _plain_loop(folder: Path, processes: int) -> tuple[float, int, str]:
    paths = sorted(folder.rglob("*.jpg"))
    started = time.perf_counter()
    with Pool(processes) as pool:
        hashes = pool.map(_hash, paths, chunksize=8)
    seconds = time.perf_counter() - started
    return seconds, len(hashes), f"{len(hashes)} hashes, nothing stored, nothing compared"


def _main_job(folder: Path, phases: dict[str, float]) -> tuple[float, int, str]:
    """`manage.py quickstart` on a new database; the time is that of the whole command.

    `phases` takes the time at which each phase was first told of.
    """
    with tempfile.TemporaryDirectory(prefix="second-look-bench-") as data:
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "REDIS_URL", "LIBRARY_ROOTS")
        } | {
            "DATA_DIR": data,
            "LOG_LEVEL": "WARNING",
            # Compiled once per installation.
            "NUMBA_CACHE_DIR": str(folder.parent / "numba"),
        }
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "manage.py", "quickstart", str(folder), "--no-serve", "--json"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as command:
            if command.stderr is None or command.stdout is None:
                raise AssertionError("both are pipes")
            told = []
            for line in command.stderr:
                told.append(line)
                for phase in ("listing files", "finding pairs"):
                    if phase in line:
                        phases.setdefault(phase, time.perf_counter())
            output = command.stdout.read()
        seconds = time.perf_counter() - started
        if command.returncode:
            raise SystemExit(f"quickstart failed:\n{''.join(told)[-2000:]}")
    answer = json.loads(output.splitlines()[-1])
    pairs = ", ".join(f"{count} {tier}" for tier, count in answer["pairs"].items() if count)
    return (
        seconds,
        answer["files"],
        f"{answer['pictures']} pictures, pairs: {pairs}; the scan alone {answer['seconds']:.0f} s",
    )


def _table(rows: list[Row], processes: int, folder: Path) -> str:
    """The measurement as Markdown, with the machine and the versions."""
    paths = list(folder.rglob("*.jpg"))
    gigabytes = sum(path.stat().st_size for path in paths) / 1e9
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("pillow", "imagehash", "django", "celery", "numba")
    )
    machine = f"{processes} processes; {_processor()}; Python {platform.python_version()}"
    heading = f"{len(paths)} generated photographs of 0.3 to 12 megapixels, {gigabytes:.2f} GB"
    lines = [
        f"{heading}; {machine}, {versions}.",
        "",
        "| | seconds | files/s | times the plain loop | peak memory | result |",
        "|---|---:|---:|---:|---:|---|",
    ]
    lines += [
        f"| {row.name} | {row.seconds:.1f} | {row.rate:.0f} | "
        f"{row.rate / rows[0].rate:.1f} | {row.memory / 2**20:.0f} MB | {row.found} |"
        for row in rows
    ]
    return "\n".join(lines)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} × {names[0]}" if names else platform.machine()


def _write(table: str) -> None:
    page = ROOT / "docs" / "benchmark.md"
    text = page.read_text(encoding="utf-8")
    before, _start, rest = text.partition(TABLE_START)
    _old, _end, after = rest.partition(TABLE_END)
    page.write_text(f"{before}{TABLE_START}\n{table}\n{TABLE_END}{after}", encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
