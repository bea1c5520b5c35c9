"""Encoding, and the things that people do to a picture before they send it on."""

import io
from datetime import datetime

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from demo.lettering import centred, font


def jpeg(
    image: Image.Image,
    limit: int,
    *,
    quality: int = 82,
    taken: str = "",
    model: str = "",
    orientation: int = 0,
) -> bytes:
    """JPEG bytes at the best quality up to `quality` that fits `limit` bytes, never below 30."""
    exif = Image.Exif()
    if model:
        exif[0x010F], exif[0x0110] = "Sampan Optical", model
    if taken:
        when = datetime.fromisoformat(taken).strftime("%Y:%m:%d %H:%M:%S")
        exif[0x0132] = when
        exif.get_ifd(0x8769)[0x9003] = when
    if orientation:
        exif[0x0112] = orientation
    while True:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True, exif=exif)
        if buffer.tell() <= limit or quality <= 30:
            return buffer.getvalue()
        quality -= 2


def encoded(image: Image.Image, kind: str, **options: int | str) -> bytes:
    """Bytes in another format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    """The picture in some bytes."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """The picture, smaller or larger."""
    size = round(image.width * factor), round(image.height * factor)
    return image.resize(size, Image.Resampling.LANCZOS)


def cropped(
    image: Image.Image, left: float, top: float, right: float, bottom: float
) -> Image.Image:
    """The picture without these shares of its sides."""
    w, h = image.size
    return image.crop(
        (round(w * left), round(h * top), round(w * (1 - right)), round(h * (1 - bottom)))
    )


def warmer(image: Image.Image) -> Image.Image:
    """Stronger and warmer colours."""
    x = np.asarray(image, np.float32) * np.array((1.07, 1.0, 0.86), np.float32)
    return ImageEnhance.Color(Image.fromarray(np.clip(x, 0, 255).astype(np.uint8))).enhance(1.25)


def brighter(image: Image.Image, share: float = 1.12) -> Image.Image:
    """Lighter, with a little more contrast."""
    return ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(share)).enhance(1.05)


def captioned(image: Image.Image, words: str, small: str) -> Image.Image:
    """A shop's banner over the lower edge."""
    out = image.copy()
    w, h = out.size
    bar = round(h * 0.085)
    d = ImageDraw.Draw(out)
    d.rectangle((0, h - bar, w, h), (188, 24, 38))
    d.text(
        (round(w * 0.03), h - bar / 2),
        words,
        (255, 255, 255),
        font("sans-bold", round(bar * 0.5)),
        anchor="lm",
    )
    d.text(
        (w - round(w * 0.03), h - bar / 2),
        small,
        (255, 220, 150),
        font("sans-bold", round(bar * 0.34)),
        anchor="rm",
    )
    return out


def watermarked(image: Image.Image, words: str) -> Image.Image:
    """Pale words across the picture."""
    mark = Image.new("L", image.size, 0)
    d = ImageDraw.Draw(mark)
    for y in range(0, image.height + 300, 240):
        for x in range(-100, image.width + 700, 700):
            centred(d, (x + y * 5 // 4 % 350, y), words, "sans-bold", 40, 84)
    mark = mark.rotate(24, Image.Resampling.BICUBIC)
    out = image.copy()
    out.paste((255, 255, 255), (0, 0), mark)
    return out


def dated(image: Image.Image, when: str) -> Image.Image:
    """The orange date that a camera burns into the corner."""
    words = datetime.fromisoformat(when).strftime("%Y/%m/%d  %H:%M")
    w, h = image.size
    glow = Image.new("L", (w, h), 0)
    d = ImageDraw.Draw(glow)
    d.text((w - 40, h - 36), words, 255, font("mono-bold", 30), anchor="rs")
    out = image.copy()
    out.paste(
        (230, 60, 10),
        (0, 0),
        glow.filter(ImageFilter.GaussianBlur(3)).point([v * 6 // 10 for v in range(256)]),
    )
    out.paste((255, 168, 40), (0, 0), glow)
    return out


def bordered(image: Image.Image, share: float = 0.06) -> Image.Image:
    """A white frame."""
    return ImageOps.expand(image, round(min(image.size) * share), (255, 255, 255))
