"""Speed of the main job, beside the loop that a user would write with the same library."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Final

import imagehash
from PIL import Image

from scanning.labelled.job import Measured, measured
from scanning.labelled.memory import PeakMemory
from scanning.labelled.tables import markdown
from tests.bench.labelled_part import say
from tests.bench.mixed import mixed_library
from tests.bench.photos import photo_library
from tests.bench.report import Section, Setting

MIXED: Final = {"full": 4000, "small": 200}
PHOTOS: Final = {"full": 1000, "small": 100}


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


def speed(setting: Setting) -> Section:
    """The part of `make bench`."""
    mixed = mixed_library(
        setting.data / f"mixed-{setting.size}", MIXED[setting.size], setting.processes, say
    )
    photos = photo_library(
        setting.data / f"photos-{setting.size}", PHOTOS[setting.size], setting.processes
    )
    rows = _rows(mixed, setting)
    text = [
        f"{_described(mixed)}, mixed, of 1 to 2 megapixels:",
        _table(rows),
        f"{_described(photos)}, generated photographs of 0.3 to 12 megapixels:",
        _table(_rows(photos, setting)),
    ]
    reached = {"reading": rows[1].rate, "main job": rows[2].rate, "plain reading": rows[0].rate}
    return Section("\n\n".join(text), reached)


def _rows(folder: Path, setting: Setting) -> list[Row]:
    paths = _files(folder)
    for path in paths:
        path.read_bytes()
    say("The plain loop …")
    plain = _plain_loop(paths, setting.processes)
    say("The main job …")
    job = measured(folder, say=say, numba_cache=setting.numba_cache)
    return [plain, _reading(job), _whole(job)]


def _plain_loop(paths: Sequence[Path], processes: int) -> Row:
    with PeakMemory() as memory:
        started = time.perf_counter()
        with Pool(processes) as pool:
            hashes = pool.map(_hash, paths, chunksize=8)
        seconds = time.perf_counter() - started
    found = f"{len(hashes)} hashes, nothing stored, nothing compared"
    return Row("plain `imagehash.phash` loop", seconds, len(hashes), memory.peak, found)


def _hash(path: Path) -> str:
    with Image.open(path) as image:
        return str(imagehash.phash(image))


def _reading(job: Measured) -> Row:
    """From the first file listed until the comparison begins; the poll adds 0.2 s at most."""
    started = job.phases.get("listing files", job.phases.get("reading pictures", 0.0))
    ended = job.phases.get("comparing", job.seconds)
    found = f"{job.answer['pictures']} pictures, fingerprints and candidates in Postgres"
    name = "of it: list, read, fingerprint, store, join"
    return Row(name, ended - started, job.answer["files"], job.memory, found)


def _whole(job: Measured) -> Row:
    pairs = ", ".join(f"{count} {tier}" for tier, count in job.answer["pairs"].items() if count)
    found = f"pairs: {pairs}; the scan alone {job.answer['seconds']:.0f} s"
    return Row("Second Look, the main job", job.seconds, job.answer["files"], job.memory, found)


def _table(rows: list[Row]) -> str:
    heading = ["", "seconds", "files/s", "times the plain loop", "peak memory", "result"]
    return markdown(
        heading,
        [
            [
                row.name,
                f"{row.seconds:.1f}",
                f"{row.rate:.0f}",
                f"{row.rate / rows[0].rate:.1f}",
                f"{row.memory / 2**20:.0f} MB",
                row.found,
            ]
            for row in rows
        ],
    )


def _described(folder: Path) -> str:
    paths = _files(folder)
    return f"{len(paths)} files, {sum(path.stat().st_size for path in paths) / 1e9:.2f} GB"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
