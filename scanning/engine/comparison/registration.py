"""Where one picture lies in another: turned, mirrored, scaled, moved, cropped, a little skewed.

A placement is a 3 x 3 matrix that takes pixel positions (x, y, 1) of the left picture to pixel
positions of the right one; pixel centres are whole numbers.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.comparison.features import Features, same
from scanning.engine.comparison.prepared import Picture, Prepared
from scanning.engine.comparison.tiles import Raster

cv2.setNumThreads(1)

Matrix = NDArray[Any]  # 3 x 3 of float64

WINDOW: Final = 72  # px
MIN_INLIERS: Final = 12
REACH: Final = 4  # px by which a feature may miss its place
MANY: Final = 60  # features that agree, after which the mirror image is not tried
SHARES: Final = (0.5, 0.58, 0.66, 0.74, 0.82, 0.9, 0.97)


def scaling(x: float, y: float) -> Matrix:
    """From pixel positions to those of the same picture, x and y times as large."""
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1.0]])


def between(start: tuple[int, ...], end: tuple[int, ...]) -> Matrix:
    """From pixel positions to those of the same picture in another size, each (height, width)."""
    return scaling(end[1] / start[1], end[0] / start[0])


def orientation(shape: tuple[int, ...], turns: int, *, mirrored: bool) -> Matrix:
    """The placement of a picture of this shape, mirrored if asked, then turned by quarter turns.

    Turns are clockwise, and the mirror exchanges left and right.
    """
    height, width = shape
    matrix = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]]) if mirrored else np.eye(3)
    for _ in range(turns):
        matrix = np.array([[0.0, -1, height - 1], [1, 0, 0], [0, 0, 1]]) @ matrix
        height, width = width, height
    return matrix


def whole(left: Prepared, right: Prepared) -> tuple[float, Matrix]:
    """The whole of one laid on the whole of the other, in the best of the eight orientations.

    Returns the correlation of the two, -1..1, and the placement.
    """
    best, turns, mirrored = -2.0, 0, False
    for quarter in range(4):
        for mirror in (False, True):
            moved = np.rot90(left.plain[:, ::-1] if mirror else left.plain, -quarter)
            value = float((moved * right.plain).mean())
            if value > best + 1e-3:
                best, turns, mirrored = value, quarter, mirror
    placement = orientation(left.shape, turns, mirrored=mirrored)
    shape = left.shape[::-1] if turns % 2 else left.shape
    return best, between(shape, right.shape) @ placement


def by_features(left: Prepared, right: Prepared) -> tuple[int, Matrix] | None:
    """The similarity that most matching features agree on: how many, and the placement."""
    best = _agree(left.features, right.features)
    if best and best[0] >= MANY:
        return best
    found = _agree(left.features, right.mirrored_features)
    if found and (best is None or found[0] > best[0]):
        flip = np.array([[-1.0, 0, right.shape[1] - 1], [0, 1, 0], [0, 0, 1]])
        return found[0], flip @ found[1]
    return best


def _agree(one: Features, other: Features) -> tuple[int, Matrix] | None:
    start, end = same(one, other)
    if len(start) < MIN_INLIERS:
        return None
    matrix, inliers = cv2.estimateAffinePartial2D(
        start,
        end,
        method=cv2.RANSAC,
        ransacReprojThreshold=REACH * other.step,
        maxIters=1000,
        confidence=0.995,
    )
    count = int(inliers.sum())
    if count < MIN_INLIERS or not 0.15 < float(np.hypot(matrix[0, 0], matrix[1, 0])) < 7:
        return None
    return count, np.vstack([matrix, [0, 0, 1]])


def by_window(left: Prepared, right: Prepared) -> tuple[float, Matrix] | None:
    """One picture as a window of the other, found on small rasters in all eight orientations.

    Finds crops and pictures within a frame or a page where features are too few. Returns the
    correlation, 0..1, and the placement.
    """
    found = _window(left, right)
    swapped = _window(right, left)
    if swapped and (found is None or swapped[0] > found[0]):
        return swapped[0], np.linalg.inv(swapped[1])
    return found


def _window(outer: Prepared, inner: Prepared) -> tuple[float, Matrix] | None:
    """The placement (outer to inner) that shows the whole of `inner` in a part of `outer`."""
    ground = _highpass(_fitted(outer.at(2 * WINDOW / max(outer.shape)), WINDOW))
    base = inner.at(2 * WINDOW / max(inner.shape))
    best: tuple[float, Matrix] | None = None
    for lying in (False, True):
        shape = inner.shape[::-1] if lying else inner.shape
        for height, width in _sizes(ground.shape, shape):
            size = (height, width) if lying else (width, height)
            small = _highpass(cv2.resize(base, size, interpolation=cv2.INTER_AREA))
            for turns in (1, 3) if lying else (0, 2):
                for mirrored in (False, True):
                    turned = np.rot90(small[:, ::-1] if mirrored else small, -turns)
                    values = cv2.matchTemplate(
                        ground, np.ascontiguousarray(turned), cv2.TM_CCOEFF_NORMED
                    )
                    _, value, _, at = cv2.minMaxLoc(values)
                    if best is None or value > best[0]:
                        move = np.array([[1.0, 0, -at[0]], [0, 1, -at[1]], [0, 0, 1]])
                        turn = orientation(inner.shape, turns, mirrored=mirrored)
                        grow = between((height, width), shape)
                        to_ground = between(outer.shape, ground.shape)
                        best = value, np.linalg.inv(turn) @ grow @ move @ to_ground
    return best


def _sizes(ground: tuple[int, ...], shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Heights and widths at which a picture of this shape may lie within the ground."""
    fit = min(ground[0] / shape[0], ground[1] / shape[1])
    sizes = [(round(shape[0] * fit * share), round(shape[1] * fit * share)) for share in SHARES]
    return [size for size in sizes if min(size) >= 12]


def _fitted(picture: Picture, edge: int) -> Picture:
    share = min(1.0, edge / max(picture.shape))
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _highpass(picture: Picture) -> Raster:
    values = picture.astype(np.float32)
    return values - cv2.GaussianBlur(values, (0, 0), WINDOW / 12)
