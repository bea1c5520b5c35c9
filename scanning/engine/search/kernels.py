"""The compiled loops of the joins.

Both joins return rows of (left row, right row, distance). Both take a limit, and stop soon after
they have found more. Both leave out pairs whose right row plus `offset` is not after the left one;
with an offset of EVERY_ORDER there are none. Labels are empty, or give each row one: pairs of one
label are left out, but a negative label is like no other.
"""

from typing import Any, Final

import numpy as np

from scanning.engine.compiled import compiled, ones

EVERY_ORDER: Final = 1 << 62
BLOCK: Final = 1024  # codes of 32 bytes; a block stays in the processor's first cache


@compiled
def _kept(found: Any, used: int, left: int, right: int, distance: int) -> Any:
    """The buffer with one more row; a larger one where it was full."""
    if used == len(found):
        larger = np.empty((2 * used, 3), np.int64)
        larger[:used] = found
        found = larger
    found[used, 0] = left
    found[used, 1] = right
    found[used, 2] = distance
    return found


@compiled
def _together(left_labels: Any, right_labels: Any, i: int, j: int) -> Any:
    """Whether two rows have one label."""
    return len(left_labels) > 0 and left_labels[i] >= 0 and left_labels[i] == right_labels[j]


@compiled
def _met_before(difference: Any, band: int, shifts: Any, widths: Any, reaches: Any) -> Any:
    """Whether an earlier band finds codes that differ so."""
    for earlier in range(band):
        mask = np.uint64((1 << widths[earlier]) - 1)
        if ones((difference >> np.uint64(shifts[earlier])) & mask) <= np.uint64(reaches[earlier]):
            return True
    return False


@compiled
def scan(
    left: Any,
    right: Any,
    radius: int,
    first: int,
    last: int,
    offset: int,
    left_labels: Any,
    right_labels: Any,
    limit: int,
) -> Any:
    """Compare every left code from first to last with every right one.

    left, right: planes of shape (4, n). Nothing is kept of a block that holds no near code, and
    finding that out is one loop without a branch, which becomes vector instructions.
    """
    most = np.uint64(radius)
    found: Any = np.empty((1024, 3), np.int64)
    used = 0
    for start in range(0, right.shape[1], BLOCK):
        stop = min(start + BLOCK, right.shape[1])
        p, q, r, s = (
            right[0, start:stop],
            right[1, start:stop],
            right[2, start:stop],
            right[3, start:stop],
        )
        for i in range(first, min(last, stop - 1 + offset)):
            a, b, c, d = left[0, i], left[1, i], left[2, i], left[3, i]
            nearest = np.uint64(256)
            for k in range(stop - start):
                distance = ones(a ^ p[k]) + ones(b ^ q[k]) + ones(c ^ r[k]) + ones(d ^ s[k])
                nearest = min(nearest, distance)
            if nearest > most:
                continue
            for k in range(max(0, i + 1 - offset - start), stop - start):
                distance = ones(a ^ p[k]) + ones(b ^ q[k]) + ones(c ^ r[k]) + ones(d ^ s[k])
                if distance <= most and not _together(left_labels, right_labels, i, start + k):
                    found = _kept(found, used, i, start + k, distance)
                    used += 1
            if used > limit:
                return found[:used]
    return found[:used]


@compiled
def nearest(left: Any, right: Any) -> Any:
    """The row of the nearest right code for each left one, and its distance."""
    rows = np.zeros(left.shape[1], np.int64)
    distances = np.full(left.shape[1], 257, np.int64)
    for i in range(left.shape[1]):
        for j in range(right.shape[1]):
            distance = np.int64(0)
            for word in range(4):
                distance += np.int64(ones(left[word, i] ^ right[word, j]))
            if distance < distances[i]:
                rows[i], distances[i] = j, distance
    return rows, distances


@compiled
def shelves(codes: Any, first: int, last: int, shift: int, width: int) -> Any:
    """Codes sorted by `width` bits from `shift` on: where each value starts, codes, rows."""
    mask = np.uint64((1 << width) - 1)
    starts = np.zeros((1 << width) + 1, np.int64)
    for i in range(first, last):
        starts[np.int64((codes[i] >> np.uint64(shift)) & mask) + 1] += 1
    for value in range(1 << width):
        starts[value + 1] += starts[value]
    free: Any = starts[:-1].copy()
    ordered = np.empty(last - first, np.uint64)
    rows = np.empty(last - first, np.int64)
    for i in range(first, last):
        shelf: Any = np.int64((codes[i] >> np.uint64(shift)) & mask)
        ordered[free[shelf]] = codes[i]
        rows[free[shelf]] = i
        free[shelf] += 1
    return starts, ordered, rows


@compiled
def probe(  # noqa: C901  # one compiled loop
    left: Any,
    right: Any,
    band: int,
    shifts: Any,
    widths: Any,
    reaches: Any,
    masks: Any,
    radius: int,
    offset: int,
    same: int,
    left_labels: Any,
    right_labels: Any,
    limit: int,
) -> Any:
    """Compare the codes whose `band` differs in one of `masks`; keep what no earlier band found.

    left, right: what `shelves` returned for this band. same: both are the same codes, so that
    each pair of shelves is met once.
    """
    most = np.uint64(radius)
    found: Any = np.empty((1024, 3), np.int64)
    used = 0
    left_starts, left_codes, left_rows = left
    right_starts, right_codes, right_rows = right
    for value in range(1 << widths[band]):
        begin, end = left_starts[value], left_starts[value + 1]
        if begin == end:
            continue
        for mask in masks:
            other = value ^ mask
            if same and other < value:
                continue
            low, high = right_starts[other], right_starts[other + 1]
            for x in range(begin, end):
                code = left_codes[x]
                for y in range(x + 1 if same and other == value else low, high):
                    if ones(code ^ right_codes[y]) > most:
                        continue
                    i, j = left_rows[x], right_rows[y]
                    if same and j < i:
                        i, j = j, i
                    difference = code ^ right_codes[y]
                    if (
                        j + offset > i
                        and not _together(left_labels, right_labels, i, j)
                        and not _met_before(difference, band, shifts, widths, reaches)
                    ):
                        found = _kept(found, used, i, j, ones(difference))
                        used += 1
        if used > limit:
            return found[:used]
    return found[:used]
