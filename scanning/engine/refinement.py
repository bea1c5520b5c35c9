"""A placement made exact: tiles are looked for near their place, and the placement follows."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.grids import common_share, on_grid
from scanning.engine.registration import Matrix, Picture, scaling
from scanning.engine.tiles import Mask, Raster

cv2.setNumThreads(1)

MAX_TILES: Final = 64
MIN_TILES: Final = 5


def refined(
    left: Picture, right: Picture, placement: Matrix, *, edge: int, tile: int, reach: int
) -> Matrix:
    """The placement after one round of moving tiles of `tile` px by up to `reach` px.

    The round works on rasters of `edge` px at the longest. Unchanged where too few tiles hold
    anything to go by.
    """
    share = common_share(left, placement, edge)
    grid_left, grid_right, inside = on_grid(left, right, placement, share)
    found = _moves(grid_left, grid_right, inside, tile, reach)
    if len(found) < MIN_TILES:
        return placement
    change = _fit(found[:, 0:2], found[:, 2:4], found[:, 4])
    to_grid = scaling(grid_left.shape[1] / left.shape[1], grid_left.shape[0] / left.shape[0])
    return placement @ np.linalg.inv(to_grid) @ change @ to_grid


def _moves(left: Raster, right: Raster, inside: Mask, tile: int, reach: int) -> NDArray[np.float64]:
    """Rows of (x, y, moved x, moved y, agreement), one for each tile that was found."""
    spots = _spots(left, inside, tile, reach)
    rows = []
    for x, y in spots:
        piece = left[y : y + tile, x : x + tile]
        around = right[y - reach : y + tile + reach, x - reach : x + tile + reach]
        values = cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED)
        _, value, _, (at_x, at_y) = cv2.minMaxLoc(values)
        if value < 0.4:
            continue
        half = (tile - 1) / 2
        move_x = at_x - reach + _between(values[at_y], at_x)
        move_y = at_y - reach + _between(values[:, at_x], at_y)
        rows.append((x + half, y + half, x + half + move_x, y + half + move_y, value))
    return np.array(rows, np.float64).reshape(-1, 5)


def _spots(left: Raster, inside: Mask, tile: int, reach: int) -> list[tuple[int, int]]:
    """Corners of the tiles with the most contrast, spread over the overlap."""
    height, width = left.shape
    if min(height, width) < tile + 2 * reach + 2:
        return []
    size = (tile, tile)
    mean = cv2.boxFilter(left, -1, size)
    contrast = cv2.boxFilter(cv2.multiply(left, left), -1, size) - mean * mean
    contrast[~inside] = 0
    step = max(tile // 2, round((height * width / (2.5 * MAX_TILES)) ** 0.5))
    half = tile // 2
    ys, xs = np.mgrid[
        reach + half : height - half - reach : step, reach + half : width - half - reach : step
    ]
    here = contrast[ys, xs].ravel()
    best = np.argsort(-here, kind="stable")[:MAX_TILES]
    best = best[here[best] > 9]
    return [
        (int(x) - half, int(y) - half) for x, y in zip(xs.flat[best], ys.flat[best], strict=True)
    ]


def _between(values: Raster, at: int) -> float:
    """The top of the parabola through the highest value and its neighbours, -0.5..0.5."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, here, after = (float(v) for v in values[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.0 if bend > -1e-6 else min(0.5, max(-0.5, 0.5 * (before - after) / bend))


def _fit(
    start: NDArray[np.float64], end: NDArray[np.float64], trust: NDArray[np.float64]
) -> Matrix:
    """The affine change (a similarity while few tiles are known) that most tiles agree on.

    Least squares with weights that fall with the distance (Cauchy), from a median start.
    """
    offset = np.median(end - start, axis=0)
    matrix = np.eye(3)
    matrix[:2, 2] = offset
    for scale in (4.0, 2.0, 1.0, 0.6, 0.4, 0.4):
        predicted = start @ matrix[:2, :2].T + matrix[:2, 2]
        distance = np.hypot(*(end - predicted).T)
        weight = np.sqrt(trust**2 / (1 + (distance / scale) ** 2) ** 2)
        matrix = _solve(start, end, weight, full=len(start) >= 16)
    return matrix


def _solve(
    start: NDArray[np.float64], end: NDArray[np.float64], weight: NDArray[np.float64], *, full: bool
) -> Matrix:
    centre = start.mean(axis=0)
    x, y = (start - centre).T
    one, none = np.ones_like(x), np.zeros_like(x)
    if full:
        above = np.column_stack((x, y, one, none, none, none))
        below = np.column_stack((none, none, none, x, y, one))
    else:
        above = np.column_stack((x, -y, one, none))
        below = np.column_stack((y, x, none, one))
    # A little pull towards no change keeps the answer sound where tiles lie on one line.
    count = above.shape[1]
    still = np.array([1, 0, 0, 0, 1, 0.0]) if full else np.array([1, 0, 0, 0.0])
    pull = np.full(count, 1.0 + 0.02 * float(np.abs(start - centre).mean()))
    pull[[2, 5] if full else [2, 3]] = 0.0
    lines = np.vstack((above * weight[:, None], below * weight[:, None], np.diag(pull)))
    move = end - centre
    goal = np.concatenate((move[:, 0] * weight, move[:, 1] * weight, pull * still))
    answer, *_ = np.linalg.lstsq(lines, goal, rcond=None)
    matrix = np.eye(3)
    if full:
        matrix[0], matrix[1] = answer[0:3], answer[3:6]
    else:
        matrix[0] = answer[0], -answer[1], answer[2]
        matrix[1] = answer[1], answer[0], answer[3]
    matrix[:2, 2] += centre - matrix[:2, :2] @ centre
    return matrix
