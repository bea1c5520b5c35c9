"""The ground that strokes lie on, and whether a picture is a document."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

cv2.setNumThreads(1)

PAPER_EDGE: Final = 384  # px at which a picture is looked at as a whole


def ground(values: NDArray[Any], size: int) -> NDArray[Any]:
    """The paper under the strokes: a morphological closing, with the edge pixels repeated."""
    padded = cv2.copyMakeBorder(values, size, size, size, size, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    return closed[size:-size, size:-size]


def is_paper(picture: NDArray[Any]) -> bool:
    """Whether a picture is mostly bright, flat ground with thin dark strokes here and there."""
    share = PAPER_EDGE / max(picture.shape)
    small = picture
    if share < 1:
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    under = ground(small, 9)
    bright = float(np.quantile(under[::2, ::2], 0.9))
    if bright <= 90 or float((under > 0.72 * bright).mean()) <= 0.75:
        return False
    smooth = cv2.GaussianBlur(under.astype(np.float32), (0, 0), 1.5)
    slope = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    if float((slope < 8 * 0.006 * bright).mean()) <= 0.76:
        return False
    ink = cv2.divide(cv2.subtract(under, small), np.maximum(under, 20), dtype=cv2.CV_32F)
    covered = cv2.resize((ink > 0.2).astype(np.float32), (24, 24), interpolation=cv2.INTER_AREA)
    return float((covered > 0.02).mean()) > 0.12 and 0.015 < float((ink > 0.15).mean()) < 0.45
