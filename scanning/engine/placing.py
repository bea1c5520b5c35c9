"""The best placement of one picture on another, from the cheapest idea to the dearest."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanning.engine.grids import Grid, evenly_lit, laid
from scanning.engine.refinement import refined
from scanning.engine.registration import Matrix, Picture, by_features, by_window, whole
from scanning.engine.tiles import Mask, Raster, Tiles, tile_agreement

cv2.setNumThreads(1)

COARSE: Final = 384  # px, the longest edge of the grid on which placements are judged
GOOD: Final = 0.8  # mean agreement at which no other placement is tried
CONTRAST: Final = 5.0  # grey levels of 50; tiles with less on both sides say nothing
AGREES: Final = 0.75
FEW: Final = 8  # tiles
FULL: Final = 20.0  # contrast at which a tile counts in full
SURE: Final = 24  # features that agree, at which no window is tried


@dataclass(frozen=True, slots=True)
class Placed:
    """A placement, the coarse grid it gives, and how the tiles on that grid agree."""

    placement: Matrix
    grid: Grid
    tiles: Tiles

    @property
    def telling(self) -> Mask:
        """The tiles in the overlap that hold anything on either side."""
        tiles = self.tiles
        return tiles.inside & (np.maximum(tiles.left, tiles.right) > CONTRAST)

    @property
    def mean(self) -> float:
        """The mean agreement of the telling tiles, -1 where there are hardly any.

        A tile counts by the contrast of its plainer side: what one side alone shows, such as a
        watermark on a plain ground, says little about the rest.
        """
        return self._weighted(self.tiles.agreement, -1.0)

    @property
    def share(self) -> float:
        """The share of the telling tiles that agree, weighted in the same way."""
        return self._weighted(self.tiles.agreement >= AGREES, 0.0)

    def _weighted(self, values: Raster, empty: float) -> float:
        telling = self.telling
        if telling.sum() < FEW:
            return empty
        plainer = np.minimum(self.tiles.left, self.tiles.right)[telling]
        return float(np.average(values[telling], weights=np.minimum(plainer, FULL) + 1))


def placed(left: Picture, right: Picture) -> Placed | None:
    """The placement under which the two agree best; None where there is nothing to go by."""
    best: Placed | None = None
    for placement, moves in _ideas(left, right):
        for edge, tile, reach in moves:
            placement = refined(left, right, placement, edge=edge, tile=tile, reach=reach)
        found = _judged(left, right, placement)
        if found and (best is None or found.mean > best.mean):
            best = found
            if best.mean >= GOOD:
                break
    return best


def _ideas(
    left: Picture, right: Picture
) -> Iterator[tuple[Matrix, tuple[tuple[int, int, int], ...]]]:
    """Placements to try, each with its rounds of refinement: edge, tile and reach in px."""
    value, placement = whole(left, right)
    if value > 0.9:
        yield placement, ((COARSE, 32, 5),)
    elif value > 0.35:
        yield placement, ((192, 24, 7), (COARSE, 32, 5))
    found = by_features(left, right)
    if found:
        yield found[1], ((192, 24, 4), (COARSE, 32, 5))
        if found[0] > SURE:
            return
    window = by_window(left, right)
    if window and window[0] > 0.5:
        yield window[1], ((192, 24, 7), (COARSE, 32, 5))


def _judged(left: Picture, right: Picture, placement: Matrix) -> Placed | None:
    if not np.isfinite(placement).all() or abs(np.linalg.det(placement[:2, :2])) < 1e-3:
        return None
    grid = laid(left, right, placement, COARSE)
    if grid.inside.sum() < 0.08 * grid.inside.size:
        return None
    even = evenly_lit(grid, 6)
    tiles = tile_agreement(even.left, even.right, even.inside, cells=5, reach=1, noise=1.5)
    return Placed(placement, grid, tiles)
