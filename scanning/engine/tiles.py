"""How well two pictures on one grid agree, tile by tile."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

cv2.setNumThreads(1)

Raster = NDArray[Any]  # H x W of float32; the stubs of cv2 know no narrower type
Mask = NDArray[np.bool_]

CELL: Final = 8  # px; tiles are squares of whole cells, so that all sums come from one small grid


@dataclass(frozen=True, slots=True)
class Tiles:
    """One value per tile, in rows and columns of CELL px; a tile is centred on its cell.

    agreement: the best normalised cross-correlation over the small shifts, -1..1
    left, right: the contrast of either side, as standard deviation in grey levels
    inside: whether the tile lies in both pictures
    """

    agreement: Raster
    left: Raster
    right: Raster
    inside: Mask


def tile_agreement(
    left: Raster, right: Raster, inside: Mask, *, cells: int, reach: int, noise: float = 1.0
) -> Tiles:
    """How well each tile of `left` is found in `right` within `reach` px of its place.

    All three are H x W on one grid; a tile is `cells` x `cells` cells, an odd number. `noise` is
    the contrast, in grey levels, below which two tiles count as equally empty. For each shift
    the products are summed cell by cell, and the tiles are box filters of those sums.
    """
    height, width = (side // CELL * CELL for side in left.shape)
    left, inside = left[:height, :width], inside[:height, :width]
    mean_left, variance_left = _moments(left, cells)
    best = np.full(mean_left.shape, -1, np.float32)
    padded = cv2.copyMakeBorder(
        right[:height, :width], reach, reach, reach, reach, cv2.BORDER_REPLICATE
    )
    contrast = variance_left
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            moved = np.ascontiguousarray(padded[dy : dy + height, dx : dx + width])
            mean, variance = _moments(moved, cells)
            shared = _tile_mean(cv2.multiply(left, moved), cells) - mean_left * mean
            both = np.maximum(np.sqrt(variance_left * variance), (variance_left + variance) / 4)
            np.maximum(best, (shared + noise**2) / (both + noise**2), out=best)
            if dy == dx == reach:
                contrast = variance
    cover = _tile_mean(inside.astype(np.float32), cells)
    return Tiles(np.clip(best, -1, 1), np.sqrt(variance_left), np.sqrt(contrast), cover > 0.99)


def _tile_mean(values: Raster, cells: int) -> Raster:
    small = (values.shape[1] // CELL, values.shape[0] // CELL)
    reduced = cv2.resize(values, small, interpolation=cv2.INTER_AREA)
    return cv2.blur(reduced, (cells, cells), borderType=cv2.BORDER_REPLICATE)


def _moments(values: Raster, cells: int) -> tuple[Raster, Raster]:
    mean = _tile_mean(values, cells)
    square = _tile_mean(cv2.multiply(values, values), cells)
    return mean, np.maximum(square - mean * mean, 0)
