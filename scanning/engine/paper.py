"""Documents: bright paper with thin strokes, compared stroke by stroke."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.grids import laid
from scanning.engine.refinement import refined
from scanning.engine.registration import Matrix, Picture
from scanning.engine.tiles import CELL, Mask, Raster, tile_agreement

cv2.setNumThreads(1)

FINE: Final = 1024  # px, the longest edge of the grid on which strokes are compared
STROKE: Final = 21  # px on that grid: whatever dark is thinner is a stroke
INK: Final = 100.0  # the level that full ink is brought to
HOLDS_INK: Final = 10.0  # contrast of a tile that holds strokes
CHANGED: Final = 0.62  # agreement below which the strokes of a tile are other strokes


@dataclass(frozen=True, slots=True)
class Strokes:
    """How the strokes of two sheets agree, tile by tile (rows and columns of CELL px).

    telling: the tiles in the overlap that hold ink; agreement: -1..1; left, right: the ink of
    either side that the other one lacks, at its 95th percentile within the tile, in units of INK.
    """

    agreement: Raster
    telling: Mask
    left: Raster
    right: Raster


def is_paper(picture: Picture) -> bool:
    """Whether a picture is mostly bright, even ground with some thin dark strokes on it."""
    small = picture
    share = 384 / max(picture.shape)
    if share < 1:
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    ground = _ground(small.astype(np.float32), 9)
    bright = float(np.quantile(ground, 0.9))
    even = float((ground > 0.72 * bright).mean())
    ink = float((small < 0.85 * ground).mean())
    return bright > 90 and even > 0.7 and 0.004 < ink < 0.45


def strokes(left: Picture, right: Picture, placement: Matrix) -> tuple[Matrix, Strokes]:
    """The strokes of two sheets compared on a fine grid, and the finer placement."""
    placement = refined(left, right, placement, edge=FINE, tile=48, reach=5)
    grid = laid(left, right, placement, FINE)
    height, width = (side // CELL * CELL for side in grid.left.shape)
    margin = max(CELL, round(0.015 * max(grid.left.shape)))
    inside = _shrunk(grid.inside, margin)[:height, :width]
    one = _ink(grid.left, inside.shape, inside)
    other = _ink(grid.right, inside.shape, inside)
    tiles = tile_agreement(one, other, inside, cells=3, reach=1, noise=5)
    telling = tiles.inside & (np.maximum(tiles.left, tiles.right) > HOLDS_INK)
    near = np.ones((5, 5), np.uint8)
    lacking_right = np.maximum(one - cv2.dilate(other, near), 0)
    lacking_left = np.maximum(other - cv2.dilate(one, near), 0)
    return placement, Strokes(
        tiles.agreement, telling, _top(lacking_right), _top(lacking_left)
    )


def _ground(values: Raster, size: int) -> Raster:
    """The paper under the strokes: a morphological closing, with the edge pixels repeated."""
    padded = cv2.copyMakeBorder(values, size, size, size, size, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    return closed[size:-size, size:-size]


def _ink(values: Raster, shape: tuple[int, ...], inside: Mask) -> Raster:
    ground = _ground(values, STROKE)
    ink = ((ground - values) / np.maximum(ground, 40))[: shape[0], : shape[1]]
    seen = ink[inside][::7]
    full = float(np.quantile(seen, 0.985)) if len(seen) else 1.0
    return np.clip(ink * (INK / max(full, 0.02)), 0, 1.3 * INK)


def _shrunk(inside: Mask, margin: int) -> Mask:
    """Without what lies near the edge of either picture: shadows, holes, the scanner's lid."""
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    padded = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    result: Mask = cv2.erode(padded, kernel)[1:-1, 1:-1] > 0
    return result


def _top(values: Raster) -> NDArray[np.float32]:
    """The 90th percentile of each cell, or nearly: the mean of its upper pixels."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    cells = values.reshape(rows, CELL, columns, CELL).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    top: NDArray[np.float32] = np.partition(cells, -6, axis=2)[:, :, -6]
    return top
