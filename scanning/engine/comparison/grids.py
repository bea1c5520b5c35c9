"""Two pictures on one grid, in the same sharpness and light."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanning.engine.comparison.cells import Bytes
from scanning.engine.comparison.prepared import Prepared
from scanning.engine.comparison.registration import Matrix, between
from scanning.engine.comparison.tiles import Mask

cv2.setNumThreads(1)

SPREAD: Final = 50.0  # grey levels: the contrast that both pictures are brought to
LEVEL: Final = 128  # the level that stands for neither light nor dark
BLURS: Final = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 2.8, 3.6)  # px
SAMPLE: Final = 288  # px: the middle part in which sharpness is measured


@dataclass(frozen=True, slots=True)
class Grid:
    """Two pictures on the left one's grid, H x W each, and where they overlap."""

    left: Bytes
    right: Bytes
    inside: Mask


def common_share(left: Prepared, placement: Matrix, edge: int) -> float:
    """How far to reduce the left picture: to `edge` px, and to what the right one can resolve."""
    step = float(np.sqrt(abs(np.linalg.det(placement[:2, :2]))))
    longest = max(left.shape)
    return float(min(1.0, edge / longest, 1.15 * max(step, 96 / longest)))


def on_grid(left: Prepared, right: Prepared, placement: Matrix, edge: int) -> Grid:
    """Both pictures on the left one's grid of about `edge` px, and where they overlap."""
    grid_left = left.at(common_share(left, placement, edge))
    height, width = grid_left.shape
    matrix = placement @ between(grid_left.shape, left.shape)
    # Shrink by areas first, or thin strokes break up.
    source = right.at(1 / max(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))))
    matrix = between(right.shape, source.shape) @ matrix
    grid_right = cv2.warpAffine(
        source,
        matrix[:2],
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    bottom, far = source.shape[0] - 1, source.shape[1] - 1
    corners = np.array([[0, 0], [far, 0], [far, bottom], [0, bottom]], np.float64)
    back = np.linalg.inv(matrix)
    outline = np.clip(corners @ back[:2, :2].T + back[:2, 2], -30000, 30000)
    covered = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(covered, np.round(outline * 16).astype(np.int32), 1, shift=4)
    return Grid(grid_left, grid_right, covered.view(np.bool_))


def without_edge(inside: Mask, margin: int) -> Mask:
    """The overlap without its outermost `margin` px."""
    seen = inside.astype(np.uint8)
    edge, _ = cv2.findContours(seen, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(seen, edge, -1, 0, 2 * margin + 1)
    return seen.view(np.bool_)


def laid(left: Prepared, right: Prepared, placement: Matrix, edge: int) -> Grid:
    """Both pictures on one grid of about `edge` px, the sharper one blurred to match."""
    grid = on_grid(left, right, placement, edge)
    return Grid(*_equally_sharp(grid), grid.inside)


def evenly_lit(grid: Grid, width: float) -> Grid:
    """The grid with equal contrast, without changes of light over more than `width` px."""

    def even(values: Bytes) -> Bytes:
        spread = float(cv2.meanStdDev(values, mask=seen)[1][0, 0])
        small = (max(1, values.shape[1] // 4), max(1, values.shape[0] // 4))
        light = cv2.GaussianBlur(
            cv2.resize(values, small, interpolation=cv2.INTER_AREA).astype(np.float32),
            (0, 0),
            width / 4,
        )
        light = cv2.resize(light, values.shape[::-1], interpolation=cv2.INTER_LINEAR)
        scale = SPREAD / (spread + 1)
        flat = cv2.addWeighted(values, scale, light, -scale, LEVEL, dtype=cv2.CV_32F)
        return flat.clip(0, 255).round().astype(np.uint8)

    seen = grid.inside.view(np.uint8)
    return Grid(even(grid.left), even(grid.right), grid.inside)


def _equally_sharp(grid: Grid) -> tuple[Bytes, Bytes]:
    left, right = grid.left, grid.right
    part = _middle(grid.inside)
    if part is None:
        return left, right
    fine_left, fine_right = _fineness(left[part]), _fineness(right[part])
    sharper, goal = (left, fine_right) if fine_left > fine_right else (right, fine_left)
    low, high = 0, len(BLURS)  # how many of the blurs leave it as fine as the other, at least
    while low < high:
        middle = (low + high) // 2
        if _fineness(cv2.GaussianBlur(sharper[part], (0, 0), BLURS[middle])) < goal:
            high = middle
        else:
            low = middle + 1
    if not low:
        return left, right
    blurred = cv2.GaussianBlur(sharper, (0, 0), BLURS[low - 1])
    return (blurred, right) if sharper is left else (left, blurred)


def _middle(inside: Mask) -> tuple[slice, slice] | None:
    """A square in the middle of the overlap, at most SAMPLE px wide; none where there is no room.

    The overlap is convex: a square whose corners lie inside lies inside.
    """
    ys, xs = np.nonzero(inside[::8, ::8])
    if not len(ys):
        return None
    y, x = int(np.median(ys)) * 8, int(np.median(xs)) * 8
    for half in (SAMPLE // 2, SAMPLE // 3, SAMPLE // 5, SAMPLE // 8, SAMPLE // 12):
        top, bottom = max(0, y - half), min(inside.shape[0], y + half)
        left, right = max(0, x - half), min(inside.shape[1], x + half)
        if inside[[top, top, bottom - 1, bottom - 1], [left, right - 1, left, right - 1]].all():
            return slice(top, bottom), slice(left, right)
    return None


def _fineness(values: Bytes) -> float:
    """The strength of the finest detail, relative to the contrast."""
    detail = cv2.meanStdDev(cv2.Laplacian(values, cv2.CV_16S))[1][0, 0]
    return float(detail / (cv2.meanStdDev(values)[1][0, 0] + 1e-3))
