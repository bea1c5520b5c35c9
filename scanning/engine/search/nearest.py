"""Candidate pairs, and what a dense neighbourhood keeps of them: the nearest, not all.

Pairs of two pictures in no family keep their place when they are among the NEIGHBOURS nearest of
one of the two; pairs of a picture with a family that it does not belong to (a form upside down, a
form in a frame), when they are among the PER_FAMILY nearest between that picture and that family.
Whether a pair stays depends on nothing but the pairs of its two pictures, and a pair that stays
among all stays among some: so parts may be thinned first, then the whole, and the result is the
same however it was divided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from scanning.engine.search.join import Labels
from scanning.engine.search.ways import BACK

NEIGHBOURS: Final = 50
PER_FAMILY: Final = 8

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of pictures, each once, sorted by (left, right).

    left, right: rows, left < right. distance: bits of 256; those of 64-bit codes count four.
    way: index into WAYS. "turned:NAME" says that the right picture, turned so, is the left one;
    "window:left:K" that window K of the left picture is the whole right one; "turned:NAME:…" that
    the right picture, turned so, is related to the left one in that way.
    """

    left: Rows
    right: Rows
    distance: Rows
    way: Rows

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def of(cls, rows: Rows) -> Self:
        """From rows of (one, other, distance, way), in any order; of each pair the nearest."""
        one, other, distance, way = rows.reshape(-1, 4).astype(np.int64).T
        way = np.where(one < other, way, BACK[way])
        left, right = np.minimum(one, other), np.maximum(one, other)
        order = np.lexsort((way, distance, right, left))
        columns = [column[order] for column in (left, right, distance, way)]
        first = np.ones(len(order), np.bool_)
        first[1:] = (np.diff(columns[0]) != 0) | (np.diff(columns[1]) != 0)
        return cls(*(column[first] for column in columns))

    @property
    def rows(self) -> Rows:
        """Shape (n, 4): left, right, distance, way."""
        return np.column_stack([self.left, self.right, self.distance, self.way])

    def chosen(self, kept: NDArray[np.bool_] | Rows) -> Self:
        return type(self)(self.left[kept], self.right[kept], self.distance[kept], self.way[kept])


def merged(parts: Sequence[Candidates]) -> Candidates:
    """What several shares have found, each pair once."""
    return Candidates.of(np.concatenate([np.empty((0, 4), np.int64), *(p.rows for p in parts)]))


def outside(candidates: Candidates, labels: Labels) -> Candidates:
    """What stays of pairs that are not within one family."""
    ours, theirs = labels[candidates.left], labels[candidates.right]
    alone = (ours < 0) & (theirs < 0)
    across = ~alone & (ours != theirs)
    return merged(
        [
            nearest(candidates.chosen(alone), NEIGHBOURS),
            few_of_a_family(candidates.chosen(across), labels),
        ]
    )


def few_of_a_family(candidates: Candidates, labels: Labels) -> Candidates:
    """Pairs that are among the nearest between one of their pictures and the other's family.

    Pairs of two pictures in no family stay.
    """
    kept = (labels[candidates.left] < 0) & (labels[candidates.right] < 0)
    for ours, theirs in (
        (candidates.left, candidates.right),
        (candidates.right, candidates.left),
    ):
        family = labels[theirs]
        among = ours * (int(labels.max(initial=0)) + 2) + family
        rank = _rank(among, candidates.distance, theirs)
        kept |= (family >= 0) & (rank < PER_FAMILY)
    return candidates.chosen(kept)


def nearest(candidates: Candidates, count: int) -> Candidates:
    """Those candidates that are among the `count` nearest of one of their two pictures.

    A thousand forms printed from one template are half a million candidates; their number grows
    with the number of pictures instead of its square. Ties are broken by the other picture's row.
    """
    pictures = np.concatenate([candidates.left, candidates.right])
    others = np.concatenate([candidates.right, candidates.left])
    rank = _rank(pictures, np.tile(candidates.distance, 2), others).reshape(2, -1)
    return candidates.chosen(np.logical_or(rank[0] < count, rank[1] < count))


def _rank(one: Rows, distance: Rows, other: Rows) -> Rows:
    """The place of each row among those of the same picture, nearest first, from 0."""
    order = np.lexsort((other, distance, one))
    sorted_ones = one[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_ones[1:] != sorted_ones[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(order)]]))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return rank
