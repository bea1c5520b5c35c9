"""Which pairs of pictures may be the same, found by their signatures alone.

Four ways lead to a pair: the whole pictures are near; one is turned or mirrored; one or both are
trimmed of their borders; a window of one shows the whole of the other. Within their radius the
first three find every pair there is. So does the fourth, before `agreement` drops the pairs whose
rasters tell them apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from scanning.engine.agreement import agreements
from scanning.engine.join import Labels, Pairs, near_between
from scanning.engine.signatures import Nodes, Rows, Signatures
from scanning.engine.turns import TURNS
from scanning.engine.windows import WINDOWS, window_codes

MANY: Final = 20_000
PER_FAMILY: Final = 20
# Windows are hashed for so many pictures at a time: 105 MB of codes.
_CHUNK: Final = 100_000

WAYS: Final = (
    "whole",
    *(f"turned:{turn.name}" for turn in TURNS),
    "trimmed",
    *(f"window:left:{index}" for index in range(1, len(WINDOWS))),
    *(f"window:right:{index}" for index in range(1, len(WINDOWS))),
)
_WHOLE: Final = 0
_TURNED: Final = 1
_TRIMMED: Final = _TURNED + len(TURNS)
_LEFT_WINDOW: Final = _TRIMMED + 1
_RIGHT_WINDOW: Final = _LEFT_WINDOW + len(WINDOWS) - 1
_OPPOSITE: Final = {
    "turned:90": "turned:270",
    "turned:270": "turned:90",
    **{f"window:left:{index}": f"window:right:{index}" for index in range(1, len(WINDOWS))},
    **{f"window:right:{index}": f"window:left:{index}" for index in range(1, len(WINDOWS))},
}
# The way from right to left for each way from left to right.
_BACK: Final = np.array([WAYS.index(_OPPOSITE.get(way, way)) for way in WAYS])


@dataclass(frozen=True, slots=True)
class Radii:
    """The most bits in which two codes may differ, for each way; None switches a way off.

    whole, turned, trimmed: of 256 bits. windows: of 64 bits.
    agreement: how well rasters must agree behind two windows, up to 1.
    """

    whole: int = 64
    turned: int | None = 64
    trimmed: int | None = 56
    windows: int | None = 12
    agreement: float = 0.94

    @classmethod
    def for_count(cls, count: int) -> Self:
        """What so many pictures can bear: wrong pairs grow with the square of their number.

        A radius of 10 costs a few crops in a hundred, and a quarter of the time and of the pairs
        whose rasters must be asked.
        """
        return cls() if count <= MANY else cls(windows=10, agreement=0.95)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of pictures, each once, sorted by (left, right).

    left, right: rows, left < right. distance: bits of 256; those of 64-bit codes count four.
    way: index into WAYS. "turned:NAME" says that the right picture, turned so, is the left one;
    "window:left:K" that window K of the left picture is the whole right one.
    """

    left: Rows
    right: Rows
    distance: Rows
    way: Rows

    def __len__(self) -> int:
        return len(self.left)


def find(
    signatures: Signatures,
    radii: Radii | None = None,
    *,
    first_new: int = 0,
    share: tuple[int, int] = (0, 1),
    families: Labels | None = None,
    limit: int | None = None,
) -> Candidates:
    """Every candidate pair, by the way in which the two differ least.

    Pictures with equal whole codes are one node, for which its first picture stands.

    first_new: only pairs with a picture from this row on.
    share: (k, of): the part of the work that is number k, from 0. Together the shares give the
        whole, though a pair may come from two of them, by different ways: see `merged`.
    families: one label per picture, the same for equal codes; pairs within a family
        (label >= 0) are left out, and of those between a picture and a family that it does not
        belong to (a form upside down, a form in a frame) only the PER_FAMILY nearest are kept.
    limit: TooManyPairs when one way gives more.
    """
    nodes = Nodes.of(signatures.whole, first_new)
    first, last = (len(nodes) * k // share[1] for k in (share[0], share[0] + 1))
    labels = None if families is None else families[nodes.first]
    alone = np.arange(first, last)
    if labels is not None:
        alone = alone[labels[alone] < 0]
    join = _Join(signatures.chosen(nodes.first), nodes.first_new, first, last, labels, limit)
    rows = np.concatenate(list(join.ways(radii or Radii())))
    pairs, row = nodes.between(rows[:, :2])
    equal = nodes.within(alone)
    found = np.concatenate(
        [
            np.column_stack([equal, np.zeros((len(equal), 2), np.int64)]),
            np.column_stack([pairs, rows[row, 2:]]),
        ]
    )
    best = _best(found[found[:, :2].max(axis=1, initial=0) >= first_new])
    return best if families is None else _few_of_a_family(best, families)


def merged(parts: Sequence[Candidates]) -> Candidates:
    """What several shares have found, each pair once."""
    return _best(
        np.concatenate(
            [np.column_stack([part.left, part.right, part.distance, part.way]) for part in parts]
        )
    )


def _few_of_a_family(found: Candidates, families: Labels) -> Candidates:
    """Pairs that are among the nearest between one of their pictures and the other's family."""
    kept = (families[found.left] < 0) & (families[found.right] < 0)
    for ours, theirs in ((found.left, found.right), (found.right, found.left)):
        family = families[theirs]
        order = np.lexsort((found.distance, family, ours))
        new = (np.diff(ours[order], prepend=-1) != 0) | (np.diff(family[order], prepend=-2) != 0)
        start = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
        nearest = order[np.arange(len(order)) - start < PER_FAMILY]
        kept[nearest[family[nearest] >= 0]] = True
    return Candidates(
        *(column[kept] for column in (found.left, found.right, found.distance, found.way))
    )


def _best(rows: Rows) -> Candidates:
    """One row for each pair from rows of (one, other, distance, way): the nearest."""
    one, other, distance, way = rows.T
    way = np.where(one < other, way, _BACK[way])
    return Candidates(
        *_first_of_pairs(np.minimum(one, other), np.maximum(one, other), distance, way)
    )


def _first_of_pairs(one: Rows, other: Rows, distance: Rows, way: Rows) -> tuple[Rows, ...]:
    order = np.lexsort((way, distance, other, one))
    columns = tuple(column[order] for column in (one, other, distance, way))
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(columns[0]) != 0) | (np.diff(columns[1]) != 0)
    return tuple(column[first] for column in columns)


@dataclass(frozen=True, slots=True)
class _Join:
    """The rows from first to last, joined with all; rows from first_new on are new."""

    signatures: Signatures
    first_new: int
    first: int
    last: int
    labels: Labels | None
    limit: int | None

    def ways(self, radii: Radii) -> Iterator[Rows]:
        """Rows of (one, other, distance, way), each pair by each way at least once."""
        yield _by(self._upright(self.signatures.whole, radii.whole), _WHOLE)
        if radii.turned is not None:
            for index in range(len(TURNS)):
                # A turn and its opposite are both tried: turning the later picture is enough.
                turned = np.ascontiguousarray(self.signatures.turned[:, index])
                yield _by(self._upright(turned, radii.turned), _TURNED + index)
        for old in (True, False):
            first, last, first_new = self._half(old=old)
            if first < last and radii.trimmed is not None:
                yield _by(self._trimmed(radii.trimmed, first, last, first_new), _TRIMMED)
            if radii.windows is not None:
                for start in range(first, last, _CHUNK):
                    stop = min(start + _CHUNK, last)
                    yield self._windows(radii, start, stop, first_new)

    def _half(self, *, old: bool) -> tuple[int, int, int]:
        """The old rows, to be joined with new ones, or the new rows, to be joined with all."""
        new = min(max(self.first_new, self.first), self.last)
        return (self.first, new, self.first_new) if old else (new, self.last, 0)

    def _upright(self, others: NDArray[np.uint64], radius: int) -> Pairs:
        """Whole pictures with later ones."""
        return near_between(
            self.signatures.whole,
            others,
            radius,
            first=self.first,
            last=self.last,
            first_new=self.first_new,
            above=True,
            labels=None if self.labels is None else (self.labels, self.labels),
            limit=self.limit,
        )

    def _trimmed(self, radius: int, first: int, last: int, first_new: int) -> Pairs:
        """Trimmed pictures with whole and with trimmed ones."""
        signatures = self.signatures
        owner = np.concatenate([np.arange(first_new, len(signatures)), signatures.owner])
        content = np.concatenate([signatures.whole[first_new:], signatures.trimmed])
        kept = owner >= first_new
        owner, content = owner[kept], content[kept]
        start, stop = np.searchsorted(signatures.owner, (first, last)).tolist()
        found = near_between(
            signatures.trimmed,
            content,
            radius,
            first=start,
            last=stop,
            # A picture is near to its own trimmed self, so it counts as a family.
            labels=(signatures.owner.astype(np.int32), owner.astype(np.int32)),
            limit=self.limit,
        )
        found[:, 0], found[:, 1] = signatures.owner[found[:, 0]], owner[found[:, 1]]
        return self._of_two_families(found)

    def _windows(self, radii: Radii, first: int, last: int, first_new: int) -> Rows:
        """Windows of the pictures from first to last with whole pictures."""
        rasters = self.signatures.rasters
        codes = window_codes(rasters[first:last])
        wholes = window_codes(rasters[first_new:], count=1)
        found = near_between(codes.reshape(-1, 1), wholes, radii.windows or 0, limit=self.limit)
        part, whole = first + found[:, 0] // len(WINDOWS), first_new + found[:, 1]
        rows = np.column_stack([part, whole, 4 * found[:, 2], found[:, 0] % len(WINDOWS)])
        rows = self._of_two_families(rows[part != whole])
        # It is enough to look at the nearest window of each picture.
        part, whole, distance, window = _first_of_pairs(*rows.T)
        agree = agreements(rasters, part, window, whole) >= radii.agreement
        way = np.where(window == 0, _WHOLE, _LEFT_WINDOW + window - 1)
        return np.column_stack([part, whole, distance, way])[agree]

    def _of_two_families(self, rows: Rows) -> Rows:
        if self.labels is None:
            return rows
        one, other = self.labels[rows[:, 0]], self.labels[rows[:, 1]]
        kept: Rows = rows[(one < 0) | (one != other)]
        return kept


def _by(pairs: Pairs, way: int) -> Rows:
    return np.column_stack([pairs, np.full(len(pairs), way)])
