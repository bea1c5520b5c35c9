"""Exact joins of codes of 64 or 256 bits by Hamming distance: no pair missed, none invented.

Codes of 64 bits are joined by multi-index hashing (see `bands`), those of 256 bits by comparing all
of them. At a radius of a quarter of the bits, which is what 256-bit hashes want, no index is both
exact and faster for up to some millions of codes: a band of b bits would have to bear b / 4 errors,
and looking at all shelves within that reach costs more than comparing n codes unless 2^b is far
beyond n^1.2. A scan is also what a processor does best.

Memory: the codes twice, 24 bytes for each code (64 bits), and 48 bytes for each pair found; use
`limit` and ranges of the left side to bound the latter. Ranges are also how any number of workers
share one join: together their answers are that of the whole.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanning.engine.search import bands, kernels

WORDS: Final = 4
_NO_LABELS: Final = np.empty(0, np.int32)
_NO_LIMIT: Final = 1 << 62

Codes = NDArray[np.uint64]
Pairs = NDArray[np.int64]
Labels = NDArray[np.int32]


class TooManyPairs(Exception):
    """A join has found more pairs than it was allowed to; `count` so far."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        return f"More pairs than allowed: {self.count} so far."


def pack(codes: Sequence[bytes]) -> Codes:
    """Codes of 32 bytes each as an array of shape (n, 4)."""
    for code in codes:
        if len(code) != WORDS * 8:
            raise ValueError(f"a code has {len(code)} bytes, not {WORDS * 8}")
    return np.frombuffer(b"".join(codes), np.uint64).reshape(-1, WORDS).copy()


def distinct(codes: Codes) -> tuple[Codes, NDArray[np.int64]]:
    """The distinct codes in a fixed order, and for each given code its row among them."""
    unique, inverse = np.unique(codes, axis=0, return_inverse=True)
    return unique, inverse.reshape(-1).astype(np.int64)


def near_pairs(
    codes: Codes,
    radius: int,
    *,
    first_new: int = 0,
    first: int = 0,
    last: int | None = None,
    labels: Labels | None = None,
    limit: int | None = None,
) -> Pairs:
    """Every pair of codes within a Hamming distance, none missed.

    codes: shape (n, 4), or (n, 1) for 64 bits. Pass distinct codes (see `distinct`): k equal ones
        give k(k-1)/2 pairs.
    radius: 0 to the number of bits.
    first_new: only pairs whose later code is at this row or after, for a library that has grown.
    first, last: only pairs whose earlier code is in this range, for a share of the work.
    labels: one per code; pairs of one label are left out, unless it is negative.
    limit: the most pairs to find; TooManyPairs beyond.

    Returns shape (m, 3): rows i < j of `codes` and their distance, sorted by (i, j).
    """
    return near_between(
        codes,
        codes,
        radius,
        first=first,
        last=last,
        first_new=first_new,
        above=True,
        labels=None if labels is None else (labels, labels),
        limit=limit,
    )


def near_between(
    left: Codes,
    right: Codes,
    radius: int,
    *,
    first: int = 0,
    last: int | None = None,
    first_new: int = 0,
    above: bool = False,
    labels: tuple[Labels, Labels] | None = None,
    limit: int | None = None,
) -> Pairs:
    """Every pair of a left and a right code within a Hamming distance, none missed.

    first, last: only left codes in this range.
    first_new: only right codes from this row on.
    above: only pairs whose right row is after the left one, where both sides are the same pictures.
    The rest as in `near_pairs`; rows are those of `left` and of `right`.
    """
    _check(left, right, radius)
    last = len(left) if last is None else min(last, len(left))
    if not 0 <= first <= last:
        raise ValueError("the range must lie within the left codes")
    if first_new < 0:
        raise ValueError("first_new must not be negative")
    new = min(first_new, len(right))
    offset = new if above else kernels.EVERY_ORDER
    # Copies: a loop is compiled again for arrays that are read-only, or lie otherwise in memory.
    ours, theirs = (np.array(side, np.int32) for side in labels or (_NO_LABELS, _NO_LABELS))
    most = _NO_LIMIT if limit is None else limit
    # No copy where all are new, so that both sides are known to be the same.
    recent = right[new:] if new else right
    work = _Work(left, recent, radius, (first, last), (ours, theirs[new:]), offset, most)
    cut = bands.choose(last - first, len(recent), radius) if left.shape[1] == 1 else None
    found = work.scanned() if cut is None else work.probed(cut)
    pairs = found[0] if len(found) == 1 else np.concatenate(found)
    if len(pairs) > most:
        raise TooManyPairs(len(pairs))
    pairs[:, 1] += new
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def nearest(left: Codes, right: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The row of the nearest right code for each left one (the first of several), and its distance.

    With nothing on the right the distances are beyond any radius.
    """
    _check(left, right, 0)
    rows, distances = kernels.nearest(_planes(left), _planes(right))
    return rows, distances


def _check(left: Codes, right: Codes, radius: int) -> None:
    for codes in (left, right):
        if codes.ndim != 2 or codes.shape[1] not in (1, WORDS) or codes.dtype != np.uint64:
            raise ValueError("codes must be uint64 of shape (n, 1) or (n, 4)")
    if left.shape[1] != right.shape[1]:
        raise ValueError("both sides must have codes of one length")
    if not 0 <= radius <= 64 * left.shape[1]:
        raise ValueError(f"radius must be 0 to {64 * left.shape[1]}")


class _Work(NamedTuple):
    """A join whose arguments are in order; for the kernels' sake right rows start at 0."""

    left: Codes
    right: Codes
    radius: int
    rows: tuple[int, int]
    labels: tuple[Labels, Labels]
    offset: int
    limit: int

    def scanned(self) -> list[Pairs]:
        ours = _planes(self.left)
        theirs = ours if self.left is self.right else _planes(self.right)
        return [
            kernels.scan(
                ours, theirs, self.radius, *self.rows, self.offset, *self.labels, self.limit
            )
        ]

    def probed(self, cut: bands.Bands) -> list[Pairs]:
        same = self.left is self.right and self.rows == (0, len(self.left)) and not self.offset
        right = self.right[:, 0].copy()
        left = right if same else self.left[:, 0].copy()
        found: list[Pairs] = []
        count = 0
        for band in range(len(cut.widths)):
            place = int(cut.shifts[band]), int(cut.widths[band])
            theirs = kernels.shelves(right, 0, len(right), *place)
            ours = theirs if same else kernels.shelves(left, *self.rows, *place)
            found.append(
                kernels.probe(
                    ours,
                    theirs,
                    band,
                    cut.shifts,
                    cut.widths,
                    cut.reaches,
                    cut.masks(band),
                    self.radius,
                    self.offset,
                    int(same),
                    *self.labels,
                    self.limit - count,
                )
            )
            count += len(found[-1])
            if count > self.limit:
                break
        return found


def _planes(codes: Codes) -> Codes:
    """Word by word, shape (4, n); shorter codes are filled up with zeros."""
    planes = np.zeros((WORDS, len(codes)), np.uint64)
    planes[: codes.shape[1]] = codes.T
    return planes
