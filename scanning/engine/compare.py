"""Whether two pictures are the same picture, and the evidence for it.

First the two are laid on each other, coarsely. Photographs are judged there, by how much of them
agrees. Documents - bright paper with thin strokes - that still agree are compared stroke by
stroke on a fine grid, and judged by the worst places: one other character makes another record.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from scanning.engine.evidence import (
    SENTENCES,
    Box,
    Comparison,
    Transform,
    Verdict,
    boxes_elsewhere,
    transform_of,
)
from scanning.engine.paper import CHANGED, INK, Strokes, is_paper, strokes
from scanning.engine.placing import AGREES, Placed, placed
from scanning.engine.regions import Region, boxes, regions
from scanning.engine.registration import Matrix, Picture, reduced
from scanning.engine.tiles import CELL, Mask, Raster

cv2.setNumThreads(1)

EDGE: Final = 1024  # px; larger pictures are reduced to this
PLAIN: Final = 2.0  # grey levels of contrast below which a picture shows nothing
SEEN: Final = 0.5  # the share of one picture that the overlap has to cover

SAME_MEAN: Final = 0.71  # photographs
SAME_SHARE: Final = 0.56
OTHER_MEAN: Final = 0.64
OTHER_SHARE: Final = 0.48
DIFFERS: Final = 0.5

SHEET_MEAN: Final = 0.7  # documents: below this on the coarse grid, another record
NOTHING: Final = 0.06 * INK
FAINT: Final = 0.07 * INK
HEAVY: Final = 0.23 * INK
PALE: Final = 0.27 * INK
SHARP: Final = 0.885  # agreement that all strokes of one sheet reach on sharp scans
CLEAR: Final = 20.0  # contrast of a tile that shows something clear
OTHER: Final = 0.5  # agreement at which two clear tiles show different things
MARGIN: Final = 0.27  # of the overlap, from its edge: where captions, logos and dates lie


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict before it is put into words; boxes lie in the larger picture."""

    verdict: Verdict
    reason: str
    score: float
    boxes: tuple[Box, ...] = ()
    worst: float = 0.0
    mean: float = 0.0
    share: float = 0.0
    placement: Matrix | None = None


def compare(left: Picture, right: Picture) -> Comparison:
    """Compare two grey pictures: H x W bytes each, upright, best at 1024 px at the longest edge.

    Larger ones are reduced to 1024 px; smaller ones are taken as they are. The answer is the same
    the other way round, with the sides exchanged, and the same each time. Takes 10 to 150 ms.
    """
    left, right = reduced(left, EDGE), reduced(right, EDGE)
    if min(left.shape + right.shape) < 16 or min(left.std(), right.std()) < PLAIN:
        return _told(Finding("undecided", "too_little_content", 0.5), None)
    swapped = _rank(right) > _rank(left)
    base, other = (right, left) if swapped else (left, right)
    finding = _finding(base, other)
    if finding.placement is None:
        return _told(finding, None)
    if not swapped:
        return _told(finding, transform_of(finding.placement, left.shape, right.shape))
    turned = boxes_elsewhere(finding.boxes, finding.placement, right.shape, left.shape)
    back = np.linalg.inv(finding.placement)
    return _told(replace(finding, boxes=turned), transform_of(back, left.shape, right.shape))


def _rank(picture: Picture) -> tuple[int, int, bytes]:
    return picture.size, picture.shape[1], picture.tobytes()


def _told(finding: Finding, transform: Transform | None) -> Comparison:
    return Comparison(
        verdict=finding.verdict,
        score=round(1000 * min(1.0, max(0.0, finding.score))),
        transform=transform,
        regions=finding.boxes,
        worst_tile=round(finding.worst, 3),
        mean_tile=round(finding.mean, 3),
        agreeing_share=round(finding.share, 3),
        reason=finding.reason,
        sentence=SENTENCES[finding.reason],
    )


def _finding(left: Picture, right: Picture) -> Finding:
    found = placed(left, right)
    if found is None or found.mean < 0.35:
        return Finding("lookalike", "other_scene", 0.002)
    overlap = transform_of(found.placement, left.shape, right.shape)
    if max(overlap.crop_share, overlap.other_crop_share) < SEEN:
        return Finding("lookalike", "parts_differ", 0.02, placement=found.placement)
    if is_paper(left) and is_paper(right):
        return _sheets(left, right, found)
    return _photographs(found)


def _photographs(found: Placed) -> Finding:
    mean, share = found.mean, found.share
    agreement = np.where(found.telling, found.tiles.agreement, 1)
    differing = regions(agreement < DIFFERS, 1 - agreement, least=4)
    score = 1 / (1 + np.exp(-(14 * (mean - 0.7) + 10 * (share - 0.58))))
    worst = float(agreement.min())
    verdict: Verdict
    replaced = _replaced(found)
    if replaced:
        verdict, reason, differing = "lookalike", "parts_differ", replaced
        score = 0.05
    elif mean >= SAME_MEAN and share >= SAME_SHARE:
        verdict, reason = "near", "overlay_added" if differing else "same_picture"
    elif mean < OTHER_MEAN or share < OTHER_SHARE:
        verdict, reason = "lookalike", "parts_differ" if mean > 0.5 else "other_scene"
    else:
        verdict, reason = "undecided", "unclear"
    return Finding(
        verdict,
        reason,
        float(score),
        boxes(differing, found.grid.left.shape),
        worst,
        mean,
        share,
        found.placement,
    )


def _sheets(left: Picture, right: Picture, found: Placed) -> Finding:
    if found.mean < SHEET_MEAN:
        agreement = np.where(found.telling, found.tiles.agreement, 1)
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
    placement, lines = strokes(left, right, found.placement)
    telling = lines.agreement[lines.telling]
    if len(telling) < 8:
        return replace(_photographs(found), placement=placement)
    least = _least(telling)
    lacking = lines.lacking()
    agreement = np.where(lines.telling, lines.agreement, 1)
    other = lines.telling & (np.maximum(*lacking) > HEAVY)
    other = cv2.dilate(other.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    differing = regions((agreement < least) | other, 1 - agreement + other)
    rows, columns = agreement.shape
    changed = _changed(differing, lines, lacking)
    worst = float(np.partition(telling, 2)[2])
    share = float((telling >= least).mean())
    height, width = rows * CELL, columns * CELL
    if changed:
        few = share > 0.94
        return Finding(
            "lookalike",
            "field_changed" if few else "other_record",
            0.02,
            boxes(changed, (height, width), margin=1),
            worst,
            float(telling.mean()),
            share,
            placement,
        )
    return Finding(
        "near",
        "overlay_added" if differing else "same_sheet",
        0.97,
        boxes(differing, (height, width), margin=1),
        worst,
        float(telling.mean()),
        share,
        placement,
    )


def _least(agreement: Raster) -> float:
    """The agreement below which strokes are other strokes, by how well the two sheets agree at all.

    Sharp scans of one sheet agree almost fully everywhere; small or strongly compressed pictures
    do not anywhere.
    """
    usual = float(np.quantile(agreement, 0.05))
    return min(SHARP, max(CHANGED, 1 - 4 * (1 - usual)))


def _changed(
    differing: list[Region], lines: Strokes, lacking: tuple[Raster, Raster]
) -> list[Region]:
    """The regions that are more than something pale laid over: other strokes, not a watermark."""

    def pale(region: Region) -> bool:
        least, most = sorted((ink[region.cells] for ink in lacking), key=np.median)
        return bool(least.max() < NOTHING and np.median(most) > FAINT and most.max() < PALE)

    if not any(pale(region) for region in differing):
        return differing
    dark = lines.dark()
    return [
        region
        for region in differing
        if not pale(region) or float(np.quantile(dark[region.cells], 0.02)) < CHANGED
    ]


def _replaced(found: Placed) -> list[Region]:
    """Where both show something clear, but not the same, away from the edges.

    What is laid over a picture (a caption, a logo, a date) lies along its edge, or lets it shine
    through; what is replaced in its midst makes it another picture.
    """
    tiles = found.tiles
    weight = 1 - tiles.agreement
    clear = np.minimum(tiles.left, tiles.right) > CLEAR
    other = found.telling & clear & (tiles.agreement < OTHER)
    if not other.any():
        return []
    for region in regions(found.telling & (tiles.agreement < DIFFERS), weight):
        if _along_edge(region, tiles.inside):
            other &= ~region.cells
    return regions(other, weight, least=4)


def _along_edge(region: Region, inside: Mask) -> bool:
    rows, columns = np.nonzero(inside)
    top, bottom = int(rows.min()), int(rows.max())
    left, right = int(columns.min()), int(columns.max())
    low, far = region.top + region.height - 1, region.left + region.width - 1
    flat = region.height <= MARGIN * (bottom - top + 1)
    slim = region.width <= MARGIN * (right - left + 1)
    level = flat and (region.top - top <= 1 or bottom - low <= 1)
    upright = slim and (region.left - left <= 1 or right - far <= 1)
    return level or upright
