"""Where one picture lies in another: turned, mirrored, scaled, moved, cropped, a little skewed.

A placement is a 3 x 3 matrix that takes pixel positions (x, y, 1) of the left picture to pixel
positions of the right one; pixel centres are whole numbers.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.tiles import Raster

cv2.setNumThreads(1)

Picture = NDArray[Any]  # H x W of uint8
Matrix = NDArray[Any]  # 3 x 3 of float64

SMALL: Final = 64
WINDOW: Final = 72
ORB_EDGE: Final = 512
MIN_INLIERS: Final = 12
SHARES: Final = (0.5, 0.58, 0.66, 0.74, 0.82, 0.9, 0.97)


def scaling(x: float, y: float) -> Matrix:
    """From pixel positions to those of the same picture, x and y times as large."""
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1.0]])


def reduced(picture: Picture, edge: int) -> Picture:
    """The picture with its longest edge at most `edge` px."""
    share = edge / max(picture.shape)
    if share >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def oriented(picture: Picture, turns: int, *, mirrored: bool) -> Picture:
    """The picture, mirrored left to right if asked, then turned clockwise by quarter turns."""
    return np.ascontiguousarray(np.rot90(picture[:, ::-1] if mirrored else picture, -turns))


def orientation(shape: tuple[int, ...], turns: int, *, mirrored: bool) -> Matrix:
    """The placement of a picture of this shape in its `oriented` version."""
    height, width = shape
    matrix = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]]) if mirrored else np.eye(3)
    for _ in range(turns):
        matrix = np.array([[0.0, -1, height - 1], [1, 0, 0], [0, 0, 1]]) @ matrix
        height, width = width, height
    return matrix


def whole(left: Picture, right: Picture) -> tuple[float, Matrix]:
    """The whole of one laid on the whole of the other, in the best of the eight orientations.

    Returns the correlation of the two, -1..1, and the placement.
    """
    one = _plain(left, SMALL, SMALL)
    other = _plain(right, SMALL, SMALL)
    best, turns, mirrored = -2.0, 0, False
    for quarter in range(4):
        for mirror in (False, True):
            moved = np.rot90(one[:, ::-1] if mirror else one, -quarter)
            value = float((moved * other).mean())
            if value > best + 1e-3:
                best, turns, mirrored = value, quarter, mirror
    placement = orientation(left.shape, turns, mirrored=mirrored)
    shape = left.shape[::-1] if turns % 2 else left.shape
    return best, scaling(right.shape[1] / shape[1], right.shape[0] / shape[0]) @ placement


def _plain(picture: Picture, width: int, height: int) -> Raster:
    """A small raster without slow changes of light, with mean 0 and variance 1."""
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = small - cv2.GaussianBlur(small, (0, 0), width / 8)
    small = small - small.mean()
    plain: Raster = small / (small.std() + 1e-3)
    return plain


class Features:
    """ORB features of a picture at ORB_EDGE px (Rublee et al., ORB, ICCV 2011)."""

    def __init__(self, picture: Picture, count: int = 800) -> None:
        small = reduced(picture, ORB_EDGE)
        self.scale = scaling(picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0])
        detector = cv2.ORB_create(count, 1.25, 6, edgeThreshold=16, fastThreshold=8)  # type: ignore[attr-defined]  # cv2 stubs lack it
        points, codes = detector.detectAndCompute(small, None)
        self.points = np.array([p.pt for p in points], np.float64).reshape(-1, 2)
        self.codes = codes


def by_features(left: Picture, right: Picture) -> tuple[int, Matrix] | None:
    """The similarity that most matching features agree on: how many, and the placement."""
    one = Features(left)
    best: tuple[int, Matrix] | None = None
    for mirrored in (False, True):
        other = Features(np.ascontiguousarray(right[:, ::-1]) if mirrored else right)
        found = _agree(one, other)
        if found is None or (best is not None and found[0] <= best[0]):
            continue
        count, placement = found
        if mirrored:
            flip = np.array([[-1.0, 0, right.shape[1] - 1], [0, 1, 0], [0, 0, 1]])
            placement = flip @ placement
        best = count, placement
        if count >= 60:
            break
    return best


def _agree(one: Features, other: Features) -> tuple[int, Matrix] | None:
    if one.codes is None or other.codes is None or min(len(one.codes), len(other.codes)) < 8:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(one.codes, other.codes, k=2)
    pairs = [(a.queryIdx, a.trainIdx) for a, b in matches if a.distance < 0.82 * b.distance]
    if len(pairs) < MIN_INLIERS:
        return None
    start = one.points[[a for a, _ in pairs]]
    end = other.points[[b for _, b in pairs]]
    matrix, inliers = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=4, maxIters=1000, confidence=0.995
    )
    count = int(inliers.sum())
    if not count:
        return None
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if count < MIN_INLIERS or not 0.15 < scale < 7:
        return None
    placement = np.vstack([matrix, [0, 0, 1]])
    return count, other.scale @ placement @ np.linalg.inv(one.scale)


def by_window(left: Picture, right: Picture) -> tuple[float, Matrix] | None:
    """One picture as a window of the other, found on small rasters in all eight orientations.

    Finds crops and pictures within a frame or a page where features are too few. Returns the
    correlation, 0..1, and the placement.
    """
    found = _window(left, right)
    swapped = _window(right, left)
    if swapped and (found is None or swapped[0] > found[0]):
        return swapped[0], np.linalg.inv(swapped[1])
    return found


def _window(outer: Picture, inner: Picture) -> tuple[float, Matrix] | None:
    """The placement (outer to inner) that shows the whole of `inner` in a part of `outer`."""
    ground = _highpass(reduced(outer, WINDOW))
    to_ground = scaling(ground.shape[1] / outer.shape[1], ground.shape[0] / outer.shape[0])
    best: tuple[float, Matrix] | None = None
    for turns in range(4):
        for mirrored in (False, True):
            upright = oriented(reduced(inner, 2 * WINDOW), turns, mirrored=mirrored)
            undo = np.linalg.inv(orientation(inner.shape, turns, mirrored=mirrored))
            full = inner.shape[::-1] if turns % 2 else inner.shape
            for size in _sizes(ground.shape, upright.shape):
                small = _highpass(cv2.resize(upright, size, interpolation=cv2.INTER_AREA))
                values = cv2.matchTemplate(ground, small, cv2.TM_CCOEFF_NORMED)
                _, value, _, at = cv2.minMaxLoc(values)
                if best is None or value > best[0]:
                    move = np.array([[1.0, 0, -at[0]], [0, 1, -at[1]], [0, 0, 1]])
                    grow = scaling(full[1] / size[0], full[0] / size[1])
                    best = value, undo @ grow @ move @ to_ground
    return best


def _sizes(ground: tuple[int, ...], shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Widths and heights at which a picture of this shape may lie within the ground."""
    fit = min(ground[0] / shape[0], ground[1] / shape[1])
    sizes = [(round(shape[1] * fit * share), round(shape[0] * fit * share)) for share in SHARES]
    return [size for size in sizes if min(size) >= 12]


def _highpass(picture: Picture) -> Raster:
    values = picture.astype(np.float32)
    return values - cv2.GaussianBlur(values, (0, 0), WINDOW / 12)
