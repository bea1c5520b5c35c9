"""How well two pictures on one grid agree, tile by tile."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.comparison.cells import CELL, Bytes, moments, products

cv2.setNumThreads(1)

Raster = NDArray[Any]  # H x W of float32; the stubs of cv2 know no narrower type
Mask = NDArray[np.bool_]


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
    left: Bytes, right: Bytes, inside: Mask, *, cells: int, reach: int, noise: float = 1.0
) -> Tiles:
    """How well each tile of `left` is found in `right` within `reach` px of its place.

    All three are H x W on one grid; a tile is `cells` x `cells` cells, an odd number. `noise` is
    the contrast, in grey levels, below which two tiles count as equally empty. For each shift
    the products are summed cell by cell, and the tiles are box filters of those sums.
    """
    height, width = (side // CELL * CELL for side in left.shape)
    left = np.ascontiguousarray(left[:height, :width])
    mean_left, square_left = (_around(values, cells) for values in moments(left))
    variance_left = np.maximum(square_left - mean_left * mean_left, 0)
    padded = cv2.copyMakeBorder(
        right[:height, :width], reach, reach, reach, reach, cv2.BORDER_REPLICATE
    )
    both, mean, square = np.split(_around(products(left, padded, reach), cells), 3, axis=2)
    variance = np.maximum(square - mean * mean, 0)
    mean_left, variance_left = mean_left[..., None], variance_left[..., None]
    shared = both - mean_left * mean
    most = np.maximum(np.sqrt(variance_left * variance), (variance_left + variance) / 4)
    agreement = ((shared + noise**2) / (most + noise**2)).max(axis=2)
    cover = cv2.erode(inside[:height, :width].astype(np.uint8), np.ones((CELL, CELL), np.uint8))[
        CELL // 2 :: CELL, CELL // 2 :: CELL
    ]
    cover = cv2.erode(cover, np.ones((cells, cells), np.uint8))
    contrast_left, contrast_right = variance_left[..., 0], variance[..., variance.shape[2] // 2]
    return Tiles(
        np.clip(agreement, -1, 1), np.sqrt(contrast_left), np.sqrt(contrast_right), cover > 0
    )


def _around(values: Raster, cells: int) -> Raster:
    return cv2.blur(values, (cells, cells), borderType=cv2.BORDER_REPLICATE)


def quantile(values: Raster, share: float) -> float:
    """The value that this share of the values lies below; NumPy's own takes longer to set out."""
    values = values.ravel()
    place = min(values.size - 1, int(share * values.size))
    return float(np.partition(values, place)[place])
