"""Corners of a picture and their codes, and which of two pictures' corners are the same."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.compiled import compiled, ones

cv2.setNumThreads(1)

ORB_EDGE: Final = 512
CORNERS: Final = 800
NEARER: Final = 0.82  # of the distance to the second nearest


@dataclass(frozen=True, slots=True)
class Features:
    """Positions (x, y) in px of the whole picture, and codes of 4 x 64 bits, one per row.

    step: how many px of the whole picture one px is that the corners were found on.
    """

    points: NDArray[np.float64]
    codes: NDArray[np.uint64]
    step: float


def features(picture: NDArray[Any]) -> Features:
    """ORB features of a picture at ORB_EDGE px (Rublee et al., ORB, ICCV 2011)."""
    share = min(1.0, ORB_EDGE / max(picture.shape))
    small = picture
    if share < 1:
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    detector = cv2.ORB_create(CORNERS, 1.25, 6, edgeThreshold=16, fastThreshold=8)  # type: ignore[attr-defined]  # cv2 stubs lack it
    corners, codes = detector.detectAndCompute(small, None)
    if codes is None:
        return Features(np.empty((0, 2)), np.empty((0, 4), np.uint64), 1 / share)
    scale = np.array([picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0]])
    points = (np.array([corner.pt for corner in corners]) + 0.5) * scale - 0.5
    return Features(points, np.ascontiguousarray(codes).view(np.uint64), 1 / share)


def same(left: Features, right: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The positions in both of the corners that are clearly nearer to one than to any other."""
    if min(len(left.codes), len(right.codes)) < 2:
        return np.empty((0, 2)), np.empty((0, 2))
    rows, distances = _two_nearest(left.codes, right.codes)
    clear = distances[:, 0] < NEARER * distances[:, 1]
    return left.points[clear], right.points[rows[clear]]


@compiled
def _two_nearest(left: Any, right: Any) -> Any:
    """For each left code the row of the nearest right one, and the two smallest distances."""
    rows = np.zeros(len(left), np.int64)
    distances = np.full((len(left), 2), 257, np.int64)
    for i in range(len(left)):
        a, b, c, d = left[i, 0], left[i, 1], left[i, 2], left[i, 3]
        first = second = np.uint64(257)
        row = 0
        for j in range(len(right)):
            distance = (
                ones(a ^ right[j, 0])
                + ones(b ^ right[j, 1])
                + ones(c ^ right[j, 2])
                + ones(d ^ right[j, 3])
            )
            if distance < second:
                if distance < first:
                    first, second, row = distance, first, j
                else:
                    second = distance
        rows[i], distances[i, 0], distances[i, 1] = row, first, second
    return rows, distances
