"""Documents compared stroke by stroke: which ink of the one the other lacks."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.comparison.cells import CELL, Bytes, cell_means, share_of, third_highest
from scanning.engine.comparison.grids import laid, without_edge
from scanning.engine.comparison.ground import ground
from scanning.engine.comparison.prepared import Prepared
from scanning.engine.comparison.refinement import settled
from scanning.engine.comparison.registration import Matrix, between
from scanning.engine.comparison.resolution import alike, scale_of, shown_at
from scanning.engine.comparison.tiles import Mask, Raster, tile_agreement

cv2.setNumThreads(1)

FINE: Final = 1024  # px, the longest edge of the grid on which strokes are compared
STROKE: Final = 21  # px on that grid: whatever dark is thinner is a stroke
INK: Final = 100.0  # the level that full ink is brought to
HOLDS_INK: Final = 10.0  # contrast of a tile that holds strokes
LID: Final = 8  # cells from the edge up to which a scanner's lid may show
SOLID: Final = 0.3  # of the paper's brightness: cells darker than this hold no single strokes
CHANGED: Final = 0.62  # agreement below which the strokes of a tile are other strokes
DARK: Final = np.clip((np.arange(256) - 0.4 * INK) / 0.3, 0, INK).round().astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Strokes:
    """How the strokes of two sheets agree.

    left, right: the ink of either sheet, H x W, in units of INK; inside: where they overlap;
    agreement: tile by tile (rows and columns of CELL px), -1..1; telling: the tiles in the
    overlap that hold ink; resolution: px along the longest edge that the coarser one has for it.
    """

    left: Bytes
    right: Bytes
    inside: Mask
    agreement: Raster
    telling: Mask
    resolution: float

    def lacking(self, share: float = 0.6) -> tuple[Raster, Raster]:
        """The ink of the left and of the right of which the other has less than a share, by cells.

        Ink that something pale covers is still there.
        """
        return _lacking(self.left, self.right, share), _lacking(self.right, self.left, share)

    def dark(self) -> Raster:
        """The agreement of the dark strokes alone, 1 where neither side has any."""
        tiles = tile_agreement(
            _dark(self.left), _dark(self.right), self.inside, cells=3, reach=1, noise=5
        )
        holds = np.maximum(tiles.left, tiles.right) > HOLDS_INK
        return np.where(holds, tiles.agreement, 1).astype(np.float32)


def strokes(
    left: Prepared, right: Prepared, placement: Matrix, edge: int = FINE
) -> tuple[Matrix, Strokes]:
    """The strokes of two sheets compared on a grid of about `edge` px, and the finer placement.

    On less than the finest grid the placement is fine enough as it is.
    """
    pictures, shown = (left, right), alike(left, right, placement)
    matrix = shown_at(placement, pictures, shown)
    if edge == FINE:
        matrix = settled(*shown, matrix, edge=edge, tile=40, reach=5).placement
        placement = shown_at(matrix, shown, pictures)
    grid = laid(*shown, matrix, edge)
    height, width = (side // CELL * CELL for side in grid.left.shape)
    margin = max(CELL, round(0.015 * max(grid.left.shape)))
    # Near the edge there are shadows, holes, the scanner's lid.
    sheet = grid.inside & _sheets(left, right, placement, grid.inside.shape)
    inside = without_edge(sheet, margin)[:height, :width]
    one = _ink(grid.left, inside.shape, inside)
    other = _ink(grid.right, inside.shape, inside)
    tiles = tile_agreement(one, other, inside, cells=3, reach=1, noise=5)
    telling = tiles.inside & (np.maximum(tiles.left, tiles.right) > HOLDS_INK)
    levels = cell_means(grid.left), cell_means(grid.right)
    telling &= ~(_lid(levels[0], inside) | _lid(levels[1], inside))
    telling &= ~_solid(*levels)
    resolution = min(1.0, scale_of(placement)) * max(left.shape)
    return placement, Strokes(one, other, inside, tiles.agreement, telling, resolution)


def _sheets(left: Prepared, right: Prepared, placement: Matrix, shape: tuple[int, ...]) -> Mask:
    """Where the left one's grid shows the sheet itself on both sides, and no frame around it."""
    size = shape[0], shape[1]
    to_left = between(size, left.shape)
    shown = np.ones(size, np.uint8)
    for picture, matrix in ((left, to_left), (right, placement @ to_left)):
        if picture.sheet is not None:
            box = picture.sheet
            corners = np.array(
                [
                    [box.left, box.top],
                    [box.right, box.top],
                    [box.right, box.bottom],
                    [box.left, box.bottom],
                ]
            )
            back = np.linalg.inv(matrix)
            outline = np.clip(corners @ back[:2, :2].T + back[:2, 2], -30000, 30000)
            covered = np.zeros(size, np.uint8)
            cv2.fillConvexPoly(covered, np.round(outline * 16).astype(np.int32), 1, shift=4)
            shown &= covered
    return shown.view(np.bool_)


def _solid(left: Bytes, right: Bytes) -> Mask:
    """The cells in and around what is solid black on both sides: bars, redactions."""
    black = np.ones(left.shape, np.bool_)
    for levels in (left, right):
        black &= levels < SOLID * float(np.quantile(levels, 0.8))
    grown: Mask = cv2.dilate(black.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return grown


def _lid(levels: Bytes, inside: Mask) -> Mask:
    """The cells at the edge where a scanner shows its dark lid instead of the sheet."""
    dark: Bytes = (levels < 0.6 * float(np.quantile(levels, 0.8))).astype(np.uint8)
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)).astype(np.uint8)
    covered = cv2.resize(inside.astype(np.uint8), dark.shape[::-1], interpolation=cv2.INTER_NEAREST)
    border = cv2.copyMakeBorder(covered, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    edge = cv2.erode(border, np.ones((5, 5), np.uint8))[1:-1, 1:-1] == 0
    reach = 2 * LID + 1
    brim = cv2.erode(border, np.ones((reach, reach), np.uint8))[1:-1, 1:-1] == 0
    _, labels = cv2.connectedComponents(dark)
    lid = np.isin(labels, np.unique(labels[edge & (dark > 0)])) & (dark > 0)
    grown: Mask = (cv2.dilate(lid.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0) & brim
    return grown


def _dark(ink: Bytes) -> Bytes:
    """Ink of less than 40 % gone, ink of more than 70 % full: what a pale overlay leaves."""
    return np.asarray(cv2.LUT(ink, DARK))


def _lacking(ink: Bytes, other: Bytes, share: float) -> Raster:
    around = cv2.dilate(other, np.ones((3, 3), np.uint8))
    lacked: Raster = third_highest(cv2.addWeighted(ink, share, around, -1, 0)) / np.float32(share)
    return lacked


def _ink(values: Bytes, shape: tuple[int, ...], inside: Mask) -> Bytes:
    """The ink of a sheet, as bytes from 0 (paper) over INK (full) to 1.3 of it."""
    paper = ground(values, STROKE)
    # In solid black the paper is not to be seen, and no ink on it.
    least = 0.4 * float(np.quantile(paper[::8, ::8], 0.8))
    share = share_of(values, paper, least)[: shape[0], : shape[1]]
    counts = np.bincount(share[::3, ::3][inside[::3, ::3]], minlength=256)
    if not counts.sum():
        return np.zeros(shape, np.uint8)
    # Full ink: the middle of whatever is clearly ink.
    clear = counts * (np.arange(256) >= 0.5 * _quantile(counts, 0.998))
    full = max(_quantile(clear, 0.5), 0.02 * 255)
    scale = np.minimum(np.arange(256) * (INK / full), 1.3 * INK).round().astype(np.uint8)
    return cv2.LUT(np.ascontiguousarray(share), scale)


def _quantile(counts: NDArray[np.int64], share: float) -> float:
    return float(np.searchsorted(np.cumsum(counts), share * counts.sum()))
