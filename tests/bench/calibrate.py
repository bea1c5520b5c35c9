"""`python -m tests.bench.calibrate`: fit the models of the comparison, and check them.

The weights are fitted on the labelled library's half `tune` (made where it is missing, like that of
`make bench`) and printed; `--write` puts them into `scanning/engine/comparison/model.py`. The same
code and the same pictures give the same weights: run it whenever a measure changes. With `--check`
the comparison as it stands in the code is judged: how often pairs of each band of probability are
the same, the Brier score, the calibration error, and what was missed.
"""

import argparse
import os
import re
import sys
from collections import Counter
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from scanning.engine.comparison import model, photographs, sheets
from scanning.engine.comparison.compare import FEW, SHEET_MEAN, compare
from scanning.engine.comparison.model import ALIKE, CHANGE, NEAR, PHOTOGRAPH, probability
from scanning.engine.comparison.paper import strokes
from scanning.engine.comparison.placing import covered, placed
from tests.bench.calibration_pairs import CHANGES, Pair, chosen, opened
from tests.bench.labelled.build import labelled_library
from tests.bench.report import ROOT

SOFT: Final = 0.005  # keeps weights finite where the measures split the pairs without error
DIGITS: Final = 3
SEED: Final = 1

Lines = list[tuple[dict[str, float], bool, float]]  # measures, label, how much it counts
Weights = dict[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of a pair for one model; a sheet has one line for each place that differs."""

    model: str
    same: bool
    lines: tuple[dict[str, float], ...]
    visible: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calibrate", description=__doc__)
    parser.add_argument("--tune", type=Path, help="another labelled folder to fit on")
    parser.add_argument("--check", type=Path, nargs="*", help="labelled folders to judge")
    parser.add_argument("--domains", nargs="*", help="only these (all)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the weights into model.py")
    arguments = parser.parse_args()
    if arguments.check is None:
        tune = chosen(arguments.tune or _library(arguments.processes), arguments.domains)
        with Pool(arguments.processes) as pool:
            found = [measured for measured in pool.imap(measures, tune, 8) if measured]
        fitted = fit(found)
        if arguments.write:
            written(Path(str(model.__file__)), fitted)
    for folder in arguments.check or ():
        check = chosen(folder, arguments.domains)
        with Pool(arguments.processes) as pool:
            report(list(zip(check, pool.imap(judged, check, 8), strict=True)))


def _library(processes: int) -> Path:
    data = Path(os.environ.get("DATA_DIR", ROOT / "var")).resolve() / "bench"
    options = {"half": "tune", "size": "full"}
    out = data / "labelled-{half}-{size}".format(**options)
    labelled_library(out, half="tune", size="full", seed=SEED, processes=processes, say=_say)
    return out


def measures(pair: Pair) -> Measured | None:
    """What the models look at; None where the comparison asks none of them."""
    left, right = opened(pair.left, pair.after[0]), opened(pair.right, pair.after[1])
    if left.is_after(right):
        left, right = right, left
    found = placed(left, right)
    if found is None or not covered(left, right, found.placement):
        return None
    if left.is_paper and right.is_paper:
        if found.mean < SHEET_MEAN:
            return None
        _, lines = strokes(left, right, found.placement)
        if lines.telling.sum() >= FEW:
            places = sheets.differences(lines)
            changes = tuple(place.measures for place in places)
            return Measured("sheet", pair.same, changes, sheets.visible(lines, places))
    told = photographs.measures_of(found)
    if pair.kind == CHANGES["photos"] and not told["hidden"]:
        return None  # what no measure notices would only blur the boundary between the others
    return Measured("photograph", pair.same, (told,), {})


def judged(pair: Pair) -> tuple[float, str, str]:
    """The comparison's own answer: probability, verdict, reason."""
    result = compare(opened(pair.left, pair.after[0]), opened(pair.right, pair.after[1]))
    return result.score / 1000, result.verdict, result.reason


def fit(found: list[Measured]) -> dict[str, Weights]:
    """The weights of the three models."""
    photos = [(m.lines[0], m.same, 1.0) for m in found if m.model == "photograph"]
    photos = evenly(photos)
    fitted = {"PHOTOGRAPH": logistic(photos, tuple(PHOTOGRAPH))}
    papers = [m for m in found if m.model == "sheet"]
    places = [(line, not m.same, 1 / len(m.lines)) for m in papers for line in m.lines]
    places = evenly(places, power=0.5)  # half way: a missed change is the worse mistake
    fitted["CHANGE"] = logistic(places, tuple(CHANGE))
    alike = [
        (m.visible, m.same, 1.0)
        for m in papers
        if all(probability(fitted["CHANGE"], line) < 0.5 for line in m.lines)
    ]
    fitted["ALIKE"] = logistic(alike, tuple(ALIKE))
    for (name, weights), lines in zip(fitted.items(), (photos, places, alike), strict=True):
        right = np.mean([(probability(weights, line) > 0.5) == label for line, label, _ in lines])
        _say(f"{name}: {len(lines)} lines, {right:.3f} on their right side\n{weights}")
    return fitted


def evenly(lines: Lines, power: float = 1.0) -> Lines:
    """The lines counted so that both labels come to the same; with a lower power, only towards it.

    Nine pairs of photographs in ten are copies, most places on sheets are changes: fitted as they
    come, the boundary would lie close to the others.
    """
    total = sum(count for _, _, count in lines)
    share = sum(count for _, label, count in lines if label) / total
    by = {label: (0.5 / (share if label else 1 - share)) ** power for label in (True, False)}
    return [(line, label, count * by[label]) for line, label, count in lines]


def logistic(lines: Lines, names: tuple[str, ...]) -> Weights:
    """The weights under which the labels are likeliest, pulled a little towards zero."""
    values = np.array([[line.get(name, 1.0) for name in names] for line, _, _ in lines])
    sign = np.array([1.0 if label else -1.0 for _, label, _ in lines])
    counts = np.array([count for _, _, count in lines])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        miss = np.logaddexp(0, -sign * (values @ weights))
        slope = -(counts * sign * (1 - np.exp(-miss))) @ values
        pull = np.where(np.array(names) == "one", 0, 2 * SOFT) * weights
        return float((counts * miss).sum() + (pull * weights).sum() / 2), slope + pull

    best = minimize(loss, np.zeros(len(names)), jac=True, method="BFGS", options={"gtol": 1e-6}).x
    return {name: round(float(weight), DIGITS) for name, weight in zip(names, best, strict=True)}


def written(page: Path, fitted: dict[str, Weights]) -> None:
    """Put the weights into the module that holds the models."""
    text = page.read_text(encoding="utf-8")
    for name, weights in fitted.items():
        rows = "".join(f'    "{measure}": {weight},\n' for measure, weight in weights.items())
        pattern = rf"^{name}: Final = \{{.*?\}}$"
        text, count = re.subn(
            pattern, f"{name}: Final = {{\n{rows}}}", text, flags=re.MULTILINE | re.DOTALL
        )
        if count != 1:
            raise SystemExit(f"{page} has no model {name}. Add an empty one, then run this again.")
    page.write_text(text, encoding="utf-8")


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
                f"  {label} {key[0]:9} {key[1]:44} {total[key]:4} pairs, "
                f"in the queue {queue[key] / total[key]:.3f}, near {near[key] / total[key]:.3f}"
            )
    _say(f"near from {NEAR}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
