"""Draws the records of `records` as sheets of paper, or as a program saves them."""

# ruff: noqa: RUF001  Chinese texts have Chinese punctuation.

import functools
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.bench.labelled.records import Sheet
from tests.bench.labelled.transforms import rescan

PAGE: Final = (1000, 1414)
MARGIN: Final = 84
INK: Final = (36, 36, 38)
PEN: Final = (30, 42, 110)
RED: Final = (186, 34, 40)
FACES: Final = {"serif": "NotoSerifCJK-Regular.ttc", "bold": "NotoSansCJK-Bold.ttc"}
TRADITIONAL: Final = 3  # the face of a Noto collection
FONT_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts")


def drawn(sheet: Sheet) -> Image.Image:
    """The sheet as the first file of it shows it: scanned, or as the program saved it."""
    page = _page(sheet)
    if not sheet.template.colour:
        page = page.convert("L")
    return rescan(page, np.random.default_rng(sheet.scan)) if sheet.template.scanned else page


def _page(sheet: Sheet) -> Image.Image:
    template = sheet.template
    page = Image.new("RGB", PAGE, (252, 251, 248) if template.scanned else (255, 255, 255))
    pen = ImageDraw.Draw(page)
    centre = PAGE[0] / 2
    pen.text((centre, 86), template.office, INK, font("serif", 40), anchor="mm")
    pen.text((centre, 148), template.title, INK, font("bold", 32), anchor="mm")
    pen.line((MARGIN, 186, PAGE[0] - MARGIN, 186), INK, 3)
    bottom = _fields(page, pen, sheet)
    for number, line in enumerate(template.notes):
        pen.text((MARGIN, bottom + 26 + 33 * number), line, INK, font("serif", 22))
    _signed(page, sheet, bottom + 60 + 33 * len(template.notes))
    pen.text((centre, 1364), "樣本，並非真實文件", (110, 110, 112), font("serif", 17), anchor="mm")
    return page


def _fields(page: Image.Image, pen: ImageDraw.ImageDraw, sheet: Sheet) -> int:
    """Draw the fields with their values; the height at which they end."""
    template = sheet.template
    columns = 2 if template.layout == "pairs" else 1
    width, height = (PAGE[0] - 2 * MARGIN) // columns, 88 if columns == 2 else 66
    top, rows = 220, -(-len(template.fields) // columns)
    for number, ((label, _kind), value) in enumerate(
        zip(template.fields, sheet.values, strict=True)
    ):
        left = MARGIN + width * (number % columns)
        y = top + height * (number // columns)
        if template.layout == "lines":
            pen.text((left, y + 20), label, INK, font("bold", 23))
            for x in range(left + 260, left + width, 9):
                pen.line((x, y + 56, x + 3, y + 56), INK, 2)
            _filled(page, (left + 276, y + 36), value, sheet)
        elif columns == 2:
            pen.rectangle((left, y, left + width, y + height), outline=INK, width=2)
            pen.text((left + 10, y + 8), label, INK, font("serif", 19))
            _filled(page, (left + 22, y + 58), value, sheet)
        else:
            pen.rectangle((left, y, left + width, y + height), outline=INK, width=2)
            pen.line((left + 250, y, left + 250, y + height), INK, 2)
            pen.text((left + 14, y + 20), label, INK, font("bold", 23))
            _filled(page, (left + 268, y + height // 2), value, sheet)
    return top + rows * height


def _filled(page: Image.Image, at: tuple[int, int], value: str, sheet: Sheet) -> None:
    """A value: typed in a row, or by hand, each letter a little off, as its place has it."""
    face = font("serif", 27)
    if sheet.template.typed:
        ImageDraw.Draw(page).text(at, value, INK, face, anchor="lm")
        return
    random = np.random.default_rng([sheet.look, *at])
    x = float(at[0])
    for letter in value:
        tile = Image.new("L", (60, 60), 0)
        shade = int(random.integers(190, 256))
        ImageDraw.Draw(tile).text((30, 30), letter, shade, face, anchor="mm")
        tile = tile.rotate(float(random.normal(0, 2.2)), Image.Resampling.BICUBIC)
        wide = face.getlength(letter)
        rise = round(float(random.normal(0, 1.2)))
        page.paste(PEN, (round(x + wide / 2) - 30, at[1] + rise - 30), tile)
        x += wide + float(random.normal(0.8, 0.5))


def _signed(page: Image.Image, sheet: Sheet, top: int) -> None:
    """A box with a scribble and a round stamp, both of this sheet's own."""
    random = np.random.default_rng(sheet.look)
    pen = ImageDraw.Draw(page)
    pen.rectangle((MARGIN, top, PAGE[0] - MARGIN, top + 210), outline=INK, width=2)
    pen.text((MARGIN + 12, top + 8), "申請人簽署", INK, font("bold", 20))
    pen.text((PAGE[0] / 2 + 12, top + 8), "本處專用", INK, font("bold", 20))
    t = np.linspace(0, 1, 90)
    x = MARGIN + 70 + 210 * t + 15 * np.sin(t * random.uniform(18, 34))
    y = top + 120 + 22 * np.sin(t * random.uniform(20, 40)) * (1 - 0.6 * t)
    pen.line([(float(a), float(b)) for a, b in zip(x, y, strict=True)], PEN, 3)
    tile = Image.new("L", (190, 190), 0)
    stamp = ImageDraw.Draw(tile)
    stamp.ellipse((8, 8, 182, 182), outline=220, width=5)
    stamp.text((95, 74), sheet.template.office[:6], 210, font("serif", 20), anchor="mm")
    date = f"{random.integers(2010, 2027)}.{random.integers(1, 13)}.{random.integers(1, 29)}"
    stamp.text((95, 112), date, 210, font("serif", 20), anchor="mm")
    tile = tile.rotate(float(random.uniform(-18, 18)), Image.Resampling.BICUBIC)
    page.paste(RED, (640 + int(random.integers(-24, 25)), top + 12), tile)


@functools.cache
def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """One of FACES at a size in pixels."""
    layout = ImageFont.Layout.BASIC
    return ImageFont.truetype(_found(FACES[face]), size, index=TRADITIONAL, layout_engine=layout)


def missing_fonts() -> list[str]:
    """The files of FACES that are not installed."""
    return [name for name in FACES.values() if not _found(name)]


@functools.cache
def _found(name: str) -> str:
    places = (path for folder in FONT_FOLDERS for path in Path(folder).rglob(name))
    return str(next(places, ""))
