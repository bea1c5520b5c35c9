"""Which bands a join of 64-bit codes is cut into.

Multi-index hashing: cut the bits into bands. Two codes within the radius lie, in at least one
band, within that band's reach, where the reaches plus one sum up to the radius plus one
(pigeonhole). So it is enough to look, band by band, at codes that differ there in few bits.
Source: M. Norouzi, A. Punjani, D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index
Hashing" (2014).
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 64
WIDEST: Final = 24  # 2^24 shelves: 128 MB of starting points
# Costs measured in comparisons of one code with another.
_LOOK: Final = 4.0  # at a shelf, empty or not
_SCAN: Final = 0.5  # a comparison within one long run


@dataclass(frozen=True, slots=True)
class Bands:
    """Band k is widths[k] bits from bit shifts[k] on; codes in it may differ by reaches[k]."""

    shifts: NDArray[np.int64]
    widths: NDArray[np.int64]
    reaches: NDArray[np.int64]

    def masks(self, band: int) -> NDArray[np.int64]:
        """Every difference that the band's reach allows, none first."""
        bits = range(int(self.widths[band]))
        return np.array(
            [
                sum(1 << bit for bit in chosen)
                for weight in range(int(self.reaches[band]) + 1)
                for chosen in combinations(bits, weight)
            ],
            np.int64,
        )


def choose(left: int, right: int, radius: int) -> Bands | None:
    """The cheapest bands for so many codes and this radius; None where a plain scan is cheaper."""
    options = [_cut(count, radius) for count in range(1, radius + 2) if BITS // count >= 4]
    options = [bands for bands in options if bands.widths.max() <= WIDEST]
    best = min(options, key=lambda bands: _cost(bands, left, right), default=None)
    if best is None or _cost(best, left, right) >= _SCAN * left * right:
        return None
    return best


def _cut(count: int, radius: int) -> Bands:
    """The bits in `count` bands, as even as can be; longer bands come first and reach farther."""
    widths = np.full(count, BITS // count)
    widths[: BITS % count] += 1
    # Reaches plus one sum up to radius plus one.
    reaches = np.full(count, (radius + 1) // count - 1)
    reaches[: (radius + 1) % count] += 1
    return Bands(np.cumsum(widths) - widths, widths, reaches)


def _cost(bands: Bands, left: int, right: int) -> float:
    """Shelves looked at and codes compared."""
    cost = 0.0
    for width, reach in zip(bands.widths.tolist(), bands.reaches.tolist(), strict=True):
        probes = sum(comb(width, weight) for weight in range(reach + 1))
        shelves = min(left, 1 << width)
        cost += left + right + (1 << width) + probes * (_LOOK * shelves + left * right / 2**width)
    return cost
