"""Makes the labelled library: which original gets which copies, the files, and the truth table."""

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from tests.bench.labelled import domains, transforms
from tests.bench.labelled.domains import Half, Original, Size

# Raise it whenever the same arguments would make other pictures.
REVISION: Final = 3
COLUMNS: Final = ("path", "origin", "transform", "domain", "differs_from", "difference")
# A second scan is what happens to paper: it gets three of 24 places there, not one of 22.
RESCANS: Final = 3
QUALITY: Final = 88


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the truth table."""

    path: str
    origin: str
    transform: str
    domain: str
    differs_from: str = ""
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One original and the copies to make of it."""

    folder: Path
    original: Original
    copies: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """A library on disk."""

    pictures: Path
    truth: Path


def labelled_library(
    out: Path,
    *,
    half: Half,
    size: Size,
    seed: int,
    processes: int,
    say: Callable[[str], None],
) -> Labelled:
    """The library of these arguments in `out`; made once, a complete one is used again."""
    present = [name for name in domains.PLANS[size] if not domains.missing(name)]
    for name in domains.PLANS[size]:
        if reason := domains.missing(name):
            say(f"Left out: {name}, {reason}.")
    library = Labelled(out / "pictures", out / "truth.csv")
    stamp = out / "complete.json"
    wanted = json.dumps([REVISION, half, size, seed, present])
    if stamp.is_file() and stamp.read_text() == wanted:
        return library
    stamp.unlink(missing_ok=True)
    shutil.rmtree(library.pictures, ignore_errors=True)
    for name in present:
        (library.pictures / name).mkdir(parents=True)
    tasks = [task for name in present for task in _tasks(library.pictures, name, half, size, seed)]
    say(f"Making the labelled library ({half}, {size}): {len(tasks)} originals …")
    with Pool(processes) as pool:
        rows = [row for made in pool.imap(_make, tasks, chunksize=4) for row in made]
    with library.truth.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    stamp.write_text(wanted)
    return library


def _tasks(folder: Path, domain: str, half: Half, size: Size, seed: int) -> Iterator[Task]:
    originals = domains.originals(domain, half, size, seed)
    each = domains.PLANS[size][domain].copies
    for original, copies in zip(originals, shares(domain, len(originals), each, seed), strict=True):
        yield Task(folder, original, copies, seed)


def shares(domain: str, originals: int, copies: int, seed: int) -> list[tuple[str, ...]]:
    """Which transforms each original gets: round after round, each round in another order.

    So every transform is used equally often, and no two of them always meet.
    """
    names = list(transforms.ANY)
    if domain in domains.PAPER:
        names += [name for name in transforms.FOR_PAPER for _ in range(RESCANS)]
    random = np.random.default_rng([seed, *domain.encode()])
    slots: list[str] = []
    while len(slots) < originals * copies:
        slots += [names[place] for place in random.permutation(len(names))]
    cut = [slots[copies * number : copies * (number + 1)] for number in range(originals)]
    return [tuple(dict.fromkeys(share)) for share in cut]


def _make(task: Task) -> list[Row]:
    original = task.original
    data = original.encoded()
    path = f"{original.domain}/{original.name}{original.ending}"
    (task.folder / path).write_bytes(data)
    details = (original.differs_from, original.difference)
    rows = [Row(path, original.origin, "original", original.domain, *details)]
    for name in task.copies:
        random = np.random.default_rng([task.seed, *original.origin.encode(), *name.encode()])
        copy, ending = made(original, data, name, random)
        path = f"{original.domain}/{original.name}-{name}{ending}"
        (task.folder / path).write_bytes(copy)
        rows.append(Row(path, original.origin, name, original.domain))
    return rows


def made(
    original: Original, data: bytes, transform: str, random: transforms.Random
) -> tuple[bytes, str]:
    """The bytes of one copy of an original whose own are `data`, and the ending of its name."""
    if transform == "same_bytes":
        return data, original.ending
    picture = original.picture()
    if transform == "jpeg_25":
        return _saved(picture, "JPEG", quality=25), ".jpg"
    if transform == "container":
        if random.integers(2):
            return _saved(picture, "WEBP", quality=80), ".webp"
        other = "JPEG" if original.ending == ".png" else "PNG"
        return _saved(picture, other), ".jpg" if other == "JPEG" else ".png"
    changed = transforms.PICTURES[transform](picture, random)
    quality = int(random.integers(60, 91)) if transform == "rescan" else QUALITY
    return _saved(changed, "JPEG", quality=quality), ".jpg"


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
