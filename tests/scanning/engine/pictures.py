"""Pictures that the tests of the engine make for themselves."""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HOSTILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hostile"


def scene(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """A colour picture with soft, random structure, like a photograph out of focus."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, name: str, **options: Any) -> bytes:
    """The bytes of a picture file in the named format."""
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def oriented(image: Image.Image, orientation: int) -> bytes:
    """A JPEG whose pixels are turned and whose EXIF orientation turns them back."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = image.transpose(undo[orientation]) if orientation in undo else image
    return encoded(stored, "JPEG", quality=95, exif=exif)


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG file whose header announces a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A file descriptor that is open for reading only."""
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


def distance(one: bytes | None, other: bytes | None) -> int:
    """The number of bits in which two hashes differ."""
    if one is None or other is None:
        raise AssertionError("a flat picture has no hash")
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
