"""Photographs, films and whatever else is no sheet: judged by how much of them agrees."""

from typing import Final

import cv2
import numpy as np

from scanning.engine.comparison.finding import Finding
from scanning.engine.comparison.grids import evenly_lit
from scanning.engine.comparison.model import PHOTOGRAPH, probability, verdict
from scanning.engine.comparison.placing import CONTRAST, FEW, LIGHT, Placed
from scanning.engine.comparison.regions import Region, boxes, regions
from scanning.engine.comparison.tiles import Mask, Tiles, tile_agreement

cv2.setNumThreads(1)

DIFFERS: Final = 0.5  # agreement below which a tile differs
OTHER: Final = 0.4  # agreement of a small tile that shows something else
CLEAR: Final = 20.0  # contrast of a tile that shows something clear
SHINES: Final = 0.55  # the agreement of a single cell through which the picture below shines
THROUGH: Final = 0.33  # the share of such cells in a region that something pale was laid over
THIN: Final = 0.25  # of such a region, in which both show something clear
MARGIN: Final = 0.27  # of the overlap, from its edge: where captions, logos and dates lie
MUCH: Final = 0.005  # of the overlap
FINE_LIGHT: Final = 3.0  # px: only detail finer than this is left
NEXT_TO: Final = 0.08  # of the overlap: how near to the edge such things begin


def judged(found: Placed) -> Finding:
    """The finding on two photographs laid on each other."""
    agreement = np.where(found.telling, found.tiles.agreement, 1)
    differing = regions(agreement < DIFFERS, 1 - agreement, least=4)
    replaced = _replaced(found, differing)
    measures = measured(found, replaced)
    same = probability(PHOTOGRAPH, measures)
    answer = verdict(same)
    if answer == "near":
        differing = differing or _small(found)
        reason = "overlay_added" if differing else "same_picture"
    elif answer == "undecided":
        reason = "unclear"
    else:
        reason = "parts_differ" if found.mean > DIFFERS else "other_scene"
    return Finding(
        answer,
        reason,
        same,
        boxes(replaced if replaced and answer != "near" else differing, found.grid.left.shape),
        float(agreement.min()),
        found.mean,
        found.share,
        found.placement,
    )


def measures_of(found: Placed) -> dict[str, float]:
    """What the model for photographs looks at."""
    agreement = np.where(found.telling, found.tiles.agreement, 1)
    return measured(found, _replaced(found, regions(agreement < DIFFERS, 1 - agreement, least=4)))


def measured(found: Placed, replaced: list[Region]) -> dict[str, float]:
    """mean: how much agrees; detail: how much of the finest that both show does; hidden: how much
    is replaced, 1 from MUCH on.

    Two films of one patient, taken alike, agree in all that is large and smooth. Ribs and vessels
    lie a little elsewhere, and the finest detail is another.
    """
    hidden = sum(int(region.cells.sum()) for region in replaced)
    return {
        "mean": found.mean,
        "detail": _detail(found),
        "hidden": min(1.0, hidden / (MUCH * max(1, int(found.tiles.inside.sum())))),
    }


def _detail(found: Placed) -> float:
    even = evenly_lit(found.grid, FINE_LIGHT)
    tiles = tile_agreement(even.left, even.right, even.inside, cells=3, reach=1, noise=1.5)
    fine = Placed(found.placement, found.grid, tiles)
    # A soft picture has no finer detail that could be another one.
    return fine.share if fine.telling.sum() >= FEW else found.mean


def _replaced(found: Placed, differing: list[Region]) -> list[Region]:
    """Where both show something clear, but not the same, and nothing was laid over.

    What is laid over a picture (a caption, a logo, a date) lies along its edge, or lets it shine
    through; what is replaced in its midst makes it another picture.
    """
    tiles = found.tiles
    clear = np.minimum(tiles.left, tiles.right) > CLEAR
    other = found.telling & clear & (tiles.agreement < DIFFERS)
    if not other.any():
        return []
    cells = _cells(found)
    for region in differing:
        thin = clear[region.cells].mean() < THIN
        if _along_edge(region, tiles.inside) or (thin and _shines_through(cells, region)):
            other &= ~region.cells
    return regions(other, 1 - tiles.agreement, least=4)


def _small(found: Placed) -> list[Region]:
    """What is too small for whole tiles to notice: a date, a short name in a corner."""
    even = evenly_lit(found.grid, LIGHT)
    tiles = tile_agreement(even.left, even.right, even.inside, cells=3, reach=1, noise=1.5)
    told = tiles.inside & (np.maximum(tiles.left, tiles.right) > CLEAR)
    return regions(told & (tiles.agreement < OTHER), 1 - tiles.agreement, least=4)


def _cells(found: Placed) -> Tiles:
    """How single cells agree: between and within the letters of a watermark they do."""
    even = evenly_lit(found.grid, LIGHT)
    return tile_agreement(even.left, even.right, even.inside, cells=1, reach=1, noise=1.5)


def _shines_through(cells: Tiles, region: Region) -> bool:
    told = region.cells & (np.maximum(cells.left, cells.right) > CONTRAST)
    return bool(told.any()) and float((cells.agreement[told] > SHINES).mean()) > THROUGH


def _along_edge(region: Region, inside: Mask) -> bool:
    rows, columns = np.nonzero(inside)
    top, bottom = int(rows.min()), int(rows.max()) + 1
    left, right = int(columns.min()), int(columns.max()) + 1
    height, width = bottom - top, right - left
    flat, slim = region.height <= MARGIN * height, region.width <= MARGIN * width
    near_y = min(region.top - top, bottom - region.top - region.height)
    near_x = min(region.left - left, right - region.left - region.width)
    level = flat and near_y <= max(1, NEXT_TO * height)
    upright = slim and near_x <= max(1, NEXT_TO * width)
    return level or upright
