"""One digest for one set of visible pixels, whatever file format holds them.

Runs only inside the child process, and so imports only Pillow.
"""

import hashlib
from typing import Final

from PIL import Image

from scanning.engine.decoding import color
from scanning.engine.decoding.decode import SIDEWAYS, orientation, upright

STRIP_PIXELS: Final = 1 << 18


def pixel_digest(image: Image.Image) -> bytes:
    """BLAKE2b over the size and the upright 8-bit sRGB pixels, and the alpha where it matters.

    Returns 32 bytes. Mode, palette, file format, orientation tag and an opaque alpha channel make
    no difference; nor does the hidden colour of fully transparent pixels. Pictures with one
    16-bit, 32-bit or float channel are digested by their exact values, and so never equal an
    8-bit one. Works strip by strip: memory beyond the decoded picture stays below some MB.
    """
    image.load()
    turn = orientation(image)
    width, height = image.size[::-1] if turn in SIDEWAYS else image.size
    deep = color.is_deep(image)
    kind = image.mode[0] if deep else "RGB"
    pixels = hashlib.blake2b(f"{kind} {width} {height} ".encode(), digest_size=32)
    alphas = hashlib.blake2b(digest_size=32)
    opaque = True
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = _strip(image, turn, top, min(top + rows, height))
        if deep:
            pixels.update(strip.convert(kind).tobytes())
            continue
        colours, alpha = color.plain(strip)
        if alpha is not None:
            low, high = alpha.getextrema()
            opaque = opaque and low == high == 255
            if low == 0:
                visible = alpha.point([0] + [255] * 255)
                colours = color.on_white(colours, visible)
            alphas.update(alpha.tobytes())
        pixels.update((colours if colours.mode == "RGB" else colours.convert("RGB")).tobytes())
    if not opaque:
        pixels.update(alphas.digest())
    return pixels.digest()


def _strip(image: Image.Image, turn: int, top: int, bottom: int) -> Image.Image:
    """Rows top to bottom of the upright picture, without turning the whole of it."""
    width, height = image.size
    if turn in (1, 2):
        box = (0, top, width, bottom)
    elif turn in (3, 4):
        box = (0, height - bottom, width, height - top)
    elif turn in (5, 6):
        box = (top, 0, bottom, height)
    else:
        box = (width - bottom, 0, width - top, height)
    return upright(image.crop(box), turn)
