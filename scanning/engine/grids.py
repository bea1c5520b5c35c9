"""Two pictures on one grid, in the same sharpness and light."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanning.engine.registration import Matrix, Picture, scaling
from scanning.engine.tiles import Mask, Raster

cv2.setNumThreads(1)

SPREAD: Final = 50.0  # grey levels: the contrast that both pictures are brought to
BLURS: Final = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 2.8, 3.6)  # px
SAMPLE: Final = 400  # px: the middle part in which sharpness is measured


@dataclass(frozen=True, slots=True)
class Grid:
    """Two pictures on the left one's grid, H x W each, and where they overlap."""

    left: Raster
    right: Raster
    inside: Mask


def common_share(left: Picture, placement: Matrix, edge: int) -> float:
    """How far to reduce the left picture: to `edge` px, and to what the right one can resolve."""
    step = float(np.sqrt(abs(np.linalg.det(placement[:2, :2]))))
    longest = max(left.shape)
    return float(min(1.0, edge / longest, 1.15 * max(step, 96 / longest)))


def on_grid(
    left: Picture, right: Picture, placement: Matrix, share: float
) -> tuple[Raster, Raster, Mask]:
    """Both pictures on the left one's grid, `share` times as large, and where they overlap."""
    size = (max(1, round(left.shape[1] * share)), max(1, round(left.shape[0] * share)))
    to_left = np.linalg.inv(scaling(size[0] / left.shape[1], size[1] / left.shape[0]))
    grid_left = left
    if size != (left.shape[1], left.shape[0]):
        grid_left = cv2.resize(left, size, interpolation=cv2.INTER_AREA)
    matrix = placement @ to_left
    step = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if step > 1.2:  # shrink by areas first, or thin strokes break up
        shrunk = cv2.resize(
            right,
            (max(1, round(right.shape[1] / step)), max(1, round(right.shape[0] / step))),
            interpolation=cv2.INTER_AREA,
        )
        matrix = (
            scaling(shrunk.shape[1] / right.shape[1], shrunk.shape[0] / right.shape[0]) @ matrix
        )
        right = shrunk
    grid_right = cv2.warpAffine(
        right,
        matrix[:2],
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    corners = np.array(
        [
            [0, 0],
            [right.shape[1] - 1, 0],
            [right.shape[1] - 1, right.shape[0] - 1],
            [0, right.shape[0] - 1],
        ],
        np.float64,
    )
    back = np.linalg.inv(matrix)
    outline = np.clip(corners @ back[:2, :2].T + back[:2, 2], -30000, 30000)
    covered = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(covered, np.round(outline * 16).astype(np.int32), 1, shift=4)
    inside: Mask = covered.view(np.bool_)
    return grid_left.astype(np.float32), grid_right.astype(np.float32), inside


def laid(left: Picture, right: Picture, placement: Matrix, edge: int) -> Grid:
    """Both pictures on one grid of at most `edge` px, the sharper one blurred to match."""
    one, other, inside = on_grid(left, right, placement, common_share(left, placement, edge))
    one, other = _equally_sharp(one, other, inside)
    return Grid(one, other, inside)


def evenly_lit(grid: Grid, width: float) -> Grid:
    """The grid with equal contrast, without changes of light over more than `width` px."""

    def even(values: Raster) -> Raster:
        seen = values[grid.inside]
        scaled = (values - seen.mean()) * (SPREAD / (seen.std() + 1))
        flat: Raster = scaled - cv2.GaussianBlur(scaled, (0, 0), width)
        return flat

    return Grid(even(grid.left), even(grid.right), grid.inside)


def _equally_sharp(left: Raster, right: Raster, inside: Mask) -> tuple[Raster, Raster]:
    ys, xs = np.nonzero(inside[::8, ::8])
    if len(ys) < 4:
        return left, right
    y, x = int(np.median(ys)) * 8, int(np.median(xs)) * 8
    part = np.s_[
        max(0, y - SAMPLE // 2) : y + SAMPLE // 2, max(0, x - SAMPLE // 2) : x + SAMPLE // 2
    ]
    seen = inside[part]
    if seen.sum() < 400:
        return left, right
    fine_left, fine_right = _fineness(left[part], seen), _fineness(right[part], seen)
    sharper, goal = (left, fine_right) if fine_left > fine_right else (right, fine_left)
    blur = 0.0
    for candidate in BLURS:
        if _fineness(cv2.GaussianBlur(sharper[part], (0, 0), candidate), seen) < goal:
            break
        blur = candidate
    if not blur:
        return left, right
    blurred = cv2.GaussianBlur(sharper, (0, 0), blur)
    return (blurred, right) if sharper is left else (left, blurred)


def _fineness(values: Raster, inside: Mask) -> float:
    """The strength of the finest detail, relative to the contrast."""
    detail = cv2.Laplacian(values, cv2.CV_32F)[inside]
    return float(np.sqrt((detail * detail).mean()) / (values[inside].std() + 1e-3))
