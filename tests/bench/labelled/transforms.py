"""What people and programs do to a picture before it turns up a second time.

Every transform takes an RGB or grey picture and a seeded generator and gives another picture. What
is done to the bytes only (same bytes, another container, JPEG quality) is in `build`.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Random = np.random.Generator
Transform = Callable[[Image.Image, Random], Image.Image]

WORDS: Final = ("SAMPLE", "DRAFT", "COPY ONLY", "PREVIEW", "NOT FOR SALE")
GROUNDS: Final = ((255, 255, 255), (236, 238, 241), (32, 34, 38), (0, 0, 0))
WARM: Final = np.array([1.10, 1.0, 0.82])


def scaled(share: float) -> Transform:
    """Both sides reduced to this share."""

    def transform(image: Image.Image, _random: Random) -> Image.Image:
        size = max(1, round(image.width * share)), max(1, round(image.height * share))
        return image.resize(size, Image.Resampling.LANCZOS)

    return transform


def brightness(factor: float) -> Transform:
    """All values times this."""
    return lambda image, _random: ImageEnhance.Brightness(image).enhance(factor)


def contrast(image: Image.Image, _random: Random) -> Image.Image:
    """Contrast up by 40 %."""
    return ImageEnhance.Contrast(image).enhance(1.4)


def grey(image: Image.Image, _random: Random) -> Image.Image:
    """Without colour."""
    return image.convert("L")


def warm(image: Image.Image, _random: Random) -> Image.Image:
    """A warm tint, as of lamp light."""
    values = np.asarray(image.convert("RGB")) * WARM
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def cropped(share: float) -> Transform:
    """This share of each side cut away."""

    def transform(image: Image.Image, _random: Random) -> Image.Image:
        across, down = round(image.width * share), round(image.height * share)
        return image.crop((across, down, image.width - across, image.height - down))

    return transform


def off_centre(image: Image.Image, random: Random) -> Image.Image:
    """Cropped to 75 % of the area, nearer to one corner than to the centre."""
    width, height = round(image.width * 0.75**0.5), round(image.height * 0.75**0.5)
    free = image.width - width, image.height - height
    corner = random.integers(0, 2, 2)
    share = random.uniform(0, 0.25, 2)
    left, top = (
        round(room * (away if side else 1 - away))
        for room, side, away in zip(free, corner, share, strict=True)
    )
    return image.crop((left, top, left + width, top + height))


def watermark(image: Image.Image, random: Random) -> Image.Image:
    """Half transparent words in a slant line across the picture."""
    word = WORDS[random.integers(len(WORDS))]
    edge = round(np.hypot(*image.size))
    font = ImageFont.load_default(max(8.0, min(image.size) / 9))
    layer = Image.new("L", (edge, edge), 0)
    pen = ImageDraw.Draw(layer)
    pen.text((edge / 2, edge / 2), f"{word}   {word}", 128, font, anchor="mm")
    layer = layer.rotate(float(random.uniform(15, 40)), Image.Resampling.BICUBIC)
    left, top = (edge - image.width) // 2, (edge - image.height) // 2
    mask = layer.crop((left, top, left + image.width, top + image.height))
    marked = image.convert("RGB")
    shade = int(random.choice([96, 160, 230]))
    marked.paste((shade, shade, shade), (0, 0, *image.size), mask)
    return marked


def border(image: Image.Image, random: Random) -> Image.Image:
    """A uniform frame of 4 to 10 % of the shorter side."""
    wide = round(min(image.size) * float(random.uniform(0.04, 0.10)))
    ground = GROUNDS[random.integers(len(GROUNDS))]
    return ImageOps.expand(image.convert("RGB"), wide, ground)


def screenshot(image: Image.Image, random: Random) -> Image.Image:
    """The picture in a window of a viewer: a title bar, a plain ground, a status bar."""
    width = round(image.width * float(random.uniform(1.15, 1.6)))
    bar = max(10, round(image.height * 0.045))
    height = round(image.height * float(random.uniform(1.04, 1.25))) + 2 * bar
    ground = GROUNDS[random.integers(1, 3)]
    window = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(window)
    pen.rectangle((0, 0, width, bar), (222, 225, 230))
    pen.rectangle((0, height - bar, width, height), (206, 209, 214))
    font = ImageFont.load_default(bar * 0.6)
    pen.text((bar * 0.5, bar / 2), "Viewer - 1 / 24", (40, 40, 44), font, anchor="lm")
    for number, colour in enumerate(((96, 200, 88), (246, 190, 64), (238, 98, 88))):
        centre = width - bar * (0.8 + 1.1 * number)
        pen.ellipse((centre - bar / 4, bar / 4, centre + bar / 4, bar * 3 / 4), colour)
    pen.text((bar * 0.5, height - bar / 2), "100 %", (90, 90, 96), font, anchor="lm")
    window.paste(image.convert("RGB"), ((width - image.width) // 2, (height - image.height) // 2))
    return window


def skewed(degrees: float) -> Transform:
    """Turned by a few degrees within the same frame, its corners filled with the edge's tone."""

    def transform(image: Image.Image, random: Random) -> Image.Image:
        edge = image.convert("L").resize((16, 16), Image.Resampling.BOX)
        tone = int(np.median(np.asarray(edge)[[0, -1]]))
        fill = tone if image.mode == "L" else (tone, tone, tone)
        angle = degrees if random.integers(2) else -degrees
        return image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=fill)

    return transform


def turned(method: Image.Transpose) -> Transform:
    """A quarter turn or a mirror image, without loss."""
    return lambda image, _random: image.transpose(method)


def blur(image: Image.Image, _random: Random) -> Image.Image:
    """Out of focus: a Gaussian of 1/400 of the longer side, at least one pixel."""
    return image.filter(ImageFilter.GaussianBlur(max(1.0, max(image.size) / 400)))


def rescan(image: Image.Image, random: Random) -> Image.Image:
    """The sheet once more on a flat-bed scanner: skew, shift, paper, light, sharpness, noise."""
    width, height = image.size
    tone = float(random.uniform(0.90, 1.0))
    shift = tuple(int(step) for step in random.integers(-6, 7, 2))
    white = 255 if image.mode == "L" else (255, 255, 255)
    moved = image.rotate(
        float(random.uniform(-0.7, 0.7)),
        Image.Resampling.BICUBIC,
        translate=(shift[0], shift[1]),
        fillcolor=white,
    ).filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 0.7))))
    values = np.asarray(moved, np.float32)
    across = np.linspace(0, 1, width, dtype=np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    falls = random.uniform(-0.05, 0.05, 2)
    light = tone * (1 - abs(float(falls[0])) / 2 + falls[0] * across + falls[1] * (down - 0.5))
    noise = random.standard_normal((height, width), np.float32) * float(random.uniform(1.5, 4))
    ink = float(random.uniform(0, 24))
    if values.ndim == 3:
        light, noise = light[..., None], noise[..., None]
        paper = np.array([1, float(random.uniform(0.97, 1)), float(random.uniform(0.92, 1))])
        light = light * paper
    scanned = (ink + values * (255 - ink) / 255) * light + noise
    return Image.fromarray(scanned.clip(0, 255).astype(np.uint8))


PICTURES: Final[dict[str, Transform]] = {
    "resize_50": scaled(0.5),
    "resize_25": scaled(0.25),
    "brighter": brightness(1.25),
    "darker": brightness(0.75),
    "contrast": contrast,
    "grey": grey,
    "warm": warm,
    "crop_3": cropped(0.03),
    "crop_8": cropped(0.08),
    "crop_75": off_centre,
    "watermark": watermark,
    "border": border,
    "screenshot": screenshot,
    "turn_2": skewed(2),
    "turn_90": turned(Image.Transpose.ROTATE_270),
    "turn_180": turned(Image.Transpose.ROTATE_180),
    "turn_270": turned(Image.Transpose.ROTATE_90),
    "mirror": turned(Image.Transpose.FLIP_LEFT_RIGHT),
    "blur": blur,
    "rescan": rescan,
}
# Done to the bytes rather than to the pixels.
BYTES: Final = ("jpeg_25", "container", "same_bytes")
# Only paper is scanned a second time.
FOR_PAPER: Final = ("rescan",)
ANY: Final = tuple(name for name in (*PICTURES, *BYTES) if name not in FOR_PAPER)
