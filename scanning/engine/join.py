"""Exact join of 256-bit codes by Hamming distance.

Compiled with Numba on first use. The machine code is cached under NUMBA_CACHE_DIR, which the
caller's environment sets; without it Numba writes beside this file or, where that is read-only,
into the user's cache folder.
"""

from collections.abc import Sequence
from typing import Any, Final

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

WORDS: Final = 4
BLOCK: Final = 2048  # codes; 64 KB, so that a block stays in the processor's cache


def pack(codes: Sequence[bytes]) -> NDArray[np.uint64]:
    """Codes of 32 bytes each as an array of shape (n, 4)."""
    for code in codes:
        if len(code) != WORDS * 8:
            raise ValueError(f"a code has {len(code)} bytes, not {WORDS * 8}")
    return np.frombuffer(b"".join(codes), np.uint64).reshape(-1, WORDS).copy()


def distinct(codes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The distinct codes in a fixed order, and for each given code its row among them."""
    unique, inverse = np.unique(codes, axis=0, return_inverse=True)
    return unique, inverse.reshape(-1).astype(np.int64)


def near_pairs(codes: NDArray[np.uint64], radius: int, *, first_new: int = 0) -> NDArray[np.int64]:
    """Every pair of codes within a Hamming distance, none missed.

    codes: shape (n, 4). Pass distinct codes (see `distinct`): k equal ones give k(k-1)/2 pairs.
    radius: 0 to 256 bits.
    first_new: only pairs whose later code is at this row or after, for a library that has grown.

    Returns shape (m, 3): rows i < j of `codes` and their distance, sorted by (i, j). Time grows
    with n * (n - first_new), memory with n and m.
    """
    if codes.ndim != 2 or codes.shape[1] != WORDS or codes.dtype != np.uint64:
        raise ValueError("codes must be uint64 of shape (n, 4)")
    if not 0 <= radius <= 64 * WORDS:
        raise ValueError("radius must be 0 to 256")
    if first_new < 0:
        raise ValueError("first_new must not be negative")
    pairs: NDArray[np.int64] = _near_pairs(np.ascontiguousarray(codes.T), radius, first_new)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _count_ones(typing_context: Any, word: Any) -> Any:
    """The number of set bits, as one machine instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


_ones: Any = intrinsic(_count_ones)


@numba.njit(cache=True, nogil=True)
def _near_pairs(planes: Any, radius: int, first_new: int) -> Any:
    count = planes.shape[1]
    limit = np.uint64(radius)
    distances = np.empty(BLOCK, np.uint64)
    found: Any = np.empty((1024, 3), np.int64)
    used = 0
    for start in range(first_new, count, BLOCK):
        stop = min(start + BLOCK, count)
        p, q, r, s = (
            planes[0, start:stop],
            planes[1, start:stop],
            planes[2, start:stop],
            planes[3, start:stop],
        )
        for i in range(stop - 1):
            a, b, c, d = planes[0, i], planes[1, i], planes[2, i], planes[3, i]
            # No branch in this loop, so that it becomes vector instructions.
            nearest = np.uint64(256)
            for k in range(stop - start):
                distance = _ones(a ^ p[k]) + _ones(b ^ q[k]) + _ones(c ^ r[k]) + _ones(d ^ s[k])
                distances[k] = distance
                nearest = min(nearest, distance)
            if nearest > limit:
                continue
            for k in range(max(0, i + 1 - start), stop - start):
                if distances[k] <= limit:
                    if used == len(found):
                        larger = np.empty((2 * used, 3), np.int64)
                        larger[:used] = found
                        found = larger
                    found[used, 0] = i
                    found[used, 1] = start + k
                    found[used, 2] = distances[k]
                    used += 1
    return found[:used].copy()
