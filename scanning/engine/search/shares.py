"""One share of the join: some pictures, held against all.

A share needs little of every picture (its outline) and everything of its own; so any number of
workers can work on one join, and none of them holds all of a large library.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.turns import TURNS
from scanning.engine.hashing.windows import WINDOWS, turned_codes
from scanning.engine.search import ways
from scanning.engine.search.agreement import agreements
from scanning.engine.search.join import Codes, Labels, Pairs, near_between
from scanning.engine.search.ways import Radii

# Pictures joined at a time, 10 MB of windows; fewer among very many, so that no join takes long.
BLOCK: Final = 10_000
_WORK: Final = 10**9
# Pairs whose rasters are asked for at a time: at most 90 MB.
_ASKED: Final = 20_000

Rows = NDArray[np.int64]
Rasters = NDArray[np.uint8]
Small = NDArray[np.uint64]


def block_size(count: int) -> int:
    """How many of so many pictures are joined at a time."""
    return int(np.clip(_WORK // max(1, count), 1000, BLOCK))


@dataclass(frozen=True, slots=True)
class Outline:
    """What a share needs of all n pictures: 44 bytes each, and 40 for each stage of trimming.

    whole: (n, 4). small: (n,), the 64-bit code of the whole picture (see `windows`). trimmed:
    (m, 4), and owner: (m,) rising, its picture. labels: (n,), families, or -1.
    Rows from first_new on are new.
    """

    whole: Codes
    small: Small
    trimmed: Codes
    owner: Rows
    labels: Labels
    first_new: int = 0

    def __len__(self) -> int:
        return len(self.whole)


@dataclass(frozen=True, slots=True)
class Block:
    """Everything else of the pictures first, first + 1, … of an outline.

    turned: (k, 7, 4). windows: (k, 131), or (k, 0) where crops are not looked for.
    """

    first: int
    turned: Codes
    windows: Small

    @property
    def last(self) -> int:
        return self.first + len(self.turned)

    def halves(self) -> tuple[Self, Self]:
        middle = len(self.turned) // 2
        return (
            type(self)(self.first, self.turned[:middle], self.windows[:middle]),
            type(self)(self.first + middle, self.turned[middle:], self.windows[middle:]),
        )


@dataclass(frozen=True, slots=True)
class Join:
    """The pictures of a block, held against all of an outline.

    rasters: gives those of some rows. limit: TooManyPairs when one way gives more.
    """

    outline: Outline
    block: Block
    rasters: Callable[[Rows], Rasters]
    radii: Radii
    limit: int | None = None

    def rows(self) -> Iterator[tuple[str, Rows]]:
        """Of each kind of way its rows (one, other, distance, way); `one` is in the block.

        Pairs of two old pictures and of two of one family are left out; those of two families
        but for whole pictures: each lies on a template of its own, and templates are not copies.
        A pair may come more than once.
        """
        radii = self.radii
        whole = self._upright(self._whole(), radii.whole, self.outline.labels)
        yield "whole", _by(whole, ways.WHOLE)
        if radii.turned is not None:
            for index, undone in enumerate(ways.UNDONE.tolist()):
                turned = np.ascontiguousarray(self.block.turned[:, index])
                found = self._upright(turned, radii.turned, self._any_family())
                yield "turned", _by(found, ways.TURNED + undone)
        others = self._others()
        if others == len(self.outline):
            return
        if radii.trimmed is not None:
            yield "trimmed", _by(self._trimmed(radii.trimmed, others), ways.TRIMMED)
        if None not in (radii.turned, radii.trimmed, radii.turned_trimmed):
            for index, undone in enumerate(ways.UNDONE.tolist()):
                found = self._turned_trimmed(radii.turned_trimmed or 0, index, others)
                yield "turned_trimmed", _by(found, ways.TURNED_TRIMMED + undone)
        if radii.windows is not None:
            yield "window", self._windows(radii.windows, radii.agreement, others)
        if None not in (radii.turned, radii.windows, radii.turned_windows):
            radius = radii.turned_windows or 0
            yield "turned_window", self._turned_windows(radius, radii.turned_agreement, others)

    def _others(self) -> int:
        """Where those begin that are not joined upright only: the new, or for new ones all.

        A block that holds both is taken for a new one; that costs a little and does no harm.
        """
        return self.outline.first_new if self.block.last <= self.outline.first_new else 0

    def _whole(self) -> Codes:
        return self.outline.whole[self.block.first : self.block.last]

    def _any_family(self) -> Labels:
        """One label for all pictures in families."""
        return np.minimum(self.outline.labels, 0)

    def _upright(self, codes: Codes, radius: int, labels: Labels) -> Pairs:
        """Codes of the block with later pictures."""
        first, whole = self.block.first, self.outline.whole
        found = near_between(
            codes,
            whole[first:],
            radius,
            first_new=max(0, self.outline.first_new - first),
            above=True,
            labels=(labels[first : self.block.last], labels[first:]),
            limit=self.limit,
        )
        found[:, :2] += first
        return found

    def _trimmed(self, radius: int, others: int) -> Pairs:
        """Trimmed pictures of the block with whole and with trimmed ones."""
        outline = self.outline
        start, stop = np.searchsorted(outline.owner, (self.block.first, self.block.last))
        own = outline.owner[start:stop]
        later = np.searchsorted(outline.owner, others)
        owner = np.concatenate([np.arange(others, len(outline)), outline.owner[later:]])
        content = np.concatenate([outline.whole[others:], outline.trimmed[later:]])
        found = near_between(
            outline.trimmed[start:stop],
            content,
            radius,
            labels=(self._kin(own), self._kin(owner)),
            limit=self.limit,
        )
        return np.column_stack([own[found[:, 0]], owner[found[:, 1]], found[:, 2]])

    def _turned_trimmed(self, radius: int, index: int, others: int) -> Pairs:
        """Turned pictures of the block with trimmed ones."""
        outline = self.outline
        later = np.searchsorted(outline.owner, others)
        owner = outline.owner[later:]
        found = near_between(
            np.ascontiguousarray(self.block.turned[:, index]),
            outline.trimmed[later:],
            radius,
            labels=(self._kin(np.arange(self.block.first, self.block.last)), self._kin(owner)),
            limit=self.limit,
        )
        return np.column_stack([found[:, 0] + self.block.first, owner[found[:, 1]], found[:, 2]])

    def _kin(self, rows: Rows) -> Labels:
        """One label for a picture's own stages, and for all pictures in families."""
        labels = self.outline.labels[rows]
        return np.where(labels < 0, rows, len(self.outline)).astype(np.int32)

    def _windows(self, radius: int, agreement: float, others: int) -> Rows:
        """Windows of the block with whole pictures."""
        found = near_between(
            self.block.windows.reshape(-1, 1),
            self.outline.small[others:, None],
            radius,
            labels=self._window_labels(others, 1),
            limit=self.limit,
        )
        part = self.block.first + found[:, 0] // len(WINDOWS)
        window, whole = found[:, 0] % len(WINDOWS), others + found[:, 1]
        rows = np.column_stack([part, whole, 4 * found[:, 2], window])
        rows = _nearest_of_pairs(rows[part != whole])
        agree = self._agreements(rows, None) >= agreement
        window = rows[:, 3]
        rows[:, 3] = np.where(window == 0, ways.WHOLE, ways.LEFT_WINDOW + window - 1)
        return rows[agree]

    def _turned_windows(self, radius: int, agreement: float, others: int) -> Rows:
        """Windows of the block with whole pictures turned in all ways."""
        small = self.outline.small[others:]
        turned = np.concatenate([turned_codes(small, turn) for turn in TURNS])
        found = near_between(
            self.block.windows.reshape(-1, 1),
            turned[:, None],
            radius,
            labels=self._window_labels(others, len(TURNS)),
            limit=self.limit,
        )
        part = self.block.first + found[:, 0] // len(WINDOWS)
        turn, whole = found[:, 1] // max(1, len(small)), others + found[:, 1] % max(1, len(small))
        window = found[:, 0] % len(WINDOWS)
        rows = np.column_stack([part, whole, 4 * found[:, 2], turn * len(WINDOWS) + window])
        rows = _nearest_of_pairs(rows[part != whole])
        turn, rows[:, 3] = np.divmod(rows[:, 3], len(WINDOWS))
        agree = self._agreements(rows, turn) >= agreement
        rows[:, 3] = turn + np.where(rows[:, 3] == 0, ways.TURNED, ways.TURNED_LEFT_WINDOW)
        return rows[agree]

    def _window_labels(self, others: int, turns: int) -> tuple[Labels, Labels]:
        labels = self._any_family()
        return (
            np.repeat(labels[self.block.first : self.block.last], len(WINDOWS)),
            np.tile(labels[others:], turns),
        )

    def _agreements(self, rows: Rows, turn: Rows | None) -> NDArray[np.float32]:
        """How well each window agrees; rows of (part, whole, distance, window)."""
        found = np.zeros(len(rows), np.float32)
        for start in range(0, len(rows), _ASKED):
            some = slice(start, min(start + _ASKED, len(rows)))
            part, whole, _, window = rows[some].T
            asked, place = np.unique(np.concatenate([part, whole]), return_inverse=True)
            rasters = self.rasters(asked)
            parts, wholes = rasters[place[: len(part)]], rasters[place[len(part) :]]
            if turn is not None:
                wholes = _laid(wholes, turn[some])
            found[some] = agreements(parts, window, wholes)
        return found


def _laid(rasters: Rasters, turns: Rows) -> Rasters:
    """Each raster after its turn."""
    laid = np.empty_like(rasters)
    for index, turn in enumerate(TURNS):
        for row in np.flatnonzero(turns == index).tolist():
            laid[row] = turn.apply(rasters[row])
    return laid


def _nearest_of_pairs(rows: Rows) -> Rows:
    """Of rows (one, other, distance, …) the nearest of each pair, sorted by the pairs."""
    rows = rows[np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]
    first = np.ones(len(rows), np.bool_)
    first[1:] = (np.diff(rows[:, :2], axis=0) != 0).any(axis=1)
    return rows[first]


def _by(pairs: Pairs, way: int) -> Rows:
    return np.column_stack([pairs, np.full(len(pairs), way)])
