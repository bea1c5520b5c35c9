"""From measures to the probability that two pictures are the same: three small logistic models.

Each is a weighted sum s of a few measures, and 1 / (1 + exp(-s)). The weights are those that
`python -m tests.bench.calibrate --write` fits on the tuning half of the labelled library, in one
run and without anything set by hand. Run it again whenever a measure changes, and raise the version
of the comparison (`scanning.versions`) with it.
"""

from math import exp
from typing import Final

from scanning.engine.comparison.evidence import Verdict

# That two photographs laid on each other are the same picture.
PHOTOGRAPH: Final = {
    "one": -12.741,
    "mean": 8.093,
    "detail": 12.113,
    "hidden": -11.544,
}
# That what differs in one place of two sheets is another entry, and nothing laid over.
CHANGE: Final = {
    "one": -0.504,
    "pale": -1.232,
    "exchanged": 11.21,
    "added": 5.549,
    "broken": 3.265,
    "depth": 1.543,
}
# That two sheets of which nothing is seen to differ are the same: details may be too small to see.
ALIKE: Final = {
    "one": 6.508,
    "detail": 0.648,
    "usual": -0.238,
    "least": -2.223,
}

NEAR: Final = 0.8  # probability from which on two are near
LOOKALIKE: Final = 0.5  # up to which they are lookalikes; between the two people decide


def probability(model: dict[str, float], measures: dict[str, float]) -> float:
    """The probability, 0..1, that a model gives to measures; every measure needs its weight."""
    total = model["one"] + sum(model[name] * value for name, value in measures.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


def verdict(same: float) -> Verdict:
    """What is done with a pair that is the same with this probability."""
    if same >= NEAR:
        return "near"
    return "lookalike" if same <= LOOKALIKE else "undecided"
