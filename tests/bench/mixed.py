"""The library for measuring speed: pictures of 1 to 2 megapixels of every domain, with copies.

Small source pictures are cut into parts that share nothing, enlarged, and given the grain of a
camera, so that a file costs what a photograph of that size costs. Where the shared pictures are
not here, generated scenes stand in for them.
"""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from multiprocessing import Pool
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from tests.bench.labelled import domains, records, transforms
from tests.bench.labelled.domains import Original
from tests.bench.photos import scene

# Raise it whenever the same arguments would make other pictures.
REVISION: Final = 1
SEED: Final = 7
# Shares of the originals, and into how many parts (across, down) a source picture is cut.
SHARES: Final = {"photos": 0.5, "products": 0.2, "xrays": 0.075, "scans": 0.05}
PARTS: Final = {"photos": (2, 2), "products": (1, 2), "xrays": (2, 1), "scans": (1, 1)}
COPIES: Final = 0.2
PNG: Final = 0.1
GRAIN: Final = 3.0
QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Part:
    """One original: a rectangle (as shares of its sides) of a source, or a scene where None."""

    domain: str
    source: Path | None
    box: tuple[float, float, float, float]
    number: int

    def drawn(self) -> Image.Image:
        """The picture at 1 to 2 megapixels."""
        random = np.random.default_rng([SEED, self.number])
        pixels = float(random.uniform(1.0e6, 2.0e6))
        if self.source is None:
            return scene([SEED, self.number], _sized(4, 3, pixels))
        with Image.open(self.source) as file:
            image = file.convert("L" if file.mode == "L" else "RGB")
            left, top, right, bottom = self.box
            part = image.crop(
                (
                    round(left * image.width),
                    round(top * image.height),
                    round(right * image.width),
                    round(bottom * image.height),
                )
            )
        large = part.resize(_sized(*part.size, pixels), Image.Resampling.BICUBIC)
        values = np.array(large, np.float32)
        grain = random.standard_normal(values.shape[:2], np.float32) * GRAIN
        values += grain if values.ndim == 2 else grain[..., None]
        return Image.fromarray(values.clip(0, 255).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Task:
    """One original's file and that of its copy, if it has one."""

    folder: Path
    part: Part | Original
    number: int
    copy: str


def mixed_library(folder: Path, count: int, processes: int, say: Callable[[str], None]) -> Path:
    """`count` files in `folder`, 20 % of them copies by all transforms in turn; made once."""
    present = [name for name in (*SHARES, domains.RENDERED) if not domains.missing(name)]
    stamp = folder.with_suffix(".json")
    wanted = json.dumps([REVISION, count, present])
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    say(f"Making {count} pictures of 1 to 2 megapixels (once) …")
    copies = round(count * COPIES)
    originals = list(_originals(count - copies, present))
    random = np.random.default_rng(SEED)
    copied = set(random.permutation(len(originals))[:copies].tolist())
    names = iter(transforms.ANY * (1 + copies // len(transforms.ANY)))
    tasks = [
        Task(folder, part, number, next(names) if number in copied else "")
        for number, part in enumerate(originals)
    ]
    for part in originals:
        (folder / part.domain).mkdir(parents=True, exist_ok=True)
    with Pool(processes) as pool:
        pool.map(_make, tasks, chunksize=8)
    stamp.write_text(wanted)
    return folder


def _originals(count: int, present: list[str]) -> Iterator[Part | Original]:
    """So many of each domain; what there are too few of is made up by generated scenes."""
    left = count
    for domain, share in SHARES.items():
        parts = list(_parts(domain))[: round(count * share)] if domain in present else []
        left -= len(parts)
        yield from parts
    if domains.RENDERED in present:
        forms = round(count * (1 - sum(SHARES.values())))
        left -= forms
        yield from (
            Original(domains.RENDERED, name, sheet)
            for name, sheet, _other, _difference in records.sheets("tune", forms, SEED)
        )
    yield from (Part("scenes", None, (0, 0, 1, 1), 100_000 + number) for number in range(left))


def _parts(domain: str) -> Iterator[Part]:
    across, down = PARTS[domain]
    folder = domains.DATA / domains.FOLDERS[domain]
    sources = sorted(path for path in folder.iterdir() if path.suffix in domains.ENDINGS)
    places = list(product(range(across), range(down)))
    for number, ((x, y), source) in enumerate(product(places, sources)):
        box = (x / across, y / down, (x + 1) / across, (y + 1) / down)
        yield Part(domain, source, box, number + 10_000 * list(PARTS).index(domain))


def _make(task: Task) -> None:
    random = np.random.default_rng([SEED, task.number, 1])
    part = task.part
    drawn = part.picture() if isinstance(part, Original) else part.drawn()
    is_png = random.random() < PNG
    data = _encoded(drawn, "PNG" if is_png else "JPEG", QUALITY)
    stem = task.folder / part.domain / f"{part.domain}-{task.number:05d}"
    stem.with_suffix(".png" if is_png else ".jpg").write_bytes(data)
    if not task.copy:
        return
    place = stem.with_name(f"{stem.name}-{task.copy}.jpg")
    if task.copy == "same_bytes":
        place.with_suffix(".png" if is_png else ".jpg").write_bytes(data)
    elif task.copy == "container":
        other = "JPEG" if is_png else "PNG"
        place.with_suffix(".jpg" if is_png else ".png").write_bytes(_encoded(drawn, other, QUALITY))
    elif task.copy == "jpeg_25":
        place.write_bytes(_encoded(drawn, "JPEG", 25))
    else:
        changed = transforms.PICTURES[task.copy](drawn, random)
        place.write_bytes(_encoded(changed, "JPEG", QUALITY))


def _sized(width: float, height: float, pixels: float) -> tuple[int, int]:
    scale = (pixels / (width * height)) ** 0.5
    return round(width * scale), round(height * scale)


def _encoded(picture: Image.Image, kind: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    options = {"quality": quality} if kind == "JPEG" else {"compress_level": 1}
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
