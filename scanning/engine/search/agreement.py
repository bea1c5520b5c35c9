"""Does a window of one picture look like another picture? Asked of each pair that a hash proposed.

A hash of 64 bits proposes too many pairs among pictures of one kind. Here the small rasters
decide: the window's edges are moved a little until its spectrum agrees best with that of the
other picture, and pairs that do not agree even then are dropped.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.windows import WINDOWS, cosines

# Calibrated on the sets in data/README.md: crops agree to 0.95 and more, nine out of ten wrong
# pairs to less than 0.9.
KEPT: Final = 10  # frequencies of each side
MOVES: Final = (-0.05, -0.025, 0.0, 0.025, 0.05)
_BLOCK: Final = 512

Floats = NDArray[np.float32]


def agreements(
    parts: NDArray[np.uint8], windows: NDArray[np.int64], wholes: NDArray[np.uint8]
) -> Floats:
    """How well each window agrees with a whole picture, -1 to 1.

    parts, wholes: grey rasters, shape (n, side, side). Candidate k says that window `windows[k]`
    of parts[k] shows the same as the whole of wholes[k].
    """
    found = np.zeros(len(parts), np.float32)
    for window in np.unique(windows).tolist():
        rows = np.flatnonzero(windows == window)
        for start in range(0, len(rows), _BLOCK):
            some = rows[start : start + _BLOCK]
            found[some] = _best(parts[some], wholes[some], window)
    return found


def _best(parts: NDArray[np.uint8], wholes: NDArray[np.uint8], window: int) -> Floats:
    """Agreement after moving the upper and lower edge, then the other two."""
    side = parts.shape[1]
    left, top, right, bottom = WINDOWS[window]
    down, across = _moved(top, bottom, side), _moved(left, right, side)
    whole = cosines(0, 1, KEPT, side)
    target = whole @ wholes.astype(np.float32) @ whole.T * _weights()
    target /= np.linalg.norm(target, axis=(1, 2), keepdims=True) + 1e-6
    grey = parts.astype(np.float32)
    # Height first, with the width as it is. Shapes: (pairs, moves, KEPT, KEPT).
    columns: Floats = grey @ cosines(left, right, KEPT, side).T
    y, _ = _agreeing(down @ columns[:, None], target)
    rows: Floats = down[y] @ grey
    _, best = _agreeing(rows[:, None] @ across.transpose(0, 2, 1), target)
    return best


def _agreeing(spectra: Floats, target: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The move whose spectrum agrees best, and how well."""
    weighted = spectra * _weights()
    dots = (weighted * target[:, None]).sum((2, 3))
    scores = dots / (np.linalg.norm(weighted, axis=(2, 3)) + 1e-6)
    best = scores.argmax(1)
    return best, scores[np.arange(len(best)), best]


@cache
def _moved(start: float, end: float, side: int) -> Floats:
    """The cosines of an interval for each way to move its two ends: (moves, KEPT, side)."""
    return np.stack(
        [
            cosines(max(0.0, start + one), min(1.0, end + other), KEPT, side)
            for one in MOVES
            for other in MOVES
        ]
    )


@cache
def _weights() -> Floats:
    """Pictures have less of a frequency the higher it is; the average says nothing."""
    rows, columns = np.mgrid[:KEPT, :KEPT]
    weights: Floats = np.sqrt(np.hypot(rows, columns)).astype(np.float32)
    return weights
