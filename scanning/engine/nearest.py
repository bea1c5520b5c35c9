"""What a dense neighbourhood gives: for each picture its nearest candidates, not all of them."""

import numpy as np
from numpy.typing import NDArray

from scanning.engine.candidates import Candidates

Rows = NDArray[np.int64]


def nearest(candidates: Candidates, count: int) -> Candidates:
    """Those candidates that are among the `count` nearest of one of their two pictures.

    A thousand forms printed from one template are half a million candidates; their number grows
    with the number of pictures instead of its square. Ties are broken by the other picture's row.
    """
    pictures = np.concatenate([candidates.left, candidates.right])
    others = np.concatenate([candidates.right, candidates.left])
    rank = _rank(pictures, np.tile(candidates.distance, 2), others).reshape(2, -1)
    kept = (rank < count).any(axis=0)
    return Candidates(
        candidates.left[kept],
        candidates.right[kept],
        candidates.distance[kept],
        candidates.way[kept],
    )


def _rank(one: Rows, distance: Rows, other: Rows) -> Rows:
    """The place of each row among those of the same picture, nearest first, from 0."""
    order = np.lexsort((other, distance, one))
    sorted_ones = one[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_ones[1:] != sorted_ones[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(order)]]))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return rank
