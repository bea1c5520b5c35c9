"""The grey squares that hashes are computed from. Imports only Pillow, for the child process."""

from typing import Final

from PIL import Image

SMALL: Final = 32  # for the 64-bit hash
LARGE: Final = 64  # for the 256-bit hash


def square(grey: Image.Image, side: int) -> bytes:
    """A grey picture (mode L) squeezed to side x side bytes, row by row, as imagehash does it."""
    return grey.resize((side, side), Image.Resampling.LANCZOS).tobytes()
