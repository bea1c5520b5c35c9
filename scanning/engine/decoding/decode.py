"""From untrusted bytes to upright, plain pixels. Runs only inside the child process.

It imports Pillow and nothing larger, so that a new child is ready in well under 0.1 s.
"""

import errno
import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

# Imported by name, so that Image.open never goes looking for the other plugins.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from scanning.engine.decoding import color
from scanning.engine.decoding.endings import ends_early
from scanning.engine.decoding.errors import PictureError

PLUGINS: Final = (
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    GifImagePlugin,
    BmpImagePlugin,
    PpmImagePlugin,
    AvifImagePlugin,
    Jpeg2KImagePlugin,
)
OPENED: Final = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "AVIF", "JPEG2000")
# A JPEG may turn out to be an MPO; the last three are read through extras.
FORMATS: Final = frozenset({*OPENED, "MPO", "HEIF", "PDF", "DICOM"})

# One thread: the workers around us already fill the cores, and each thread costs address space.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Both edges of a reduced picture stay at least this long: four times the 64 x 64 square that
# the larger hash is computed from.
REDUCED_EDGE: Final = 256

ORIENTATION_TAG: Final = 0x0112
TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS: Final = frozenset({5, 6, 7, 8})

# What Pillow raises for damaged files (its own fuzzer allows the same). Anything else is our
# mistake: it ends the child, and the parent reports a crash.
DAMAGE: Final = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    ArithmeticError,
    NotImplementedError,
    IndexError,
    struct.error,
)


@contextmanager
def guarded(stream: BinaryIO, max_pixels: int) -> Iterator[None]:
    """Turn whatever goes wrong inside, with the picture file in `stream`, into a PictureError.

    Nothing is decoded before the size in a header has passed `max_pixels`.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_large(max_pixels) from None
    except MemoryError:
        raise PictureError("memory", "Decoding needs more memory than is allowed.") from None
    except DAMAGE as error:
        raise _damage(stream, error) from None


def is_jpeg(image: Image.Image) -> bool:
    """Whether `grey` can save most of the decoding."""
    return image.format in ("JPEG", "MPO")


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except DAMAGE:
        return 1
    return value if value in TURNS else 1


def upright(image: Image.Image, turn: int) -> Image.Image:
    return image.transpose(TURNS[turn]) if turn in TURNS else image


def grey(image: Image.Image) -> Image.Image:
    """The picture as it is hashed: small, upright, on white, sRGB, 8-bit grey (mode L).

    Edges are at least REDUCED_EDGE long where the picture's are. A JPEG that has not been loaded
    yet is decoded straight to an eighth, a quarter or a half of its size, and its luma alone.
    """
    if is_jpeg(image):
        mode = image.mode if color.srgb_transform(image) else "L"
        image.draft(mode, (REDUCED_EDGE, REDUCED_EDGE))
    image.load()
    turn = orientation(image)  # after load(): TIFF has turned itself by then
    small = reduced(image, REDUCED_EDGE)
    shown = color.on_white(*color.plain(small))
    return upright(shown if shown.mode == "L" else shown.convert("L"), turn)


def fitted(image: Image.Image, max_edge: int) -> Image.Image:
    """The picture to be shown: upright, on white, sRGB (mode L or RGB), no edge over max_edge."""
    if is_jpeg(image):
        # Twice the size asked for, as draft() picks whole fractions of poor quality.
        factor = max(1, max(image.size) // (2 * max_edge))
        image.draft(None, (max(1, image.width // factor), max(1, image.height // factor)))
    image.load()
    turn = orientation(image)
    small = reduced(image, 2 * max_edge, both=False)
    shown = upright(color.on_white(*color.plain(small)), turn)
    scale = max_edge / max(shown.size)
    if scale < 1:
        size = (max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))
        shown = shown.resize(size, Image.Resampling.LANCZOS)
    return shown


def sketched(image: Image.Image, max_edge: int) -> Image.Image:
    """As `fitted`, in grey and for measuring: a JPEG is decoded no larger than need be."""
    if is_jpeg(image):
        factor = max(1, max(image.size) // max_edge)
        image.draft("L", (max(1, image.width // factor), max(1, image.height // factor)))
    return fitted(image, max_edge).convert("L")


def reduced(image: Image.Image, edge: int, *, both: bool = True) -> Image.Image:
    """Average whole blocks until edges are just above `edge`: each edge, or the longer one."""
    if both:
        factors = (max(1, image.width // edge), max(1, image.height // edge))
    else:
        factor = max(1, max(image.size) // edge)
        factors = (min(factor, image.width), min(factor, image.height))
    if factors == (1, 1):
        return image
    if color.is_deep(image):
        image = color.stretched(image)
    elif image.has_transparency_data and image.mode not in ("LA", "RGBA"):
        image = image.convert("RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        image = image.convert("RGB")
    return image.reduce(factors)


def part(image: Image.Image, left: int, top: int, width: int, height: int) -> Image.Image:
    """A part of the picture, pixel by pixel: upright, on white, sRGB (mode L or RGB).

    Places count from the upper left corner of the upright picture; what lies outside is cut off.
    """
    image.load()
    turn = orientation(image)
    # The range of grey that a deep picture is stretched from is that of the whole picture.
    whole = color.stretched(image) if color.is_deep(image) else image
    across, down = whole.size[::-1] if turn in SIDEWAYS else whole.size
    right, bottom = min(left + width, across), min(top + height, down)
    if not (0 <= left < right and 0 <= top < bottom):
        raise PictureError("unsupported", "There is no such part of the picture.")
    corners = [_before(turn, x, y, across, down) for x, y in ((left, top), (right, bottom))]
    (x1, x2), (y1, y2) = (sorted(edges) for edges in zip(*corners, strict=True))
    return upright(color.on_white(*color.plain(whole.crop((x1, y1, x2, y2)))), turn)


def _before(turn: int, x: int, y: int, width: int, height: int) -> tuple[int, int]:
    """Where a point of the upright picture (width x height) lies in the file."""
    return {
        2: (width - x, y),
        3: (width - x, height - y),
        4: (x, height - y),
        5: (y, x),
        6: (y, width - x),
        7: (height - y, width - x),
        8: (height - y, x),
    }.get(turn, (x, y))


def too_large(max_pixels: int) -> PictureError:
    million = max_pixels / 1_000_000
    return PictureError("too_large", f"The picture has more than {million:g} million pixels.")


def _damage(stream: BinaryIO, error: Exception) -> PictureError:
    if "out of memory" in str(error):
        return PictureError("memory", "Decoding needs more memory than is allowed.")
    if isinstance(error, OSError) and error.errno is not None:
        return PictureError("unreadable", f"The file cannot be read: {os.strerror(error.errno)}.")
    try:
        stream.seek(0)
        head = stream.read(16)
        size = stream.seek(0, os.SEEK_END)
        if isinstance(error, UnidentifiedImageError) and not _recognised(head):
            return PictureError("unsupported", "This is not a picture in a format that is read.")
        if "truncated" in str(error).lower() or ends_early(stream, size):
            return PictureError("truncated", "The file ends before the picture does.")
    except OSError as failure:
        reason = os.strerror(failure.errno or errno.EIO)
        return PictureError("unreadable", f"The file cannot be read: {reason}.")
    return PictureError("broken", "The picture is damaged and cannot be decoded.")


def _recognised(head: bytes) -> bool:
    """Whether a plugin of ours knows the first bytes, so that the file is damaged, not foreign."""
    accepts = (Image.OPEN[name][1] for name in OPENED)
    return any(accept is not None and accept(head) is True for accept in accepts)
