"""Measures, the probability they give, and what is done with it."""

import pytest

from scanning.engine.comparison.model import ALIKE, CHANGE, PHOTOGRAPH, probability, verdict


def test_a_probability_is_the_logistic_of_the_weighted_measures() -> None:
    model = {"one": -1.0, "mean": 2.0}
    assert probability(model, {"mean": 0.5}) == 0.5
    assert probability(model, {"mean": 1.0}) == pytest.approx(0.7311, abs=1e-4)


def test_probabilities_stay_finite() -> None:
    assert 0 < probability({"one": -1e6}, {}) < 1e-12
    assert 1 > probability({"one": 1e6}, {}) > 1 - 1e-12


@pytest.mark.parametrize(
    ("same", "expected"),
    [
        (0.0, "lookalike"),
        (0.5, "lookalike"),
        (0.51, "undecided"),
        (0.79, "undecided"),
        (0.8, "near"),
    ],
)
def test_between_sure_and_sure_not_people_decide(same: float, expected: str) -> None:
    assert verdict(same) == expected


def test_each_weight_points_the_way_it_should() -> None:
    assert PHOTOGRAPH["mean"] > 0
    assert PHOTOGRAPH["detail"] > 0
    assert PHOTOGRAPH["hidden"] < 0  # what is replaced makes it another picture
    assert CHANGE["pale"] < 0  # large and pale is a watermark
    assert min(CHANGE["exchanged"], CHANGE["added"], CHANGE["broken"]) > 0
    assert ALIKE["detail"] >= 0  # the larger, the more would have been seen
    assert ALIKE["least"] < 0  # nothing may stick out
