"""`python -m tests.bench.calibrate TUNE [CHECK]`: fit the models of the comparison, and check them.

TUNE and CHECK are folders of `tests.bench.labelled`, of the halves `tune` and `held-out`. The
weights for `scanning/engine/comparison/model.py` are fitted on TUNE and printed. With CHECK, the
comparison as it stands in the code is judged on that folder: how often pairs of each band of
probability are the same, the Brier score, the calibration error, and what was missed.
"""

import argparse
import csv
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import minimize

from scanning.engine.comparison import photographs, sheets
from scanning.engine.comparison.compare import FEW, SHEET_MEAN, compare
from scanning.engine.comparison.model import ALIKE, CHANGE, NEAR, PHOTOGRAPH, probability
from scanning.engine.comparison.paper import strokes
from scanning.engine.comparison.placing import placed
from scanning.engine.comparison.prepared import Prepared, reduced
from tests.bench.labelled.transforms import rescan, scaled

SKETCH = 512  # px at which pictures that are no documents are compared
NEIGHBOURS = 1  # of each original, as wrong pairs
SOFT = 0.02  # keeps weights finite where the measures split the pairs without error


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files, what is done to each of them before, and whether they are the same."""

    left: Path
    right: Path
    kind: str
    same: bool
    after: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of a pair for one model; a sheet has one line for each place that differs."""

    model: str
    same: bool
    lines: tuple[dict[str, float], ...]
    visible: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calibrate", description=__doc__)
    parser.add_argument("tune", type=Path, help="the labelled folder to fit on")
    parser.add_argument("check", type=Path, nargs="?", help="the labelled folder to judge by")
    parser.add_argument("--most", type=int, default=2000, help="pairs of each folder (2000)")
    parser.add_argument("--domains", nargs="*", help="only these (all)")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    with Pool(arguments.processes) as pool:
        tune = sample(list(pairs(arguments.tune, arguments.domains)), arguments.most)
        fit([found for found in pool.imap(measures, tune, 8) if found])
        if arguments.check:
            check = sample(list(pairs(arguments.check, arguments.domains)), arguments.most)
            report(list(zip(check, pool.imap(judged, check, 8), strict=True)))


def pairs(folder: Path, only: list[str] | None) -> Iterator[Pair]:
    """Every copy with its original; sheets that differ in one place; the nearest originals."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if not only or row["domain"] in only]
    pictures = folder / "pictures"
    original = {row["origin"]: row for row in rows if row["transform"] == "original"}
    for row in rows:
        base = pictures / original[row["origin"]]["path"]
        if row["transform"] not in ("original", "same_bytes"):
            yield Pair(base, pictures / row["path"], row["transform"], same=True)
        elif row["transform"] == "original" and row["differs_from"]:
            other = pictures / original[row["differs_from"]]["path"]
            for after in ("", "jpeg_25", "resize_50", "resize_25"):
                changes = ("rescan", f"rescan {after}".strip())
                kind = f"{row['difference']} {after}".strip()
                yield Pair(other, base, kind, same=False, after=changes)
                yield Pair(base, base, f"rescan {after}".strip(), same=True, after=changes)
    domains = defaultdict(list)
    for row in original.values():
        domains[row["domain"]].append(pictures / row["path"])
    for domain, paths in domains.items():
        for left, right in nearest(paths):
            yield Pair(left, right, f"other {domain}", same=False)
        if domain == "photos":
            for path in paths[::4]:
                yield Pair(path, path, "part replaced", same=False, after=("", "part"))


def nearest(paths: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Each of at most 250 pictures with the most similar ones of its kind."""
    paths = paths[:250]
    codes = np.array([imagehash.phash(Image.open(p), 16).hash.ravel() for p in paths])
    seen = set()
    for row, code in enumerate(codes):
        distances = (codes != code).sum(axis=1)
        distances[row] = codes.shape[1] + 1  # not itself
        for other in np.argsort(distances, kind="stable")[:NEIGHBOURS]:
            key = min(row, int(other)), max(row, int(other))
            if key not in seen:
                seen.add(key)
                yield paths[key[0]], paths[key[1]]


def sample(every: list[Pair], most: int) -> list[Pair]:
    """At most so many pairs, always the same ones, as many of each kind as there are."""
    order = sorted(
        every, key=lambda p: zlib.crc32(f"{p.left.name} {p.right.name} {p.kind}".encode())
    )
    return sorted(order[:most], key=lambda p: (str(p.left), p.kind, str(p.right)))


def opened(path: Path, after: str) -> Prepared:
    """The picture as the comparison gets it, after what is done to it first."""
    image = Image.open(path).convert("L")
    random = np.random.default_rng(zlib.crc32(f"{path.name} {after}".encode()))
    for step in after.split():
        if step == "rescan":
            image = rescan(image, random)
        elif step == "part":
            image = part_replaced(image, random)
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
    import io

    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("L")


def part_replaced(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Another part of the picture, mirrored, pasted over 5 to 12 % in its midst."""
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


def measures(pair: Pair) -> Measured | None:
    """What the models look at; None where the two could not be laid on each other."""
    left, right = opened(pair.left, pair.after[0]), opened(pair.right, pair.after[1])
    if left.is_after(right):
        left, right = right, left
    found = placed(left, right)
    if found is None:
        return None
    if left.is_paper and right.is_paper:
        if found.mean < SHEET_MEAN:
            return None
        _, lines = strokes(left, right, found.placement)
        if lines.telling.sum() >= FEW:
            places = tuple(place.measures for place in sheets.differences(lines))
            return Measured("sheet", pair.same, places, sheets.visible(lines))
    return Measured("photograph", pair.same, (photographs.measures_of(found),), {})


def judged(pair: Pair) -> tuple[float, str, str]:
    """The comparison's own answer: probability, verdict, reason."""
    result = compare(opened(pair.left, pair.after[0]), opened(pair.right, pair.after[1]))
    return result.score / 1000, result.verdict, result.reason


def fit(found: list[Measured]) -> None:
    """Print the weights of the three models."""
    photos = [(m.lines[0], m.same, 1.0) for m in found if m.model == "photograph"]
    show("PHOTOGRAPH", logistic(photos, tuple(PHOTOGRAPH)), photos)
    papers = [m for m in found if m.model == "sheet"]
    places = [(line, not m.same, 1 / len(m.lines)) for m in papers for line in m.lines]
    change = logistic(places, tuple(CHANGE))
    show("CHANGE", change, places)
    alike = [
        (m.visible, m.same, 1.0)
        for m in papers
        if all(probability(change, line) < 0.5 for line in m.lines)
    ]
    show("ALIKE", logistic(alike, tuple(ALIKE)), alike)


Lines = list[tuple[dict[str, float], bool, float]]


def logistic(lines: Lines, names: tuple[str, ...]) -> dict[str, float]:
    """The weights under which the labels are likeliest, pulled a little towards zero."""
    values = np.array([[line.get(name, 1.0) for name in names] for line, _, _ in lines])
    sign = np.array([1.0 if label else -1.0 for _, label, _ in lines])
    counts = np.array([count for _, _, count in lines])

    def loss(weights: NDArray[np.float64]) -> float:
        miss = np.logaddexp(0, -sign * (values @ weights))
        return float((counts * miss).sum() + SOFT * (weights[1:] ** 2).sum())

    best = minimize(loss, np.zeros(len(names)), method="BFGS").x
    return {name: round(float(weight), 2) for name, weight in zip(names, best, strict=True)}


def show(name: str, model: dict[str, float], lines: Lines) -> None:
    right = np.mean([(probability(model, line) > 0.5) == label for line, label, _ in lines])
    _say(f"{name}: Final = {model}  # {len(lines)} lines, {right:.3f} on their right side")


def report(answers: list[tuple[Pair, tuple[float, str, str]]]) -> None:
    """Print how well the probabilities hold, and what was missed."""
    scores = np.array([score for _, (score, _, _) in answers])
    same = np.array([pair.same for pair, _ in answers])
    _say(f"{len(answers)} pairs, Brier score {np.mean((scores - same) ** 2):.4f}")
    error = 0.0
    for low, high in ((0, 0.05), (0.05, 0.3), (0.3, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        band = (scores >= low) & (scores < high)
        if band.any():
            error += abs(scores[band].mean() - same[band].mean()) * band.mean()
            _say(
                f"  {low:.2f}-{min(1, high):.2f}: {band.sum():5} pairs, "
                f"predicted {scores[band].mean():.3f}, true {same[band].mean():.3f}"
            )
    _say(f"calibration error {error:.4f}")
    total: Counter[tuple[str, str, bool]] = Counter()
    queue: Counter[tuple[str, str, bool]] = Counter()
    near: Counter[tuple[str, str, bool]] = Counter()
    for pair, (_, verdict, _) in answers:
        key = pair.left.parent.name, pair.kind, pair.same
        total[key] += 1
        queue[key] += verdict != "lookalike"
        near[key] += verdict == "near"
    for key in sorted(total, key=lambda key: (not key[2], key)):
        if not key[2] or queue[key] < total[key]:
            label = "same" if key[2] else "other"
            _say(
                f"  {label} {key[0]:9} {key[1]:28} {total[key]:4} pairs, "
                f"in the queue {queue[key] / total[key]:.3f}, near {near[key] / total[key]:.3f}"
            )
    _say(f"near from {NEAR}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
