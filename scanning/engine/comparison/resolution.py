"""Two pictures of unequal size shown alike: what the smaller one lost, the larger one loses too.

A sheet reduced to a quarter has grey smudges where the other has strokes. Reduced by the same
factor, the same sheet has the same smudges, to within the noise; another entry has others. Both are
then enlarged in the same way, so that strokes have the width that the comparison expects.
"""

from typing import Final

import cv2
import numpy as np

from scanning.engine.comparison.prepared import EDGE, Picture, Prepared
from scanning.engine.comparison.registration import Matrix, between

cv2.setNumThreads(1)

COARSER: Final = 0.8  # px of the coarser picture per px of the finer one, from which on they differ


def alike(left: Prepared, right: Prepared, placement: Matrix) -> tuple[Prepared, Prepared]:
    """The two in the resolution of the right one, where that is clearly coarser.

    The left one is the larger of the two, so that the right one is coarser wherever it shows the
    whole of it. Both cover what they covered; only their sizes change.
    """
    share = scale_of(placement)
    if share >= COARSER:
        return left, right
    size = max(1, round(left.shape[1] * share)), max(1, round(left.shape[0] * share))
    coarse = cv2.resize(left.grey, size, interpolation=cv2.INTER_AREA)
    by = max(1.0, EDGE / max(*coarse.shape, *right.shape))
    return _enlarged(coarse, by), _enlarged(right.grey, by)


def scale_of(placement: Matrix) -> float:
    """How many px of the right picture one px of the left one is."""
    return float(np.sqrt(abs(np.linalg.det(placement[:2, :2]))))


def shown_at(
    placement: Matrix, pictures: tuple[Prepared, Prepared], others: tuple[Prepared, Prepared]
) -> Matrix:
    """The placement of two pictures, for the same two in other sizes."""
    (left, right), (one, other) = pictures, others
    shown: Matrix = between(right.shape, other.shape) @ placement @ between(one.shape, left.shape)
    return shown


def _enlarged(values: Picture, by: float) -> Prepared:
    size = round(values.shape[1] * by), round(values.shape[0] * by)
    return Prepared(cv2.resize(values, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8))
