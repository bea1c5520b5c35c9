"""Whether two pictures are the same picture, and the evidence for it.

First the two are laid on each other, coarsely. What agrees too little ends there. Photographs are
judged there too, by how much of them agrees. Documents - bright paper with thin strokes - that
still agree are compared stroke by stroke on a fine grid, and judged by the worst places.
"""

from typing import Final

import cv2
import numpy as np

from scanning.engine.comparison import photographs, sheets
from scanning.engine.comparison.evidence import (
    SENTENCES,
    Comparison,
    box_elsewhere,
    relative,
    transform_of,
)
from scanning.engine.comparison.finding import Finding
from scanning.engine.comparison.paper import strokes
from scanning.engine.comparison.placing import AGREES, Placed, covered, placed
from scanning.engine.comparison.prepared import Picture, Prepared
from scanning.engine.comparison.regions import boxes, regions

cv2.setNumThreads(1)

PLAIN: Final = 2.0  # grey levels of contrast below which a picture shows nothing
LIKE: Final = 0.35  # mean agreement below which the two show different things
SHEET_MEAN: Final = 0.7  # documents: below this on the coarse grid, another record
FEW: Final = 8  # tiles with strokes
DIFFERS: Final = 0.5  # agreement, on the coarse grid, of a tile that differs
DOUBTFUL: Final = 0.003  # the share of such tiles from which on a middle grid may decide
ROUGH: Final = 512  # px of that grid


def compare(left: Picture | Prepared, right: Picture | Prepared) -> Comparison:
    """Compare two grey pictures: H x W bytes each, upright, best at 1024 px at the longest edge.

    Larger ones are reduced to 1024 px; smaller ones are taken as they are. The answer is the same
    the other way round, with the sides exchanged, and the same each time. A picture that meets
    many others is best given `Prepared`.
    """
    left, right = _ready(left), _ready(right)
    if min(left.shape + right.shape) < 16 or min(left.contrast, right.contrast) < PLAIN:
        return _told(Finding("undecided", "too_little_content", 0.5), left, right, swapped=False)
    swapped = left.is_after(right)
    finding = _finding(right, left) if swapped else _finding(left, right)
    return _told(finding, left, right, swapped=swapped)


def _ready(picture: Picture | Prepared) -> Prepared:
    return picture if isinstance(picture, Prepared) else Prepared(picture)


def _told(finding: Finding, left: Prepared, right: Prepared, *, swapped: bool) -> Comparison:
    placement, regions, counterparts = finding.placement, finding.boxes, finding.boxes
    if placement is not None:
        shapes = (right.shape, left.shape) if swapped else (left.shape, right.shape)
        there = relative(placement, *shapes)
        counterparts = tuple(box_elsewhere(box, there) for box in finding.boxes)
        if swapped:
            placement = np.linalg.inv(placement)
            regions, counterparts = counterparts, regions
    return Comparison(
        verdict=finding.verdict,
        score=round(1000 * min(1.0, max(0.0, finding.same))),
        transform=None if placement is None else transform_of(placement, left.shape, right.shape),
        regions=regions,
        other_regions=counterparts,
        placement=None if placement is None else relative(placement, left.shape, right.shape),
        worst_tile=round(finding.worst, 3),
        mean_tile=round(finding.mean, 3),
        agreeing_share=round(finding.share, 3),
        reason=finding.reason,
        sentence=SENTENCES[finding.reason],
    )


def _finding(left: Prepared, right: Prepared) -> Finding:
    found = placed(left, right)
    if found is None or found.mean < LIKE:
        return Finding("lookalike", "other_scene", 0.002)
    if not covered(left, right, found.placement):
        return Finding("lookalike", "parts_differ", 0.02, placement=found.placement)
    if left.is_paper and right.is_paper:
        return _sheets(left, right, found)
    return photographs.judged(found)


def _sheets(left: Prepared, right: Prepared, found: Placed) -> Finding:
    agreement = np.where(found.telling, found.tiles.agreement, 1)
    if found.mean >= SHEET_MEAN:
        if (agreement < DIFFERS).mean() > DOUBTFUL:
            placement, lines = strokes(left, right, found.placement, ROUGH)
            places = sheets.differences(lines) if lines.telling.sum() >= FEW else []
            if sheets.clearly_others(places):
                return sheets.judged(lines, placement, places)
        placement, lines = strokes(left, right, found.placement)
        if lines.telling.sum() < FEW:
            return photographs.judged(found)
        return sheets.judged(lines, placement, sheets.differences(lines))
    differing = regions(agreement < AGREES, 1 - agreement, least=4)
    return Finding(
        "lookalike",
        "other_record",
        0.005,
        boxes(differing, found.grid.left.shape),
        float(agreement.min()),
        found.mean,
        found.share,
        found.placement,
    )
