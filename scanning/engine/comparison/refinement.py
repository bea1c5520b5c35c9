"""A placement made exact: tiles are looked for near their place, and the placement follows."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.comparison.cells import CELL, Bytes, correlations, moments
from scanning.engine.comparison.grids import Grid, on_grid
from scanning.engine.comparison.prepared import Prepared
from scanning.engine.comparison.registration import Matrix, between
from scanning.engine.comparison.tiles import Mask, Raster

cv2.setNumThreads(1)

MAX_TILES: Final = 48
MIN_TILES: Final = 5
SETTLED: Final = 2.5  # px of the grid
FOUND: Final = 0.4  # agreement from which on a tile counts as found
MISSED: Final = 1.5  # px of the grid by which a tile may miss its place
HOPELESS: Final = 0.25  # of the tiles; of two different pictures fewer lie where they should


@dataclass(frozen=True, slots=True)
class Refined:
    """A placement after a round, and the share of the tiles tried that lie where it says."""

    placement: Matrix
    follows: float


def refined(
    left: Prepared, right: Prepared, placement: Matrix, *, edge: int, tile: int, reach: int
) -> Refined:
    """The placement after one round of moving tiles of `tile` px by up to `reach` px.

    The round works on rasters of about `edge` px; `tile` is a whole number of cells. Unchanged
    where too few tiles hold anything to go by.
    """
    grid = on_grid(left, right, placement, edge)
    tried, found = _moves(grid, tile, reach)
    if len(found) < MIN_TILES:
        return Refined(placement, 0.0)
    start, end = found[:, 0:2], found[:, 2:4]
    change = _fit(start, end, found[:, 4])
    missed = np.hypot(*(end - start @ change[:2, :2].T - change[:2, 2]).T)
    to_grid = between(left.shape, grid.left.shape)
    placement = placement @ np.linalg.inv(to_grid) @ change @ to_grid
    return Refined(placement, float((missed < MISSED).sum() / tried))


def settled(
    left: Prepared, right: Prepared, placement: Matrix, *, edge: int, tile: int, reach: int
) -> Refined:
    """The placement refined until a round moves no corner by much, in three rounds at most."""
    share = min(1.0, edge / max(left.shape))
    corners = np.array([[0, 0, 1], [left.shape[1], 0, 1], [0, left.shape[0], 1]], np.float64).T
    for _ in range(3):
        found = refined(left, right, placement, edge=edge, tile=tile, reach=reach)
        step = float(np.sqrt(abs(np.linalg.det(placement[:2, :2]))))
        moved = float(np.abs((found.placement - placement) @ corners).max())
        placement = found.placement
        if moved * share < SETTLED * step or found.follows < HOPELESS:
            break
    return found


def _moves(grid: Grid, tile: int, reach: int) -> tuple[int, NDArray[np.float64]]:
    """How many tiles were tried, and of those found the x, y, moved x, moved y, and agreement."""
    spots = _spots(grid.left, grid.inside, tile, reach)
    tables = correlations(grid.left, grid.right, spots, tile, reach)
    span = 2 * reach + 1
    best = tables.reshape(-1, span * span).argmax(axis=1)
    number = np.arange(len(spots))
    at_y, at_x = best // span, best % span
    value = tables[number, at_y, at_x]
    move_x = at_x - reach + _between(tables[number, at_y], at_x)
    move_y = at_y - reach + _between(tables[number, :, at_x], at_y)
    start = spots + (tile - 1) / 2
    rows = np.column_stack((start, start + np.column_stack((move_x, move_y)), value))
    return len(spots), rows[value >= FOUND]


def _spots(left: Bytes, inside: Mask, tile: int, reach: int) -> NDArray[np.int64]:
    """Corners (x, y) of the tiles with the most contrast, spread over the overlap."""
    height, width = left.shape
    if min(height, width) < tile + 2 * reach + 2 * CELL:
        return np.empty((0, 2), np.int64)
    cells = tile // CELL
    # cv2.blur puts an even window half a cell up and left of its middle: so does `// 2` below.
    mean, square = (cv2.blur(values, (cells, cells)) for values in moments(left))
    contrast = square - mean * mean
    step = max(cells // 2, round((contrast.size / (2.5 * MAX_TILES)) ** 0.5))
    rows, columns = contrast.shape
    edge = -(-reach // CELL)  # cells that the search may not leave
    first, last = cells // 2 + edge, (cells - 1) // 2 + edge
    ys, xs = np.mgrid[first : rows - last : step, first : columns - last : step]
    here = np.where(inside[ys * CELL, xs * CELL], contrast[ys, xs], 0).ravel()
    best = np.argsort(-here, kind="stable")[:MAX_TILES]
    best = best[here[best] > 9]
    return (np.column_stack((xs.flat[best], ys.flat[best])) - cells // 2) * CELL


def _between(values: Raster, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Row by row the top of the parabola through the value `at` a place and its neighbours.

    It lies -0.5..0.5 from that place, which is the highest of its row; 0 at either end.
    """
    last = values.shape[1] - 1
    row, place = np.arange(len(at)), np.clip(at, 1, last - 1)
    before, here, after = (values[row, place + step].astype(np.float64) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    bent = (bend <= -1e-6) & (at > 0) & (at < last)
    top = 0.5 * (before - after) / np.where(bent, bend, 1)
    result: NDArray[np.float64] = np.where(bent, np.clip(top, -0.5, 0.5), 0)
    return result


def _fit(
    start: NDArray[np.float64], end: NDArray[np.float64], trust: NDArray[np.float64]
) -> Matrix:
    """The affine change (a similarity while few tiles are known) that most tiles agree on.

    Least squares with weights that fall with the distance (Cauchy), from a median start.
    """
    full = len(start) >= 16
    centre = start.mean(axis=0)
    lines = _lines(start - centre, full=full)
    # A little pull towards no change keeps the answer sound where tiles lie on one line.
    pull = np.full(lines.shape[1], (1.0 + 0.02 * float(np.abs(start - centre).mean())) ** 2)
    pull[[2, 5] if full else [2, 3]] = 1e-9
    still = np.eye(2, 3).ravel() if full else np.array([1.0, 0, 0, 0])
    goal = (end - centre).T.ravel()
    offset = np.median(end - start, axis=0)
    missed = np.hypot(*(end - start - offset).T)
    for scale in (4.0, 2.0, 1.0, 0.6, 0.4, 0.4):
        weight = np.tile((trust / (1 + (missed / scale) ** 2)) ** 2, 2)
        square = (lines * weight[:, None]).T @ lines + np.diag(pull)
        answer = np.linalg.solve(square, lines.T @ (weight * goal) + pull * still)
        missed = np.hypot(*(goal - lines @ answer).reshape(2, -1))
    matrix = np.eye(3)
    if full:
        matrix[:2] = answer.reshape(2, 3)
    else:
        a, b, x, y = answer
        matrix[:2] = (a, -b, x), (b, a, y)
    matrix[:2, 2] += centre - matrix[:2, :2] @ centre
    return matrix


def _lines(start: NDArray[np.float64], *, full: bool) -> NDArray[np.float64]:
    """The equations of an affine change, or of a similarity: all for x, then all for y."""
    x, y = start.T
    one, none = np.ones_like(x), np.zeros_like(x)
    if full:
        above = np.column_stack((x, y, one, none, none, none))
        return np.vstack((above, np.roll(above, 3, axis=1)))
    return np.vstack((np.column_stack((x, -y, one, none)), np.column_stack((y, x, none, one))))
