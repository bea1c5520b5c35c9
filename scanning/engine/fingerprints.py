"""Perceptual hashes, equal bit for bit to those of the `imagehash` library.

The child process hands over small grey squares; the arithmetic happens here, in the parent, so
that the child needs neither NumPy nor SciPy.
"""

from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct

from scanning.engine.digest import pixel_digest
from scanning.engine.squares import LARGE, SMALL, square

__all__ = [
    "ALGORITHMS",
    "hash_square",
    "is_flat",
    "phash64",
    "phash256",
    "pixel_digest",
]

# Raise a number when the decoding path or the algorithm changes what comes out.
_PILLOW: Final = version("pillow")
_IMAGEHASH: Final = version("imagehash")
ALGORITHMS: Final[dict[str, str]] = {
    "pixels": f"1 pillow={_PILLOW}",
    "phash64": f"1 pillow={_PILLOW} imagehash={_IMAGEHASH}",
    "phash256": f"1 pillow={_PILLOW} imagehash={_IMAGEHASH}",
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
    """The pHash of a square of grey bytes, row by row, 32 x 32 (8 bytes) or 64 x 64 (32 bytes).

    Low frequencies of the DCT above their median, row by row, first bit highest.
    Source: N. Krawetz, "Looks Like It" (2011), with the details of imagehash 4.3.
    """
    low = _low_frequencies(pixels)
    return np.packbits(low > _median(low)).tobytes()


def is_flat(pixels: bytes) -> bool:
    """Whether a 64 x 64 square of grey bytes is too plain to be told from others by its hash.

    Flat are pictures of hardly any contrast, and those where most bits of the 256-bit hash hang
    on rounding: two plain halves, a plain ramp, one plain box.
    """
    if float(np.frombuffer(pixels, np.uint8).std()) < MIN_SPREAD:
        return True
    low = _low_frequencies(pixels)
    # Rounding to whole grey levels moves a coefficient by 2 * side * sqrt(1 / 12) at one sigma.
    side = round(len(pixels) ** 0.5)
    noise = 2 * side * (1 / 12) ** 0.5
    firm = np.count_nonzero(np.abs(low - _median(low)) > 4 * noise)
    return int(firm) < MIN_FIRM_BITS


def _low_frequencies(pixels: bytes) -> NDArray[np.float64]:
    """The top-left quarter by a quarter of the DCT-II of a square of grey bytes."""
    side = round(len(pixels) ** 0.5)
    if side * side != len(pixels) or side % 4:
        raise ValueError(f"{len(pixels)} bytes are no square with a side divisible by 4")
    kept = side // 4
    values = np.frombuffer(pixels, np.uint8).reshape(side, side).astype(np.float64)
    rows = dct(values, axis=0)[:kept]
    low: NDArray[np.float64] = dct(rows, axis=1)[:, :kept]
    return low


def _median(values: NDArray[np.float64]) -> float:
    """np.median of an even number of values, without its overhead."""
    half = values.size // 2
    parts = np.partition(values, (half - 1, half), axis=None)
    return float((parts[half - 1] + parts[half]) / 2)
