"""How much two pictures have to show in common before anything is said of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from scanning.engine.comparison.grids import Grid
from scanning.engine.comparison.placing import Placed, covered
from scanning.engine.comparison.prepared import Prepared
from scanning.engine.comparison.tiles import Tiles

SIZE = 400


def striped(top: int, bottom: int) -> Prepared:
    """A plain picture of 400 x 400 px with stripes from one row to another."""
    picture = np.full((SIZE, SIZE), 200, np.uint8)
    picture[top:bottom:4] = 40
    return Prepared(picture)


def moved_down(pixels: int) -> NDArray[np.float64]:
    return np.array([[1.0, 0, 0], [0, 1, pixels], [0, 0, 1]])


@pytest.mark.parametrize(
    ("left", "right", "down", "expected"),
    [
        ((0, 400), (0, 400), 0, True),
        ((0, 400), (0, 400), 160, True),  # three fifths of both
        ((0, 400), (0, 400), 240, False),  # two fifths of both
        ((0, 100), (0, 400), 200, True),  # all that the left one shows
        ((0, 0), (0, 400), 0, True),  # an empty one on all that the other shows
        ((0, 0), (0, 0), 0, False),  # nothing to be seen at all
    ],
)
def test_half_of_what_one_of_them_shows_lies_in_the_overlap(
    left: tuple[int, int], right: tuple[int, int], down: int, *, expected: bool
) -> None:
    assert covered(striped(*left), striped(*right), moved_down(down)) is expected


def test_texture_lies_where_something_is_seen() -> None:
    spots = striped(100, 300).texture

    assert spots[:, 1].min() == pytest.approx(100, abs=10)
    assert spots[:, 1].max() == pytest.approx(300, abs=10)
    assert spots[:, 0].min() == pytest.approx(4, abs=5)
    assert spots[:, 0].max() == pytest.approx(396, abs=5)


def test_a_plain_picture_has_no_texture() -> None:
    assert len(striped(0, 0).texture) == 0


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([30] * 40, [30] * 40, 0.9),
        ([30] * 40, [30] * 10 + [0] * 30, 0.9),
        ([30] * 20 + [0] * 20, [0] * 19 + [30] * 21, -1),  # one tile in forty tells of both
        ([30] * 7 + [0] * 33, [30] * 7 + [0] * 33, -1),  # a strip of plain ground
    ],
)
def test_nothing_is_said_where_hardly_any_tile_tells_of_both(
    left: list[float], right: list[float], expected: float
) -> None:
    one = np.ones((1, 40), np.bool_)
    agreement = np.full((1, 40), 0.9, np.float32)
    one_side, other_side = (np.array([side], np.float32) for side in (left, right))
    grey = np.zeros((8, 320), np.uint8)

    found = Placed(
        np.eye(3), Grid(grey, grey, grey > 0), Tiles(agreement, one_side, other_side, one)
    )

    assert found.mean == pytest.approx(expected)
