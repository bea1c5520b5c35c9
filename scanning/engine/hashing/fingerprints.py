"""Perceptual hashes, equal bit for bit to those of the `imagehash` library.

The child process hands over a small grey raster; the arithmetic happens here, in the parent, so
that the child needs neither NumPy nor SciPy.
"""

from collections.abc import Iterator
from functools import cache, cached_property
from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct

from scanning.engine.hashing.squares import LARGE, SMALL, square
from scanning.engine.hashing.turns import TURNS

__all__ = [
    "ALGORITHMS",
    "Spectrum",
    "hash_square",
    "is_flat",
    "phash64",
    "phash256",
]

# What is stored of a picture (see `signature.Signature`), and the version of each. Raise a number
# when the decoding path or the algorithm changes what comes out.
_PILLOW: Final = f"pillow={version('pillow')}"
ALGORITHMS: Final[dict[str, str]] = {
    "pixels": f"1 {_PILLOW}",
    "phash64": f"2 {_PILLOW}",
    "phash256": f"2 {_PILLOW}",
    "turned256": f"1 {_PILLOW}",
    "trimmed256": f"1 {_PILLOW}",
    "raster": f"2 {_PILLOW}",
    "windows64": f"1 {_PILLOW}",
}

# Calibrated on the sets in data/README.md: no photo, form, product or X-ray there is flat.
MIN_SPREAD: Final = 2.0
MIN_FIRM_BITS: Final = 32


def phash64(image: Image.Image) -> bytes:
    """The 64-bit pHash of a picture as 8 bytes: `imagehash.phash(image, hash_size=8)`."""
    return hash_square(square(image.convert("L"), SMALL))


def phash256(image: Image.Image) -> bytes:
    """The 256-bit pHash of a picture as 32 bytes: `imagehash.phash(image, hash_size=16)`."""
    return hash_square(square(image.convert("L"), LARGE))


def hash_square(pixels: bytes) -> bytes:
    """The pHash of a square of grey bytes, row by row, 32 x 32 (8 bytes) or 64 x 64 (32 bytes)."""
    return Spectrum(pixels).code


def is_flat(pixels: bytes) -> bool:
    """Whether a 64 x 64 square of grey bytes is too plain to be told from others by its hash."""
    return Spectrum(pixels).is_flat


class Spectrum:
    """The low frequencies of a square of grey bytes, and the hashes that follow from them."""

    def __init__(self, pixels: bytes) -> None:
        """pixels: row by row, of a square with a side divisible by 4."""
        self._side = round(len(pixels) ** 0.5)
        if self._side**2 != len(pixels) or self._side % 4:
            raise ValueError(f"{len(pixels)} bytes are no square with a side divisible by 4")
        self._pixels = np.frombuffer(pixels, np.uint8).reshape(self._side, self._side)

    @property
    def code(self) -> bytes:
        """The pHash: a quarter by a quarter of the DCT-II above its median.

        Source: N. Krawetz, "Looks Like It" (2011), with the details of imagehash 4.3.
        """
        return np.packbits(self._low > self._median).tobytes()

    @property
    def is_flat(self) -> bool:
        """Hardly any contrast, or a hash most of whose bits hang on rounding: two plain halves, a
        plain ramp, one plain box. Meant for the 256-bit hash.
        """
        if float(self._pixels.std()) < MIN_SPREAD:
            return True
        # Rounding to whole grey levels moves a coefficient by 2 * side * sqrt(1 / 12) at one sigma.
        noise = 2 * self._side * (1 / 12) ** 0.5
        firm = np.count_nonzero(np.abs(self._low - self._median) > 4 * noise)
        return int(firm) < MIN_FIRM_BITS

    def turned_codes(self) -> Iterator[bytes]:
        """The pHash of the square after each of TURNS.

        Mirroring negates the odd frequencies and turning transposes besides.
        """
        places, signs = _turned(self._side // 4)
        low = self._low.ravel()[places] * signs
        half = low.shape[1] // 2
        parts = np.partition(low, (half - 1, half), axis=1)
        medians = (parts[:, half - 1] + parts[:, half]) / 2
        yield from (code.tobytes() for code in np.packbits(low > medians[:, None], axis=1))

    @cached_property
    def _low(self) -> NDArray[np.float64]:
        kept = self._side // 4
        rows = dct(self._pixels.astype(np.float64), axis=0)[:kept]
        low: NDArray[np.float64] = dct(rows, axis=1)[:, :kept]
        return low

    @cached_property
    def _median(self) -> float:
        return _median(self._low)


@cache
def _turned(kept: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each of TURNS where its frequencies come from, and their signs. Shapes (7, kept²)."""
    places = np.arange(kept * kept).reshape(kept, kept)
    odd = 1.0 - 2.0 * (np.arange(kept) % 2)
    order, signs = [], []
    for turn in TURNS:
        order.append((places.T if turn.transposed else places).ravel())
        down = odd[:, None] if turn.rows_flipped else np.ones((kept, 1))
        across = odd if turn.columns_flipped else np.ones(kept)
        signs.append((down * across).ravel())
    return np.stack(order), np.stack(signs)


def _median(values: NDArray[np.float64]) -> float:
    """np.median of an even number of values, without its overhead."""
    half = values.size // 2
    parts = np.partition(values, (half - 1, half), axis=None)
    return float((parts[half - 1] + parts[half]) / 2)
