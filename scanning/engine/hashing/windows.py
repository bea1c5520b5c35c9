"""Hashes of many windows of one picture: a crop of it is near one of them.

A window's hash is the signs of the 64 lowest frequencies of its DCT, without the average. Signs
need no median: mirroring and turning the picture flips and moves bits exactly. All windows follow
from one raster by small matrix products.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.turns import Turn

_BLOCK: Final = 64  # pictures at a time, so that memory stays below some 20 MB
STEP: Final = 0.05  # edges move by this share of a side; half of it is what 10 bits bear
MOST: Final = 0.25  # of a side is cut off at most


class Window(NamedTuple):
    """A part of a picture, in shares of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


def _cuts() -> list[tuple[float, float]]:
    """Start and end of what remains of a side, the whole side first."""
    steps = round(MOST / STEP)
    return [
        (before * STEP, 1 - (cut - before) * STEP)
        for cut in range(steps + 1)
        for before in range(cut + 1)
    ]


def _placed() -> Iterator[tuple[int, int]]:
    """Cuts of height and width, the whole picture first.

    Both sides cut alike (the aspect stays: a detail) or one side alone (a strip is gone).
    """
    for row, (top, bottom) in enumerate(_CUTS):
        for column, (left, right) in enumerate(_CUTS):
            alike = abs((bottom - top) - (right - left)) < STEP / 2
            if alike or 0 in (row, column):
                yield row, column


_CUTS: Final = _cuts()
_PLACES: Final = np.array(list(_placed()))
WINDOWS: Final = tuple(
    Window(_CUTS[column][0], _CUTS[row][0], _CUTS[column][1], _CUTS[row][1])
    for row, column in _PLACES.tolist()
)

# The lowest frequencies (vertical, horizontal) by their sum. Transposing must not lead out of the
# set, and it has to be 64: the average is left out, and one on the diagonal.
_ORDER: Final = [
    (v, total - v) for total in range(1, 11) for v in range(total + 1) if (v, total - v) != (5, 5)
]
_V: Final = np.array([v for v, _ in _ORDER])
_U: Final = np.array([u for _, u in _ORDER])
_KEPT: Final = int(_V.max()) + 1


def cosines(start: float, end: float, kept: int, side: int) -> NDArray[np.float32]:
    """The first `kept` DCT functions of the interval from start to end (shares of a side).

    Shape (kept, side): their exact integrals over each of `side` pixels, so that edges may lie
    within a pixel.
    """
    place = np.clip((np.arange(side + 1) / side - start) / (end - start), 0, 1)
    order = np.arange(1, kept)[:, None]
    waves = np.diff(np.sin(np.pi * order * place) / (np.pi * order))
    return np.vstack([np.diff(place), waves]).astype(np.float32)


def window_codes(rasters: NDArray[np.uint8], count: int = len(WINDOWS)) -> NDArray[np.uint64]:
    """The hashes of the first `count` of WINDOWS for each raster.

    rasters: grey, shape (n, side, side). Returns shape (n, count).
    """
    codes = np.empty((len(rasters), count), np.uint64)
    rows = _PLACES[:count, 0]
    functions = _functions(rasters.shape[1])[: rows.max() + 1]
    across = _across(rasters.shape[1], count)
    for start in range(0, len(rasters), _BLOCK):
        block = rasters[start : start + _BLOCK, None].astype(np.float32)
        # Many small products, too small for a BLAS to start threads for.
        low = (functions @ block)[:, rows] @ across
        signs = low.reshape(*low.shape[:2], -1).take(_V * _KEPT + _U, axis=2) > 0
        codes[start : start + _BLOCK] = np.packbits(signs, axis=2).view(np.uint64)[..., 0]
    return codes


def turned_codes(codes: NDArray[np.uint64], turn: Turn) -> NDArray[np.uint64]:
    """The hashes of the turned windows, from those of the upright ones. Exact."""
    bits = np.unpackbits(codes.reshape(-1, 1).view(np.uint8), axis=1).astype(np.bool_)
    if turn.transposed:
        bits = bits.take([_ORDER.index((u, v)) for v, u in _ORDER], axis=1)
    if turn.rows_flipped:
        bits = bits ^ (_V % 2 == 1)
    if turn.columns_flipped:
        bits = bits ^ (_U % 2 == 1)
    return np.packbits(bits, axis=1).view(np.uint64).reshape(codes.shape)


@cache
def _across(side: int, count: int) -> NDArray[np.float32]:
    """The cosines of the columns of the first `count` windows: (count, side, kept)."""
    return np.ascontiguousarray(_functions(side).transpose(0, 2, 1)[_PLACES[:count, 1]])


@cache
def _functions(side: int) -> NDArray[np.float32]:
    """The cosines of each cut: (cuts, kept, side)."""
    return np.stack([cosines(*cut, _KEPT, side) for cut in _CUTS])
