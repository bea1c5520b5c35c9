"""The best placement of one picture on another, from the cheapest idea to the dearest."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.comparison.cells import CELL
from scanning.engine.comparison.evidence import moved
from scanning.engine.comparison.grids import Grid, evenly_lit, laid
from scanning.engine.comparison.prepared import Prepared
from scanning.engine.comparison.refinement import HOPELESS, refined, settled
from scanning.engine.comparison.registration import Matrix, by_features, by_window, whole
from scanning.engine.comparison.tiles import Mask, Raster, Tiles, tile_agreement

cv2.setNumThreads(1)

COARSE: Final = 384  # px, the longest edge of the grid on which placements are judged
GOOD: Final = 0.85  # mean agreement at which no other placement is tried
CONTRAST: Final = 5.0  # grey levels of 50; tiles with less on both sides say nothing
AGREES: Final = 0.75
FEW: Final = 8  # tiles
SEEN: Final = 0.5  # of what one of the two shows, that has to lie in the overlap
LIGHT: Final = 6.0  # px over which the light may change
SHARED: Final = 0.1  # of the telling tiles: where both have to show something
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
        """The mean agreement of the telling tiles, -1 where hardly any tell something of both.

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
        plainer = np.minimum(self.tiles.left, self.tiles.right)[telling]
        if (plainer > CONTRAST).sum() < max(FEW, SHARED * telling.sum()):
            return empty
        return float(np.average(values[telling], weights=np.minimum(plainer, FULL) + 1))


def placed(left: Prepared, right: Prepared) -> Placed | None:
    """The placement under which the two agree best; None where there is nothing to go by."""
    best: Placed | None = None
    for placement, reach in _ideas(left, right):
        if reach:
            rough = refined(left, right, placement, edge=COARSE // 2, tile=24, reach=reach)
            if rough.follows < HOPELESS:
                continue
            placement = rough.placement
        placement = settled(left, right, placement, edge=COARSE, tile=32, reach=5).placement
        found = _judged(left, right, placement)
        if found and (best is None or found.mean > best.mean):
            best = found
            if best.mean >= GOOD:
                break
    return best


def _ideas(left: Prepared, right: Prepared) -> Iterator[tuple[Matrix, int]]:
    """Placements to try, each with how far off, in px of half the grid, it may be at first."""
    value, placement = whole(left, right)
    if value > 0.35:
        yield placement, 0 if value > 0.9 else 7
    found = by_features(left, right)
    if found:
        yield found[1], 4
        if found[0] > SURE:
            return
    window = by_window(left, right)
    if window and window[0] > 0.5:
        yield window[1], 7


def _judged(left: Prepared, right: Prepared, placement: Matrix) -> Placed | None:
    if not np.isfinite(placement).all() or abs(np.linalg.det(placement[:2, :2])) < 1e-3:
        return None
    grid = laid(left, right, placement, COARSE)
    if min(grid.left.shape) < CELL or grid.inside.sum() < 0.08 * grid.inside.size:
        return None
    even = evenly_lit(grid, LIGHT)
    tiles = tile_agreement(even.left, even.right, even.inside, cells=5, reach=1, noise=1.5)
    return Placed(placement, grid, tiles)


def covered(left: Prepared, right: Prepared, placement: Matrix) -> bool:
    """Whether the overlap holds at least SEEN of what is to be seen in one of the two.

    Plain ground does not count: a strip of a page laid on an empty sky shows nothing of either.
    """
    there = moved(placement, left.texture)
    back = moved(np.linalg.inv(placement), right.texture)
    return max(_within(there, right), _within(back, left)) >= SEEN


def _within(points: NDArray[np.float64], picture: Prepared) -> float:
    height, width = picture.shape
    x, y = points.T
    within = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    return float(within.mean()) if len(points) else 0.0
