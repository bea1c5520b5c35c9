"""The grey squares that hashes are computed from. Imports only Pillow, for the child process."""

from typing import Final

from PIL import Image

SMALL: Final = 32  # for the 64-bit hash
LARGE: Final = 64  # for the 256-bit hash
KEPT: Final = LARGE  # stored, for windows and families
RASTER: Final = 128  # what a child hands over; every other square comes from it


def raster(grey: Image.Image) -> bytes:
    """A grey picture (mode L) squeezed to RASTER x RASTER bytes, row by row.

    Bicubic: on the way to the smaller squares as true to the whole picture as Lanczos, and
    cheaper (mean bits of 256 that differ from imagehash on all pixels: 0.8 to 2 for photographs,
    products and X-rays, 4.6 for dense forms).
    """
    return grey.resize((RASTER, RASTER), Image.Resampling.BICUBIC).tobytes()


def square(
    grey: Image.Image, side: int, box: tuple[float, float, float, float] | None = None
) -> bytes:
    """A grey picture, or a box of it, squeezed to side x side bytes, as imagehash does it."""
    return grey.resize((side, side), Image.Resampling.LANCZOS, box=box).tobytes()
