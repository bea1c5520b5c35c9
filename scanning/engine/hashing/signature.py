"""Everything that is matched by, from one grey raster of a picture.

The child process hands over the raster; all arithmetic happens here, in the parent. Each field of
a Signature is stored as one fingerprint; `candidates` reads them back.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from scanning.engine.hashing.fingerprints import Spectrum
from scanning.engine.hashing.squares import KEPT, LARGE, RASTER, SMALL, square
from scanning.engine.hashing.trimming import content_boxes
from scanning.engine.hashing.windows import window_codes


@dataclass(frozen=True, slots=True)
class Signature:
    """The fingerprints of one picture that is not flat.

    phash64, phash256: 8 and 32 bytes, as imagehash packs them: row by row, first bit highest.
    turned256: 7 x 32 bytes, the 256-bit hash of the picture turned by each of `turns.TURNS`.
    trimmed256: 0 to 5 x 32 bytes, the 256-bit hash after each stage of `trimming.content_boxes`.
    raster: 64 x 64 grey bytes, row by row: the square that the 256-bit hash is computed from.
    windows64: 8 bytes for each of `windows.WINDOWS`, the first one being the whole picture.
    """

    phash64: bytes
    phash256: bytes
    turned256: bytes
    trimmed256: bytes
    raster: bytes
    windows64: bytes


def signature(pixels: bytes) -> Signature | None:
    """The signature of a raster of RASTER x RASTER grey bytes; None for a flat picture."""
    if len(pixels) != RASTER**2:
        raise ValueError(f"{len(pixels)} bytes are no raster of {RASTER} x {RASTER}")
    image = Image.frombytes("L", (RASTER, RASTER), pixels)
    small = square(image, LARGE)
    whole = Spectrum(small)
    if whole.is_flat:
        return None
    boxes = content_boxes(np.frombuffer(pixels, np.uint8).reshape(RASTER, RASTER))
    rasters = np.frombuffer(small, np.uint8).reshape(1, KEPT, KEPT)
    trimmed = (Spectrum(square(image, LARGE, box)) for box in boxes)
    return Signature(
        phash64=Spectrum(square(image, SMALL)).code,
        phash256=whole.code,
        turned256=b"".join(whole.turned_codes()),
        trimmed256=b"".join(content.code for content in trimmed if not content.is_flat),
        raster=small,
        windows64=window_codes(rasters).tobytes(),
    )
