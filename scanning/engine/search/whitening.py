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
# For the nearest by hash. In the tuning half nearly all true ones reach it that the agreement alone
# would miss, and one in ten of the others.
HINTED: Final = 0.24
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
    hinted: Pairs | None = None,
    template: Template | None = None,
    limit: int | None = None,
    keep: Callable[[], None] = lambda: None,
) -> tuple[Pairs, Floats]:
    """The pairs of one family whose differences from it agree, and how well, -1 to 1.

    rasters: grey, shape (n, side, side), upright. places: where the sheet lies in each.
    hinted: rows (i, j), i < j, of pairs that something else speaks for: HINTED is enough for them.
    template: that of the family, where it is known.
    Returns rows (i, j, bits of 256) with i < j, sorted.
    Time: a millisecond for each picture, and one comparison of 256 bits (0.3 ns) for each pair;
    only pairs near by those bits are looked at closer. limit: TooManyPairs beyond.
    """
    places = [UPRIGHT] * len(rasters) if places is None else places
    is_plain = np.array([place == UPRIGHT for place in places])
    laying = _Laying.of(rasters, np.flatnonzero(is_plain), template)
    keep()
    parts = []
    for start in range(0, len(rasters), _BLOCK):
        keep()
        parts.append(laying.vectors(range(start, min(start + _BLOCK, len(rasters))), places))
    vectors = np.concatenate(parts)
    asked = [FRAMED if place != UPRIGHT and place.part == WHOLE else 1.0 for place in places]
    pairs, agreement = _joined(vectors, is_plain, np.array(asked), limit, keep)
    if hinted is None or not len(hinted):
        return pairs, agreement
    return _with_hinted(vectors, pairs, agreement, hinted)


class _Laying(NamedTuple):
    """The rasters of a family, its template, and what a sample of them has taught.

    sample: those that are laid on the template already, by their row.
    """

    rasters: Rasters
    template: Template
    family: "Family"
    sample: dict[int, Floats]

    @classmethod
    def of(cls, rasters: Rasters, upright: Rows, template: Template | None) -> "_Laying":
        template = template or template_of(rasters[upright])
        rows = upright[_spread(len(upright))].tolist()
        laid = {row: template.laid(rasters[row].astype(np.float32)).raster for row in rows}
        return cls(rasters, template, Family(template, np.stack(list(laid.values()))), laid)

    def vectors(self, rows: Sequence[int], places: Sequence[Place]) -> Floats:
        """What is each one's own, where each shows the sheet at its place."""
        laid = np.stack([self._laid(row, places[row]) for row in rows])
        vectors = np.empty((len(laid), self.family.size), np.float32)
        parts = [places[row].part for row in rows]
        for part in set(parts):
            some = [index for index, other in enumerate(parts) if other == part]
            vectors[some] = self.family.vectors(laid[some], part)
        return vectors

    def _laid(self, row: int, place: Place) -> Floats:
        if row in self.sample:
            return self.sample[row]
        return self.template.laid(self.rasters[row].astype(np.float32), *place).raster


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


def _with_hinted(
    vectors: Floats, pairs: Pairs, agreement: Floats, hinted: Pairs
) -> tuple[Pairs, Floats]:
    """The pairs and those of the hinted ones, each once, whose agreement is enough."""
    left, right = hinted[:, 0], hinted[:, 1]
    agreeing = np.einsum("ij,ij->i", vectors[left], vectors[right])
    codes = signs(vectors)
    bits = np.bitwise_count(codes[left] ^ codes[right]).sum(axis=1, dtype=np.int64)
    enough = agreeing >= HINTED
    rows = np.concatenate([pairs, np.column_stack([left, right, bits])[enough]])
    _, first = np.unique(rows[:, :2], axis=0, return_index=True)
    return rows[first], np.concatenate([agreement, agreeing[enough]])[first]


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
    rows = range(len(rasters))
    return _Laying.of(rasters, np.array(rows), None).vectors(rows, [UPRIGHT] * len(rasters))


def template_of(rasters: Rasters) -> Template:
    """What upright rasters of a family have in common, from a sample of them."""
    sample = rasters[_spread(len(rasters))].astype(np.float32)
    template = Template(np.median(sample, axis=0))
    for _ in range(FITS):
        template = Template(np.median([template.laid(raster).raster for raster in sample], axis=0))
    return template


def _spread(count: int) -> slice:
    return slice(0, count, -(-count // SAMPLE) or 1)


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
