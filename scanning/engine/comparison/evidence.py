"""What a comparison of two pictures tells a person: transform, boxes, verdict, sentence."""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.comparison.registration import Matrix

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
    "too_small": "Nothing differs, but one of the two is too small to see single characters.",
    "unclear": "Too much agrees to rule it out, too little to be sure.",
    "too_little_content": "There is too little in one of the two to compare.",
}

# a, b, c, d, e, f of x' = ax + by + c and y' = dx + ey + f; places are fractions 0..1 of the left
# picture (x, y) and of the right one (x', y').
Affine = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, as fractions 0..1 of its width and height."""

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
    MAX_BOXES; other_regions: the same places in the right picture, one for each of `regions`;
    placement: where the left picture lies in the right one, see `relative`; worst_tile and
    mean_tile: agreement of the tiles, -1..1; agreeing_share: the share of tiles that agree;
    reason: a key of SENTENCES; sentence: that sentence.
    """

    verdict: Verdict
    score: int
    transform: Transform | None
    regions: tuple[Box, ...]
    other_regions: tuple[Box, ...]
    placement: Affine | None
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


def relative(placement: Matrix, left: tuple[int, int], right: tuple[int, int]) -> Affine:
    """A placement between the whole pictures, whatever size they are shown at."""
    a, b, c, d, e, f = (np.linalg.inv(_pixels(right)) @ placement @ _pixels(left))[:2].ravel()
    return float(a), float(b), float(c), float(d), float(e), float(f)


def _pixels(shape: tuple[int, int]) -> Matrix:
    """From fractions of a picture of (height, width) to its pixel positions."""
    height, width = shape
    return np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1]])


def box_elsewhere(box: Box, placement: Affine) -> Box:
    """The upright box around where a placement puts a box; what sticks out is cut off."""
    a, b, c, d, e, f = placement
    corners = np.array(
        [
            (a * x + b * y + c, d * x + e * y + f)
            for x in (box.left, box.left + box.width)
            for y in (box.top, box.top + box.height)
        ]
    )
    left, top = (float(v) for v in np.clip(corners.min(axis=0), 0, 1))
    right, bottom = (float(v) for v in np.clip(corners.max(axis=0), 0, 1))
    return Box(left, top, right - left, bottom - top)
