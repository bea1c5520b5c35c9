"""Tiles that differ, joined to regions, and the regions as boxes."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanning.engine.comparison.cells import CELL
from scanning.engine.comparison.evidence import MAX_BOXES, Box
from scanning.engine.comparison.tiles import Mask, Raster

cv2.setNumThreads(1)

SPECK: Final = 2  # cells; fewer are no region


@dataclass(frozen=True, slots=True)
class Region:
    """Cells that differ and hang together."""

    cells: Mask  # over the whole grid
    left: int
    top: int
    width: int
    height: int
    weight: float  # how much differs, over all its cells


def regions(differs: Mask, weight: Raster, *, least: int = SPECK) -> list[Region]:
    """The regions of cells that differ, the weightiest first; cells within one cell are joined."""
    joined = cv2.dilate(differs.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    found = []
    for label in range(1, count):
        cells = (labels == label) & differs
        if cells.sum() < least:
            continue
        ys, xs = np.nonzero(cells)
        top, left = int(ys.min()), int(xs.min())
        found.append(
            Region(
                cells,
                left,
                top,
                int(xs.max()) - left + 1,
                int(ys.max()) - top + 1,
                float(weight[cells].sum()),
            )
        )
    return sorted(found, key=lambda region: (-region.weight, region.top, region.left))


def boxes(found: list[Region], grid: tuple[int, ...], *, margin: int = 0) -> tuple[Box, ...]:
    """The first MAX_BOXES regions as boxes on a grid of (height, width) px."""
    height, width = grid
    result = []
    for region in found[:MAX_BOXES]:
        left = max(0, (region.left - margin) * CELL)
        top = max(0, (region.top - margin) * CELL)
        right = min(width, (region.left + region.width + margin) * CELL)
        bottom = min(height, (region.top + region.height + margin) * CELL)
        result.append(
            Box(left / width, top / height, (right - left) / width, (bottom - top) / height)
        )
    return tuple(result)
