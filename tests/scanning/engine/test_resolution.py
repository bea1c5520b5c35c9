"""Pictures of unequal size brought to the resolution of the coarser one."""

import numpy as np
import pytest

from scanning.engine.comparison.prepared import Prepared
from scanning.engine.comparison.registration import between
from scanning.engine.comparison.resolution import alike, scale_of, shown_at


def page(height: int, width: int) -> Prepared:
    values = np.random.default_rng(1).integers(0, 256, (height, width), dtype=np.uint8)
    return Prepared(values)


@pytest.mark.parametrize(("height", "width"), [(1000, 700), (900, 630), (800, 560)])
def test_about_equal_sizes_are_left_as_they_are(height: int, width: int) -> None:
    left, right = page(1000, 700), page(height, width)

    assert alike(left, right, between(left.shape, right.shape)) == (left, right)


def test_a_quarter_is_compared_as_large_as_whole_pages_are() -> None:
    left, right = page(1000, 700), page(250, 175)

    one, other = alike(left, right, between(left.shape, right.shape))

    assert one.shape == other.shape == (1024, 717)


def test_what_the_smaller_lost_the_larger_loses_too() -> None:
    left, right = page(1000, 700), page(250, 175)

    one, _ = alike(left, right, between(left.shape, right.shape))

    # Noise of single pixels is gone, as it is from the mean of 4 x 4 of them.
    assert left.contrast == pytest.approx(74, abs=1)
    assert one.contrast == pytest.approx(74 / 4, abs=3)


def test_a_placement_is_the_same_one_at_other_sizes() -> None:
    left, right = page(1000, 700), page(250, 175)
    placement = between(left.shape, right.shape)
    one, other = alike(left, right, placement)

    there = shown_at(placement, (left, right), (one, other))

    assert there == pytest.approx(np.eye(3), abs=1e-9)
    assert shown_at(there, (one, other), (left, right)) == pytest.approx(placement)
    assert scale_of(placement) == pytest.approx(0.25)
    assert scale_of(there) == pytest.approx(1)
