"""From measures to the probability that two pictures are the same: three small logistic models.

Each is a weighted sum s of a few measures, and 1 / (1 + exp(-s)). The weights were fitted on
pictures of the tuning half, by what `python -m tests.bench.calibrate` does to a labelled library
(`hidden` alone was set by hand: no labelled picture has a part replaced). The same command prints
how well the probabilities hold on the other half. Run it again whenever a measure changes.
"""

from math import exp
from typing import Final

from scanning.engine.comparison.evidence import Verdict

# That two photographs laid on each other are the same picture.
PHOTOGRAPH: Final = {"one": -10.15, "mean": 10.84, "share": 8.29, "hidden": -14.0}
# That what differs in one place of two sheets is another entry, and nothing laid over.
CHANGE: Final = {
    "one": 1.88,
    "pale": -1.41,
    "exchanged": 0.21,
    "added": 3.21,
    "broken": 3.72,
    "depth": 0.64,
}
# That two sheets of which nothing is seen to differ are the same: details may be too small to see.
ALIKE: Final = {"one": 5.87, "detail": 3.2, "usual": -0.73}

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
