"""The pairs that the models of the comparison are fitted on, and the pictures they stand for.

Everything here follows from the labelled folder alone: the same folder gives the same pairs, and
each pair the same pixels, however many processes work on it.
"""

import csv
import io
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import imagehash
import numpy as np
from PIL import Image

from scanning.engine.comparison.prepared import Prepared, reduced
from tests.bench.labelled.transforms import Random, rescan, scaled

SKETCH: Final = 512  # px at which pictures that are no documents are compared
# Of each original, how many of the most similar other ones are wrong pairs. Films of one patient
# are the hardest, and there are few.
NEIGHBOURS: Final = {"xrays": 5}
# What is done to the two sheets that differ in one thing, and to two scans of one sheet.
SHEETS: Final = (
    ("", "resize_50"),
    ("", "resize_25"),
    ("rescan", "rescan"),
    ("rescan", "rescan jpeg_25"),
    ("rescan", "rescan resize_50"),
    ("rescan", "rescan resize_25"),
)
# What makes another picture of one.
CHANGES: Final = {"xrays": "breathed", "photos": "replaced"}
EACH: Final = 40  # pairs of one kind at most
EACH_COPY: Final = 8  # copies by one transform in one domain at most: they are easy


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files, what is done to each of them before, and whether they are the same."""

    left: Path
    right: Path
    kind: str
    same: bool
    after: tuple[str, str] = ("", "")


def chosen(folder: Path, only: list[str] | None) -> list[Pair]:
    """Pairs of a labelled folder, at most so many of each kind, always the same ones."""
    every = sorted(
        pairs(folder, only),
        key=lambda p: zlib.crc32(f"{p.left.name} {p.right.name} {p.kind}".encode()),
    )
    taken: Counter[tuple[str, str]] = Counter()
    result = []
    for pair in every:
        kind = pair.left.parent.name, pair.kind
        taken[kind] += 1
        if taken[kind] <= (EACH_COPY if pair.kind.startswith("copy ") else EACH):
            result.append(pair)
    return sorted(result, key=lambda p: (str(p.left), p.kind, str(p.right)))


def pairs(folder: Path, only: list[str] | None) -> Iterator[Pair]:
    """Every copy with its original; sheets that differ in one place; others of the same kind."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if not only or row["domain"] in only]
    pictures = folder / "pictures"
    original = {row["origin"]: row for row in rows if row["transform"] == "original"}
    for row in rows:
        base = pictures / original[row["origin"]]["path"]
        if row["transform"] not in ("original", "same_bytes"):
            yield Pair(base, pictures / row["path"], f"copy {row['transform']}", same=True)
        elif row["transform"] == "original" and row["differs_from"]:
            other = pictures / original[row["differs_from"]]["path"]
            for after in SHEETS:
                ways = " and ".join(way or "as it is" for way in after)
                yield Pair(other, base, f"{row['difference']}, {ways}", same=False, after=after)
                yield Pair(base, base, f"one sheet, {ways}", same=True, after=after)
    domains = defaultdict(list)
    for row in original.values():
        domains[row["domain"]].append(pictures / row["path"])
    for domain, paths in domains.items():
        yield from _of_one_kind(domain, paths)


def _of_one_kind(domain: str, paths: list[Path]) -> Iterator[Pair]:
    for left, right in nearest(paths, NEIGHBOURS.get(domain, 1)):
        yield Pair(left, right, "other", same=False)
        if domain in ("xrays", "scans"):
            yield Pair(left, right, "other, resize_25", same=False, after=("", "resize_25"))
    for path in paths:
        if domain == "scans":
            yield Pair(path, path, "one sheet, resize_25", same=True, after=("", "resize_25"))
        if domain in CHANGES:
            what = CHANGES[domain]
            yield Pair(path, path, what, same=False, after=("", what))


def nearest(paths: list[Path], count: int) -> Iterator[tuple[Path, Path]]:
    """Each of at most 250 pictures with the most similar ones of its kind."""
    paths = paths[:250]
    codes = np.array([imagehash.phash(Image.open(p), 16).hash.ravel() for p in paths])
    seen = set()
    for row, code in enumerate(codes):
        distances = (codes != code).sum(axis=1)
        distances[row] = codes.shape[1] + 1  # not itself
        for other in np.argsort(distances, kind="stable")[:count]:
            key = min(row, int(other)), max(row, int(other))
            if key not in seen:
                seen.add(key)
                yield paths[key[0]], paths[key[1]]


def opened(path: Path, after: str) -> Prepared:
    """The picture as the comparison gets it, after what is done to it first."""
    image = Image.open(path).convert("L")
    random = np.random.default_rng(zlib.crc32(f"{path.name} {after}".encode()))
    for step in after.split():
        if step == "rescan":
            image = rescan(image, random)
        elif step == "replaced":
            image = part_replaced(image, random)
        elif step == "breathed":
            image = breathed(image, random)
        elif step == "jpeg_25":
            image = recompressed(image, 25)
        else:
            image = scaled(0.5 if step == "resize_50" else 0.25)(image, random)
    if after:
        image = recompressed(image, 75)
    picture = np.asarray(image)
    sketch = Prepared(reduced(picture, SKETCH))
    return Prepared(picture) if sketch.is_paper else sketch


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    """The picture as a JPEG of this quality shows it."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("L")


def part_replaced(image: Image.Image, random: Random) -> Image.Image:
    """Another part of the picture, turned over, pasted over 5 to 12 % in its midst."""
    side = float(random.uniform(0.05, 0.12)) ** 0.5
    width, height = round(image.width * side), round(image.height * side)
    x, y = (float(v) for v in random.uniform(0.3, 0.7 - side, 2))
    piece = image.crop((0, image.height - height, width, image.height))
    result = image.copy()
    result.paste(
        piece.transpose(Image.Transpose.ROTATE_180),
        (round(x * image.width), round(y * image.height)),
    )
    return result


def breathed(image: Image.Image, random: Random) -> Image.Image:
    """A film of the same chest a moment later, taken alike: each bit of it lies some 1 %
    elsewhere, all a little differently, and the grain is another.
    """
    width, height = image.size
    reach = float(random.uniform(0.009, 0.018)) * max(width, height)
    moves = random.normal(0, reach, (2, 6, 6)).astype(np.float32)
    along_x, along_y = (
        cv2.resize(move, (width, height), interpolation=cv2.INTER_CUBIC) for move in moves
    )
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    values = cv2.remap(
        np.asarray(image, np.float32),
        xs + along_x,
        ys + along_y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    values = values + random.normal(0, 2, values.shape)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))
