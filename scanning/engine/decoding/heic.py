"""HEIC and HEIF pictures, through pillow-heif. Runs only inside the child process."""

from collections.abc import Callable
from typing import BinaryIO, Final

from PIL import ImageFile

from scanning.engine.decoding.extras import HEIC

BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
# Brands of any picture in an ISO media file: one of the compatible brands says which.
GENERAL: Final = frozenset({b"mif1", b"msf1", b"mif2", b"miaf"})


def is_heic(head: bytes) -> bool:
    """Whether a file that begins with these bytes (64 or more of them) holds HEVC pictures."""
    if head[4:8] != b"ftyp":
        return False
    length = min(int.from_bytes(head[:4], "big"), len(head))
    compatible = {head[at : at + 4] for at in range(16, length - 3, 4)}
    return head[8:12] in BRANDS or (head[8:12] in GENERAL and not BRANDS.isdisjoint(compatible))


def opened(stream: BinaryIO) -> ImageFile.ImageFile:
    """The picture, not decoded yet; it obeys the rotation of its container.

    Raises:
        PictureError: pillow-heif is not installed.
    """
    try:
        import pillow_heif
    except ImportError:
        raise HEIC.missing() from None
    # One thread, as for AVIF; and nothing but the pictures themselves.
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    opener: Callable[[BinaryIO], ImageFile.ImageFile] = pillow_heif.HeifImageFile
    return opener(stream)
