"""Documents: judged by their worst places, since one other character makes another record."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanning.engine.comparison.cells import CELL
from scanning.engine.comparison.finding import Finding
from scanning.engine.comparison.model import ALIKE, CHANGE, probability, verdict
from scanning.engine.comparison.paper import CHANGED, INK, Strokes
from scanning.engine.comparison.regions import Region, boxes, regions
from scanning.engine.comparison.registration import Matrix
from scanning.engine.comparison.tiles import Raster, quantile

cv2.setNumThreads(1)

SHARP: Final = 0.885  # agreement that all strokes of one sheet reach on sharp scans
HEAVY: Final = 0.38 * INK  # ink on the one where the other has none
EXCHANGED: Final = 0.1  # ink; less is noise
PALE: Final = 0.55  # ink; what is half transparent adds no more
FEW: Final = 0.94  # the share of strokes that agree in two sheets that are filled in almost alike
CLEAR: Final = 0.95  # probability from which on a place differs beyond doubt
SEVERAL: Final = 3  # such places: one may be a stamp, or a crease
LEGIBLE: Final = 512  # px along the longest edge of a page from which on people can read it
FULL_SIZE: Final = 1024  # px


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where strokes differ, and what the model looks at there.

    pale: log2 of the cells of all pale places together, where this is one of them (watermarks are
    large); exchanged: ink that each side has and the other lacks, 0..1.3; added: ink that either
    side has and the other lacks; broken: how little the dark strokes agree, 0..2; depth: how far
    its agreement lies below what is usual on these sheets.
    """

    region: Region
    measures: dict[str, float]

    @property
    def is_pale(self) -> bool:
        """Whether it may be a part of a watermark: ink on one side only, and not dark."""
        return self.measures["exchanged"] < EXCHANGED and self.measures["added"] < PALE

    @property
    def changed(self) -> float:
        """The probability that it is another entry, and nothing laid over or badly scanned."""
        return probability(CHANGE, self.measures)


def clearly_others(found: list[Difference]) -> bool:
    """Whether several places differ beyond doubt: another record, and no need to look closer."""
    return sum(place.changed > CLEAR and not place.is_pale for place in found) >= SEVERAL


def judged(lines: Strokes, placement: Matrix, found: list[Difference]) -> Finding:
    """The finding on two sheets that were compared stroke by stroke and differ in these places."""
    telling = lines.agreement[lines.telling]
    least = usual_least(lines)
    share = float((telling >= least).mean())
    # The likeliest change decides: the pieces of one watermark do not add up to another entry.
    unchanged = 1 - max((difference.changed for difference in found), default=0.0)
    same = unchanged * probability(ALIKE, visible(lines, found))
    answer = verdict(same)
    if answer == "lookalike" and verdict(unchanged) != "lookalike" and lines.resolution >= LEGIBLE:
        answer = "undecided"  # large enough for people to see what the measures leave open
    shown = found
    if answer == "near":
        reason = "overlay_added" if found else "same_sheet"
    elif verdict(unchanged) == "lookalike":
        shown = [difference for difference in found if difference.changed > 0.5] or found
        reason = "field_changed" if share > FEW else "other_record"
    elif verdict(unchanged) == "near":
        reason = "too_small"  # nothing is seen to differ, but it might not be seen
    else:
        reason = "unclear"
    height, width = (CELL * side for side in lines.agreement.shape)
    return Finding(
        answer,
        reason,
        same,
        boxes([difference.region for difference in shown], (height, width), margin=1),
        float(np.partition(telling, 2)[2]),
        float(telling.mean()),
        share,
        placement,
    )


def differences(lines: Strokes) -> list[Difference]:
    """The places where the strokes of two sheets differ, the weightiest first."""
    least = usual_least(lines)
    agreement = np.where(lines.telling, lines.agreement, 1)
    lacking = lines.lacking()
    other = lines.telling & (np.maximum(*lacking) > HEAVY)
    other = cv2.dilate(other.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    found = regions((agreement < least) | other, 1 - agreement + other)
    if not found:
        return []
    dark = lines.dark()
    covered = lines.lacking(share=0.42)
    places = [_measured(region, agreement, covered, dark, least) for region in found]
    pale = [place for place in places if place.is_pale]
    extent = float(np.log2(1 + sum(int(place.region.cells.sum()) for place in pale)))
    for place in pale:
        place.measures["pale"] = extent
    return places


def _measured(
    region: Region, agreement: Raster, lacking: tuple[Raster, Raster], dark: Raster, least: float
) -> Difference:
    cells = region.cells
    low, high = sorted(float(ink[cells].max()) / INK for ink in lacking)
    return Difference(
        region,
        {
            "pale": 0.0,
            "exchanged": low,
            "added": high,
            "broken": 1 - quantile(dark[cells], 0.02),
            "depth": min(6.0, float(1 - agreement[cells].min()) / (1 - least)),
        },
    )


def visible(lines: Strokes, found: list[Difference]) -> dict[str, float]:
    """How well a change would have been seen, where none was.

    detail: log2 of the size in which both show the sheet; usual, least: how far the agreement falls
    short of full, on one tile in twenty, and on the third worst away from what was found.
    """
    differs = np.zeros(lines.telling.shape, np.uint8)
    for difference in found:
        differs |= difference.region.cells.view(np.uint8)
    away = lines.telling & (cv2.dilate(differs, np.ones((5, 5), np.uint8)) == 0)
    if away.sum() < 3:
        away = lines.telling
    return {
        "detail": min(0.0, float(np.log2(lines.resolution / FULL_SIZE))),
        "usual": 10 * (1 - quantile(lines.agreement[lines.telling], 0.05)),
        "least": 10 * (1 - float(np.partition(lines.agreement[away], 2)[2])),
    }


def usual_least(lines: Strokes) -> float:
    """The agreement below which strokes are other strokes, by how well the two agree at all.

    Sharp scans of one sheet agree almost fully everywhere; small or strongly compressed pictures
    do not anywhere.
    """
    usual = quantile(lines.agreement[lines.telling], 0.05)
    return min(SHARP, max(CHANGED, 1 - 4 * (1 - usual)))
