"""Tell the pictures of one look-alike family apart by what differs within the family.

Forms of one template, or films of one kind, are near to each other by any hash. What they have in
common is their family's template; what jitters from scan to scan is placement, light and paper.
Both are taken away: each raster is laid on the family's median (see `templates`), template and
light are fitted and subtracted, and so are the few directions in which all pictures of the family
vary most, which are what the fits have left of the jitter. Each pixel counts by how far its spread
exceeds the noise: a field that everybody fills in differently counts, blank paper does not; and
none counts for more than the family knows, or a watermark would outweigh the rest. What is left of
two scans of one sheet correlates, of two sheets hardly.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.windows import Window
from scanning.engine.search.join import Pairs, TooManyPairs, near_between, near_pairs
from scanning.engine.search.templates import WHOLE, Template, inside, without_light

# Calibrated on rendered Traditional Chinese forms; see docs/matching.md.
SAMPLE: Final = 600  # pictures from which template, jitter and noise are learnt
FITS: Final = 2
JITTER: Final = 20  # directions taken away, from large families
PER_DIRECTION: Final = 15  # pictures that one of them asks for
CLIPPED: Final = 1.2  # times the spread of a pixel
KEPT: Final = 128  # numbers that stand for one picture
WRONG: Final = 5.0  # wrong pairs that are let through for each picture, about
LEAST: Final = 0.3  # agreement asked for in a small family
MOST: Final = 0.55  # and in a huge one
# A framed sheet is smaller in its raster and shows less of its own; a part has wider angles.
FRAMED: Final = 0.75
_BLOCK: Final = 1024
_ROWS: Final = 1000  # joined at a time, so that memory stays below 1 GB at 100,000 pictures

Floats = NDArray[np.float32]
Rasters = NDArray[np.uint8]
Rows = NDArray[np.int64]


class Place(NamedTuple):
    """Where a family's sheet lies in a raster, and what of it the raster shows (see `Template`)."""

    box: Window = WHOLE
    part: Window = WHOLE


UPRIGHT: Final = Place()


def agreeing(
    rasters: Rasters,
    *,
    places: Sequence[Place] | None = None,
    limit: int | None = None,
    keep: Callable[[], None] = lambda: None,
) -> tuple[Pairs, Floats]:
    """The pairs of one family whose differences from it agree, and how well, -1 to 1.

    rasters: grey, shape (n, side, side), upright. places: where the sheet lies in each.
    Returns rows (i, j, bits of 256) with i < j, sorted.
    Time: a millisecond for each picture, and one comparison of 256 bits (0.3 ns) for each pair;
    only pairs near by those bits are looked at closer. limit: TooManyPairs beyond.
    """
    places = [UPRIGHT] * len(rasters) if places is None else places
    template, family = learnt([r for r, p in zip(rasters, places, strict=True) if p == UPRIGHT])
    keep()
    parts = []
    for start in range(0, len(rasters), _BLOCK):
        keep()
        some = slice(start, start + _BLOCK)
        parts.append(_vectors(family, template, rasters[some], places[some]))
    vectors = np.concatenate(parts)
    asked = [FRAMED if place != UPRIGHT and place.part == WHOLE else 1.0 for place in places]
    is_plain = np.array([place == UPRIGHT for place in places])
    return _joined(vectors, is_plain, np.array(asked), limit, keep)


def _vectors(
    family: "Family", template: Template, rasters: Rasters, places: Sequence[Place]
) -> Floats:
    laid = np.stack(
        [
            template.laid(raster.astype(np.float32), *place).raster
            for raster, place in zip(rasters, places, strict=True)
        ]
    )
    vectors = np.empty((len(laid), family.size), np.float32)
    parts = [place.part for place in places]
    for part in set(parts):
        rows = [row for row, other in enumerate(parts) if other == part]
        vectors[rows] = family.vectors(laid[rows], part)
    return vectors


def _joined(
    vectors: Floats,
    is_plain: NDArray[np.bool_],
    asked: NDArray[np.float64],
    limit: int | None,
    keep: Callable[[], None],
) -> tuple[Pairs, Floats]:
    """asked: the share of the least agreement that is asked of each."""
    least = least_agreement(vectors[is_plain])
    codes = signs(vectors)
    plain, guests = np.flatnonzero(is_plain), np.flatnonzero(~is_plain)
    found: list[Pairs] = [np.empty((0, 3), np.int64)]
    agreements = [np.empty(0, np.float32)]
    count = 0

    def take(pairs: Pairs) -> None:
        nonlocal count
        agreement = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
        kept = agreement >= least * asked[pairs[:, :2]].min(axis=1)
        found.append(pairs[kept])
        agreements.append(agreement[kept])
        count += len(found[-1])
        if limit is not None and count > limit:
            raise TooManyPairs(count)

    for start in range(0, len(plain), _ROWS):
        keep()
        pairs = near_pairs(codes[plain], _reach(least), first=start, last=start + _ROWS)
        take(np.column_stack([plain[pairs[:, :2]], pairs[:, 2]]))
    for start in range(0, len(guests), _ROWS):
        keep()
        rows = guests[start : start + _ROWS]
        pairs = near_between(codes[rows], codes, _reach(FRAMED * least))
        pairs[:, 0] = rows[pairs[:, 0]]
        both = ~is_plain[pairs[:, 1]] & (pairs[:, 1] <= pairs[:, 0])
        pairs = pairs[~both]
        pairs[:, :2] = np.sort(pairs[:, :2], axis=1)
        take(pairs)
    rows, agreement = np.concatenate(found), np.concatenate(agreements)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    return rows[order], agreement[order]


def _reach(least: float) -> int:
    """Bits differ in proportion to the angle; two sigmas more lose few of the weakest pairs."""
    share = float(np.arccos(least)) / np.pi
    sigma = float(np.sqrt(256 * share * (1 - share)))
    return round(256 * share + 2 * sigma)


def least_agreement(vectors: Floats) -> float:
    """How well two must agree, so that WRONG pairs for each picture pass by chance."""
    random = np.random.default_rng(1)
    one, other = random.integers(0, len(vectors), (2, 20_000))
    chance = np.einsum("ij,ij->i", vectors[one], vectors[other])[one != other]
    spread = float(np.quantile(chance, 0.84) - np.median(chance))
    sigmas = (2 * np.log(max(2.0, len(vectors) / (2 * WRONG)))) ** 0.5
    return float(np.clip(np.median(chance) + sigmas * spread, LEAST, MOST))


def signs(vectors: Floats) -> NDArray[np.uint64]:
    """256 bits for each vector: on which side of 256 random planes it lies. Shape (n, 4)."""
    planes = np.random.default_rng(2).standard_normal((vectors.shape[1], 256)).astype(np.float32)
    bits = np.concatenate(
        [
            np.packbits(vectors[start : start + _BLOCK] @ planes > 0, axis=1)
            for start in range(0, len(vectors), _BLOCK)
        ]
    )
    return bits.view(np.uint64)


def whitened(rasters: Rasters) -> Floats:
    """What is a picture's own, as vectors of length 1. Shape (n, at most KEPT)."""
    template, family = learnt(rasters)
    return _vectors(family, template, rasters, [UPRIGHT] * len(rasters))


def template_of(rasters: Sequence[Rasters] | Rasters) -> tuple[Template, Floats]:
    """The template of upright rasters, and a sample of them laid on it."""
    sample = np.stack([rasters[row] for row in _spread(len(rasters))]).astype(np.float32)
    template, placed = Template(np.median(sample, axis=0)), sample
    for _ in range(FITS):
        placed = np.stack([template.laid(raster).raster for raster in sample])
        template = Template(np.median(placed, axis=0))
    return template, placed


def learnt(rasters: Sequence[Rasters] | Rasters) -> "tuple[Template, Family]":
    """What upright rasters of a family have in common, from a sample of them."""
    template, placed = template_of(rasters)
    return template, Family(template, placed)


def _spread(count: int) -> range:
    return range(0, count, -(-count // SAMPLE) or 1)


class Family:
    """What the sample of a family has taught."""

    def __init__(self, template: Template, placed: Floats) -> None:
        """placed: rasters that lie on the template."""
        self._inside = inside(len(template.raster))
        common, _ = np.linalg.qr(template.frame()[self._inside.ravel()])
        self._common: Floats = common.astype(np.float32)
        self._middle = np.zeros(len(self._common), np.float32)
        rest = self._rest(placed, self._common)
        self._middle = np.median(rest, axis=0)
        rest -= self._middle
        count = min(JITTER, len(placed) // PER_DIRECTION)
        self._jitter = _directions(rest, count)
        rest -= rest @ self._jitter.T @ self._jitter
        self._spread: Floats = np.sqrt((rest**2).mean(axis=0)) + 1e-3
        self._weights = self._worth()
        rest = self._clipped(rest)
        self._energy: Floats = ((rest * self._weights) ** 2).mean(axis=0)
        self._kept = _directions(rest * self._weights, KEPT)

    @property
    def size(self) -> int:
        return len(self._kept)

    def vectors(self, placed: Floats, part: Window = WHOLE) -> Floats:
        """What is each one's own. Of length 1; longer where only a part is seen, so that its
        product with what shows more says how well the part agrees.
        """
        seen = inside(len(placed[0]), part)[self._inside]
        if part == WHOLE:
            common, jitter = self._common, self._jitter.T
        else:
            common, _ = np.linalg.qr(self._common * seen[:, None])
            jitter, _ = np.linalg.qr(self._jitter.T * seen[:, None])
        rest = self._rest(placed, common, seen) - self._middle * seen
        rest -= rest @ jitter @ jitter.T
        kept = (self._clipped(rest) * self._weights) @ self._kept.T
        share = float(self._energy[seen].sum() / (self._energy.sum() + 1e-6))
        length = np.linalg.norm(kept, axis=1, keepdims=True) * max(share, 0.1) ** 0.5
        vectors: Floats = (kept / (length + 1e-6)).astype(np.float32)
        return vectors

    def _rest(
        self, placed: Floats, common: Floats, seen: NDArray[np.bool_] | None = None
    ) -> Floats:
        """Without light and template."""
        pixels = without_light(placed)[:, self._inside]
        if seen is not None:
            pixels = pixels * seen
        rest: Floats = (pixels - pixels @ common @ common.T).astype(np.float32)
        return rest

    def _clipped(self, rest: Floats) -> Floats:
        """What exceeds all that the family knows (a watermark, a stamp) must not outweigh it."""
        clipped: Floats = np.clip(rest, -CLIPPED * self._spread, CLIPPED * self._spread)
        return clipped

    def _worth(self) -> Floats:
        """The weight of each pixel: how far its spread exceeds what noise does everywhere."""
        noise = np.quantile(self._spread, 0.3)
        weights: Floats = np.maximum(0, 1 - (noise / self._spread) ** 2).astype(np.float32)
        return weights


def _directions(rest: Floats, count: int) -> Floats:
    """The directions in which vectors vary most. (at most count, size of a vector)."""
    _, _, directions = np.linalg.svd(rest - rest.mean(axis=0), full_matrices=False)
    found: Floats = directions[:count]
    return found
