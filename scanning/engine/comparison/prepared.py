"""A picture made ready to be compared: whatever does not depend on the other one, worked out once.

Pairs come sorted, so that a picture meets its neighbours one after another.
"""

from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.comparison.cells import CELL, moments
from scanning.engine.comparison.features import Features, features
from scanning.engine.comparison.ground import PAPER_EDGE, is_paper
from scanning.engine.comparison.tiles import Raster
from scanning.engine.hashing.squares import RASTER
from scanning.engine.hashing.trimming import Box, content_boxes

cv2.setNumThreads(1)

Picture = NDArray[Any]  # H x W of uint8

EDGE: Final = 1024  # px; larger pictures are reduced to this
SMALL: Final = 64  # px, of the raster on which whole pictures are laid on each other
LEAST_SHEET: Final = 96  # px, the shorter edge of a document within a frame
SPOTS: Final = 48  # cells along the longest edge, of the raster of what is to be seen
TEXTURED: Final = 3.0  # grey levels of contrast in a cell that shows something
STEPS: Final = 8  # sizes in which a picture is kept, from one to the half of it


class Prepared:
    """A grey picture, upright, with its smaller versions and its features as they are asked for."""

    def __init__(self, picture: Picture) -> None:
        self.grey: Final = np.ascontiguousarray(reduced(picture, EDGE))
        self._versions: dict[int, Picture] = {0: self.grey}

    @property
    def shape(self) -> tuple[int, int]:
        return self.grey.shape[0], self.grey.shape[1]

    def at(self, share: float) -> Picture:
        """The picture about `share` times as large, 0..1: the nearest of a few fixed sizes."""
        return self._version(max(0, round(-STEPS * float(np.log2(max(share, 1e-3))))))

    def _version(self, step: int) -> Picture:
        if step not in self._versions:
            share = 2 ** (-step / STEPS)
            size = (max(1, round(self.shape[1] * share)), max(1, round(self.shape[0] * share)))
            # Halving is cheap: so from the nearest half, quarter, eighth … that is larger.
            base = self._version((step - 1) // STEPS * STEPS) if step > STEPS else self.grey
            self._versions[step] = cv2.resize(base, size, interpolation=cv2.INTER_AREA)
        return self._versions[step]

    @cached_property
    def contrast(self) -> float:
        """The standard deviation, in grey levels."""
        return float(cv2.meanStdDev(self.grey)[1][0, 0])

    @property
    def is_paper(self) -> bool:
        """Whether it shows a document: bright paper with thin strokes, framed or not."""
        return self.sheet is not None

    @cached_property
    def sheet(self) -> Box | None:
        """Where the document lies, in px: all of the picture, or what a frame or window holds."""
        height, width = self.shape
        if is_paper(self.at(PAPER_EDGE / max(self.shape))):
            return Box(0, 0, width, height)
        half = self.at(2.5 * RASTER / max(self.shape))
        raster = cv2.resize(half, (RASTER, RASTER), interpolation=cv2.INTER_AREA)
        for box in content_boxes(raster.astype(np.uint8, copy=False)):
            left, right = (edge * width / RASTER for edge in (box.left, box.right))
            top, bottom = (edge * height / RASTER for edge in (box.top, box.bottom))
            held = self.grey[round(top) : round(bottom), round(left) : round(right)]
            if min(held.shape) >= LEAST_SHEET and is_paper(held):
                return Box(left, top, right, bottom)
        return None

    @cached_property
    def plain(self) -> Raster:
        """A small raster without slow changes of light, with mean 0 and variance 1."""
        size = (SMALL, SMALL)
        small = cv2.resize(
            self.at(2.5 * SMALL / max(self.shape)), size, interpolation=cv2.INTER_AREA
        )
        values = small.astype(np.float32)
        values = values - cv2.GaussianBlur(values, (0, 0), SMALL / 8)
        values = values - values.mean()
        raster: Raster = values / (values.std() + 1e-3)
        return raster

    @cached_property
    def texture(self) -> NDArray[np.float64]:
        """Where there is something to be seen: positions (x, y) in px, of a raster of cells."""
        small = self.at(CELL * SPOTS / max(self.shape))
        mean, square = moments(small)
        ys, xs = np.nonzero(square - mean * mean > TEXTURED**2)
        step = np.array(self.shape[::-1]) / np.array(small.shape[::-1])
        spots: NDArray[np.float64] = (np.column_stack((xs, ys)) * CELL + CELL / 2) * step - 0.5
        return spots

    @cached_property
    def features(self) -> Features:
        return features(self.grey)

    @cached_property
    def mirrored_features(self) -> Features:
        """The features of the picture mirrored left to right."""
        return features(np.ascontiguousarray(self.grey[:, ::-1]))

    def is_after(self, other: "Prepared") -> bool:
        """An order of pictures that depends on nothing but their pixels, the larger ones first."""
        mine, theirs = (self.grey.size, self.shape[1]), (other.grey.size, other.shape[1])
        if mine != theirs:
            return mine < theirs
        return self.grey.tobytes() < other.grey.tobytes()


def reduced(picture: Picture, edge: int) -> Picture:
    """The picture with its longest edge at most `edge` px."""
    share = edge / max(picture.shape)
    if share >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
