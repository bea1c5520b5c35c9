"""What a comparison of two pictures tells a person: transform, boxes, verdict, sentence."""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.registration import Matrix

cv2.setNumThreads(1)

Verdict = Literal["near", "lookalike", "undecided"]

MAX_BOXES: Final = 12
WHOLE: Final = 0.965  # an overlap of this share counts as the whole picture
UPRIGHT: Final = 0.25  # degrees of skew that are not worth a word

# One sentence per reason; the keys are stable, so that the sentences can be translated by them.
SENTENCES: Final[dict[str, str]] = {
    "same_picture": "The two show the same picture; nothing of note differs.",
    "same_sheet": "The two show the same sheet; every line of it agrees.",
    "overlay_added": "The two show the same picture; something was laid over a part of it.",
    "field_changed": "The two are filled in alike except in a few places: look at the boxes.",
    "other_record": "The two share a printed form, but what is filled in differs.",
    "parts_differ": "The two agree in parts, but too much of what they show differs.",
    "other_scene": "The two look alike from afar, but do not show the same thing.",
    "unclear": "Too much agrees to rule it out, too little to be sure.",
    "too_little_content": "There is too little in one of the two to compare.",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the left picture, as fractions 0..1 of its width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Transform:
    """What leads from the left picture to the right one, in this order.

    mirrored: left to right; turn: clockwise, 0, 90, 180 or 270; scale: right px per left px;
    skew_degrees: the small turn that is left, clockwise; crop_share: the share of the left
    picture's area that the right one shows; other_crop_share: the share of the right picture's
    area that the left one fills.
    """

    turn: int
    mirrored: bool
    scale: float
    crop_share: float
    other_crop_share: float
    skew_degrees: float

    def describe(self) -> str:
        """The transform in plain English: "mirrored, then cropped to 81 %"."""
        words = []
        if self.mirrored:
            words.append("mirrored")
        if self.turn:
            words.append(f"turned by {self.turn}°")
        if self.crop_share < 1:
            words.append(f"cropped to {round(100 * self.crop_share)} %")
        if self.other_crop_share < 1:
            words.append(f"placed in {round(100 * self.other_crop_share)} % of a larger picture")
        if self.skew_degrees:
            words.append(f"skewed by {self.skew_degrees:.1f}°")
        if not 0.97 < self.scale < 1.03:
            words.append(f"scaled to {round(100 * self.scale)} %")
        return ", then ".join(words) or "unchanged"

    def code(self) -> str:
        """The transform for machines: "mirror turn=90 crop=0.81 inside=0.64 skew=0.7 scale=0.5"."""
        words = []
        if self.mirrored:
            words.append("mirror")
        if self.turn:
            words.append(f"turn={self.turn}")
        if self.crop_share < 1:
            words.append(f"crop={self.crop_share:.2f}")
        if self.other_crop_share < 1:
            words.append(f"inside={self.other_crop_share:.2f}")
        if self.skew_degrees:
            words.append(f"skew={self.skew_degrees:.1f}")
        if not 0.97 < self.scale < 1.03:
            words.append(f"scale={self.scale:.2f}")
        return " ".join(words) or "same"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict on two pictures, and why.

    score: 0..1000, the estimated probability, in thousandths, that a person would call the two
    the same picture; regions: what differs most, most important first, merged, at most
    MAX_BOXES; worst_tile and mean_tile: agreement of the tiles, -1..1; agreeing_share: the share
    of tiles that agree; reason: a key of SENTENCES; sentence: that sentence.
    """

    verdict: Verdict
    score: int
    transform: Transform | None
    regions: tuple[Box, ...]
    worst_tile: float
    mean_tile: float
    agreeing_share: float
    reason: str
    sentence: str


def transform_of(placement: Matrix, left: tuple[int, int], right: tuple[int, int]) -> Transform:
    """The transform that a placement stands for; `left` and `right` are (height, width)."""
    linear = placement[:2, :2]
    determinant = float(np.linalg.det(linear))
    mirrored = determinant < 0
    turned = linear @ np.diag([-1.0, 1.0]) if mirrored else linear
    angle = float(np.degrees(np.arctan2(turned[1, 0] - turned[0, 1], turned[0, 0] + turned[1, 1])))
    quarter = round(angle / 90)
    skew = angle - 90 * quarter
    shared = _overlap(placement, left, right)
    share = shared / (left[0] * left[1])
    other = shared * abs(determinant) / (right[0] * right[1])
    return Transform(
        turn=quarter % 4 * 90,
        mirrored=mirrored,
        scale=round(abs(determinant) ** 0.5, 3),
        crop_share=_snapped(share),
        other_crop_share=_snapped(other),
        skew_degrees=round(skew, 1) if abs(skew) >= UPRIGHT else 0.0,
    )


def _snapped(share: float) -> float:
    return 1.0 if share >= WHOLE else round(share, 3)


def _overlap(placement: Matrix, left: tuple[int, int], right: tuple[int, int]) -> float:
    """The area, in px of the left picture, of the part that both show."""
    area, _ = cv2.intersectConvexConvex(
        _corners(left).astype(np.float32),
        moved(np.linalg.inv(placement), _corners(right)).astype(np.float32),
    )
    return float(area)


def _corners(shape: tuple[int, int]) -> NDArray[np.float64]:
    bottom, right = shape[0] - 0.5, shape[1] - 0.5
    return np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])


def moved(placement: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (x, y), one per row, after a placement."""
    result: NDArray[np.float64] = points @ placement[:2, :2].T + placement[:2, 2]
    return result


def boxes_elsewhere(
    boxes: tuple[Box, ...], placement: Matrix, here: tuple[int, int], there: tuple[int, int]
) -> tuple[Box, ...]:
    """Boxes of one picture as upright boxes of the picture in which a placement puts it."""
    result = []
    for box in boxes:
        height, width = here
        edges = np.array(
            [
                [x, y]
                for x in (box.left, box.left + box.width)
                for y in (box.top, box.top + box.height)
            ]
        )
        points = moved(placement, edges * (width, height) - 0.5) + 0.5
        low = np.clip(points.min(axis=0) / (there[1], there[0]), 0, 1)
        high = np.clip(points.max(axis=0) / (there[1], there[0]), 0, 1)
        if (high > low).all():
            size = high - low
            result.append(Box(float(low[0]), float(low[1]), float(size[0]), float(size[1])))
    return tuple(result)
