"""Fitting the models of the comparison, and putting the weights where they belong."""

from pathlib import Path

import pytest

from tests.bench.calibrate import Lines, evenly, logistic, written

PAGE = """from typing import Final

# What it is about.
FIRST: Final = {"one": 1.0, "size": 2.0}
SECOND: Final = {
    "one": 3.0,
}
NEAR: Final = 0.8
"""


def test_weights_are_put_into_the_module(tmp_path: Path) -> None:
    page = tmp_path / "model.py"
    page.write_text(PAGE)

    written(page, {"FIRST": {"one": -1.25, "size": 0.5}, "SECOND": {"one": 7.0}})

    assert page.read_text() == (
        "from typing import Final\n\n# What it is about.\n"
        'FIRST: Final = {\n    "one": -1.25,\n    "size": 0.5,\n}\n'
        'SECOND: Final = {\n    "one": 7.0,\n}\n'
        "NEAR: Final = 0.8\n"
    )


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    page = tmp_path / "model.py"
    page.write_text(PAGE)

    with pytest.raises(SystemExit, match="has no model THIRD"):
        written(page, {"THIRD": {"one": 1.0}})


def test_the_same_lines_give_the_same_weights() -> None:
    lines: Lines = [({"size": value}, value > 0.5, 1.0) for value in (0.1, 0.3, 0.4, 0.6, 0.9)]

    weights = logistic(lines, ("one", "size"))

    assert weights == logistic(lines, ("one", "size"))
    # The boundary lies between the two labels.
    assert 0.4 < -weights["one"] / weights["size"] < 0.6


def test_few_others_count_as_much_as_many_copies() -> None:
    lines: Lines = [({"size": 1.0}, True, 1.0)] * 9 + [({"size": 0.0}, False, 1.0)]

    counted = evenly(lines)

    assert sum(count for _, same, count in counted if same) == pytest.approx(5)
    assert sum(count for _, same, count in counted if not same) == pytest.approx(5)
