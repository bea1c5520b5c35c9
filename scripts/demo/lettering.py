"""Fonts and printed labels. The fonts come from Debian packages and are needed only here."""

import functools
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from demo.shapes import F, f32

FONTS = {
    "serif": ("opentype/noto/NotoSerifCJK-Regular.ttc", 3, "fonts-noto-cjk"),
    "serif-bold": ("opentype/noto/NotoSerifCJK-Bold.ttc", 3, "fonts-noto-cjk"),
    "sans": ("opentype/noto/NotoSansCJK-Regular.ttc", 3, "fonts-noto-cjk"),
    "sans-bold": ("opentype/noto/NotoSansCJK-Bold.ttc", 3, "fonts-noto-cjk"),
    "mono": ("truetype/dejavu/DejaVuSansMono.ttf", 0, "fonts-dejavu"),
    "mono-bold": ("truetype/dejavu/DejaVuSansMono-Bold.ttf", 0, "fonts-dejavu"),
    "latin": ("truetype/dejavu/DejaVuSans-Bold.ttf", 0, "fonts-dejavu"),
}
FOLDER = Path("/usr/share/fonts")


def missing_packages() -> list[str]:
    """Debian packages whose fonts are not installed."""
    return sorted({pack for path, _, pack in FONTS.values() if not (FOLDER / path).is_file()})


@functools.cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """One of FONTS at a size in pixels (the Traditional Chinese face of a collection)."""
    path, index, _ = FONTS[name]
    layout = ImageFont.Layout.BASIC
    return ImageFont.truetype(str(FOLDER / path), size, index=index, layout_engine=layout)


Colour = tuple[int, int, int]


def centred(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    face: str,
    size: int,
    fill: Colour | int,
    spacing: float = 0,
) -> None:
    """Writes text centred on a point, with extra space between letters if wanted."""
    f = font(face, size)
    if not spacing:
        draw.text(at, text, fill, f, anchor="mm")
        return
    width = sum(f.getlength(c) for c in text) + spacing * (len(text) - 1)
    x = at[0] - width / 2
    for c in text:
        draw.text((x, at[1]), c, fill, f, anchor="lm")
        x += f.getlength(c) + spacing


def linear(image: Image.Image) -> F:
    """8-bit sRGB to linear light, 0 to 1, its drawn edges softened a little."""
    image = image.filter(ImageFilter.GaussianBlur(0.8))
    return f32((np.asarray(image.convert("RGB"), np.float32) / 255) ** 2.2)


def label(
    ground: Colour,
    ink: Colour,
    title: str,
    lines: tuple[str, ...],
    size: tuple[int, int] = (1400, 700),
) -> F:
    """A printed wrap-round label with a framed title, as a linear texture."""
    w, h = size
    image = Image.new("RGB", size, ground)
    d = ImageDraw.Draw(image)
    for y in (18, h - 30):
        d.rectangle((0, y, w, y + 10), fill=ink)
    for x in range(0, w, 50):  # a running fret
        for y, s in ((44, 1), (h - 44, -1)):
            d.line(
                [
                    (x, y),
                    (x + 38, y),
                    (x + 38, y + 26 * s),
                    (x + 12, y + 26 * s),
                    (x + 12, y + 13 * s),
                    (x + 25, y + 13 * s),
                ],
                ink,
                5,
            )
    for cx in (w // 4, 3 * w // 4):
        d.rounded_rectangle((cx - 130, 105, cx + 130, h - 105), 30, outline=ink, width=7)
        d.rounded_rectangle((cx - 116, 119, cx + 116, h - 119), 22, outline=ink, width=3)
        step = (h - 330) / max(len(title), 1)
        for i, c in enumerate(title):
            centred(d, (cx, 134 + step * (i + 0.5)), c, "serif-bold", int(min(step, 150)), ink)
        for i, line in enumerate(lines):
            centred(d, (cx, h - 178 + i * 28), line, "latin", 19, ink, 1)
    return linear(image)


def waves(ground: Colour, ink: Colour, size: tuple[int, int] = (1600, 500)) -> F:
    """A band of overlapping wave scales."""
    image = Image.new("RGB", size, ground)
    d = ImageDraw.Draw(image)
    r = 50
    for row, y in enumerate(range(-r, size[1] + 2 * r, r // 2)):
        for x in range(-r, size[0] + r, 2 * r):
            cx = x + (r if row % 2 else 0)
            for k in (1.0, 0.72, 0.44, 0.18):
                d.ellipse((cx - r * k, y - r * k, cx + r * k, y + r * k), ground, ink, 5)
    return linear(image)


def skyline(ground: Colour, ink: Colour, accent: Colour, text: str) -> F:
    """A mug print: hill, towers, a junk on the water, and a word, twice round."""
    image = Image.new("RGB", (1600, 520), ground)
    d = ImageDraw.Draw(image)
    for off in (0, 800):
        hill = [
            (60, 330),
            (150, 250),
            (215, 262),
            (270, 180),
            (330, 205),
            (420, 120),
            (455, 150),
            (520, 140),
            (580, 215),
            (660, 260),
            (740, 330),
        ]
        d.line([(x + off, y) for x, y in hill], ink, 7, "curve")
        for i, (x, w, h) in enumerate(
            (
                (120, 38, 70),
                (175, 30, 120),
                (222, 44, 90),
                (282, 28, 150),
                (330, 40, 105),
                (395, 34, 175),
                (445, 46, 95),
                (508, 30, 135),
                (560, 44, 80),
                (620, 34, 60),
            )
        ):
            d.rectangle((x + off, 330 - h, x + off + w, 330), ground, ink, 5)
            for wy in range(330 - h + 14, 322, 16):
                d.line((x + off + 8, wy, x + off + w - 8, wy), accent if i % 3 == 0 else ink, 3)
        for y in (346, 362, 378):
            for x in range(50 + (y % 3) * 18, 740, 70):
                d.arc((x + off, y - 8, x + off + 40, y + 10), 20, 160, ink, 4)
        d.polygon([(380 + off, 385), (500 + off, 385), (480 + off, 410), (398 + off, 410)], accent)
        d.polygon([(440 + off, 300), (440 + off, 380), (500 + off, 372)], accent)
        d.polygon([(432 + off, 312), (432 + off, 380), (392 + off, 372)], accent)
        centred(d, (400 + off, 462), text, "serif-bold", 74, ink, 34)
    return linear(image)
