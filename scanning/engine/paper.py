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
LID: Final = 8  # cells from the edge up to which a scanner's lid may show
SOLID: Final = 0.3  # of the paper's brightness: cells darker than this hold no single strokes
SETTLED: Final = 2.5  # px
CHANGED: Final = 0.62  # agreement below which the strokes of a tile are other strokes


@dataclass(frozen=True, slots=True)
class Strokes:
    """How the strokes of two sheets agree.

    left, right: the ink of either sheet, H x W, in units of INK; inside: where they overlap;
    agreement: tile by tile (rows and columns of CELL px), -1..1; telling: the tiles in the
    overlap that hold ink.
    """

    left: Raster
    right: Raster
    inside: Mask
    agreement: Raster
    telling: Mask

    def lacking(self) -> tuple[Raster, Raster]:
        """The ink of the left and of the right that the other has nothing of, cell by cell.

        Ink that something pale covers is still there.
        """
        return _lacking(self.left, self.right), _lacking(self.right, self.left)

    def dark(self) -> Raster:
        """The agreement of the dark strokes alone, 1 where neither side has any."""
        tiles = tile_agreement(
            _dark(self.left), _dark(self.right), self.inside, cells=3, reach=1, noise=5
        )
        holds = np.maximum(tiles.left, tiles.right) > HOLDS_INK
        return np.where(holds, tiles.agreement, 1).astype(np.float32)


def is_paper(picture: Picture) -> bool:
    """Whether a picture is mostly bright, flat ground with thin dark strokes here and there."""
    share = 384 / max(picture.shape)
    small = picture
    if share < 1:
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    values = small.astype(np.float32)
    ground = _ground(values, 9)
    bright = float(np.quantile(ground[::2, ::2], 0.9))
    ink = (ground - values) / np.maximum(ground, 20)
    smooth = cv2.GaussianBlur(ground, (0, 0), 1.5)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8
    covered = cv2.resize((ink > 0.2).astype(np.float32), (24, 24), interpolation=cv2.INTER_AREA)
    return (
        bright > 90
        and float((ground > 0.72 * bright).mean()) > 0.75
        and float((slope < 0.006 * bright).mean()) > 0.76
        and float((covered > 0.02).mean()) > 0.12
        and 0.015 < float((ink > 0.15).mean()) < 0.45
    )


def strokes(left: Picture, right: Picture, placement: Matrix) -> tuple[Matrix, Strokes]:
    """The strokes of two sheets compared on a fine grid, and the finer placement."""
    placement = _settled(left, right, placement)
    grid = laid(left, right, placement, FINE)
    height, width = (side // CELL * CELL for side in grid.left.shape)
    margin = max(CELL, round(0.015 * max(grid.left.shape)))
    inside = _shrunk(grid.inside, margin)[:height, :width]
    one = _ink(grid.left, inside.shape, inside)
    other = _ink(grid.right, inside.shape, inside)
    tiles = tile_agreement(one, other, inside, cells=3, reach=1, noise=5)
    telling = tiles.inside & (np.maximum(tiles.left, tiles.right) > HOLDS_INK)
    telling &= ~(_lid(grid.left, inside) | _lid(grid.right, inside))
    telling &= ~_solid(grid.left, grid.right, telling.shape)
    return placement, Strokes(one, other, inside, tiles.agreement, telling)


def _solid(left: Raster, right: Raster, shape: tuple[int, ...]) -> Mask:
    """The cells in and around what is solid black on both sides: bars, redactions."""
    rows, columns = shape
    black = np.ones(shape, np.bool_)
    for values in (left, right):
        part = values[: rows * CELL, : columns * CELL]
        small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
        black &= small < SOLID * float(np.quantile(small, 0.8))
    grown: Mask = cv2.dilate(black.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return grown


def _lid(values: Raster, inside: Mask) -> Mask:
    """The cells at the edge where a scanner shows its dark lid instead of the sheet."""
    rows, columns = inside.shape[0] // CELL, inside.shape[1] // CELL
    small = cv2.resize(
        values[: rows * CELL, : columns * CELL], (columns, rows), interpolation=cv2.INTER_AREA
    )
    dark: Picture = (small < 0.6 * float(np.quantile(small, 0.8))).astype(np.uint8)
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)).astype(np.uint8)
    covered = cv2.resize(inside.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST)
    border = cv2.copyMakeBorder(covered, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    edge = cv2.erode(border, np.ones((5, 5), np.uint8))[1:-1, 1:-1] == 0
    reach = 2 * LID + 1
    brim = cv2.erode(border, np.ones((reach, reach), np.uint8))[1:-1, 1:-1] == 0
    _, labels = cv2.connectedComponents(dark)
    lid = np.isin(labels, np.unique(labels[edge & (dark > 0)])) & (dark > 0)
    grown: Mask = (cv2.dilate(lid.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0) & brim
    return grown


def _settled(left: Picture, right: Picture, placement: Matrix) -> Matrix:
    """The placement refined on the fine grid, once more where that moved a corner by much."""
    corners = np.array([[0, 0, 1], [left.shape[1], 0, 1], [0, left.shape[0], 1]], np.float64).T
    for _ in range(3):
        before = placement
        placement = refined(left, right, before, edge=FINE, tile=48, reach=5)
        if float(np.abs((placement - before) @ corners).max()) < SETTLED:
            break
    return placement


def _dark(ink: Raster) -> Raster:
    """Ink of less than 40 % gone, ink of more than 70 % full: what a pale overlay leaves."""
    return np.clip((ink - 0.4 * INK) / 0.3, 0, INK).astype(np.float32)


def _lacking(ink: Raster, other: Raster) -> Raster:
    around = cv2.dilate(other, np.ones((3, 3), np.uint8))
    return _top(np.maximum(cv2.addWeighted(ink, 0.6, around, -1, 0), 0))


def _ground(values: Raster, size: int) -> Raster:
    """The paper under the strokes: a morphological closing, with the edge pixels repeated."""
    padded = cv2.copyMakeBorder(values, size, size, size, size, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    return closed[size:-size, size:-size]


def _ink(values: Raster, shape: tuple[int, ...], inside: Mask) -> Raster:
    ground = _ground(values, STROKE)
    # In solid black the paper is not to be seen, and no ink on it.
    least = 0.4 * float(np.quantile(ground[::8, ::8], 0.8))
    ink = cv2.divide(cv2.subtract(ground, values), np.maximum(ground, least + 1))
    ink = ink[: shape[0], : shape[1]]
    seen = ink[::3, ::3][inside[::3, ::3]]
    if not len(seen):
        return np.zeros(shape, np.float32)
    # Full ink: the middle of whatever is clearly ink.
    full = float(np.median(seen[seen >= 0.5 * np.quantile(seen, 0.998)]))
    level: Raster = np.minimum(ink * (INK / max(full, 0.02)), 1.3 * INK)
    return level


def _shrunk(inside: Mask, margin: int) -> Mask:
    """Without what lies near the edge of either picture: shadows, holes, the scanner's lid."""
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    padded = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    result: Mask = cv2.erode(padded, kernel)[1:-1, 1:-1] > 0
    return result


def _top(values: Raster) -> NDArray[np.float32]:
    """The third highest value of each cell: a stroke is more than a speck."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    cells = (
        values.reshape(rows, CELL, columns, CELL).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    )
    top: NDArray[np.float32] = np.partition(cells, -3, axis=2)[:, :, -3]
    return top
