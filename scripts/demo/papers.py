"""Printed forms of a land registry, and what a scanner makes of them."""

# ruff: noqa: RUF001  Chinese texts have Chinese punctuation.

import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from demo.lettering import Colour, centred, font
from demo.shapes import clouds, enlarged, f32, softened

PAGE = (1000, 1414)
INK: Colour = (34, 34, 36)
BLUE: Colour = (28, 44, 120)
RED: Colour = (190, 32, 38)


def seed_of(*parts: str) -> int:
    """A seed that depends on the texts only."""
    return zlib.crc32("\x1f".join(parts).encode())


def written(
    page: Image.Image,
    at: tuple[float, float],
    text: str,
    size: int,
    ink: Colour,
    loose: float = 1.0,
) -> None:
    """Text set by hand or a worn typewriter: every letter a little off."""
    rng = np.random.default_rng(seed_of(text))
    x, y = at
    for c in text:
        face = font("serif" if ord(c) > 0x2E80 else "mono", size)
        width = face.getlength(c)
        tile = Image.new("L", (size * 2, size * 2), 0)
        ImageDraw.Draw(tile).text((size, size), c, int(rng.uniform(190, 255)), face, anchor="mm")
        tile = tile.rotate(rng.normal(0, 1.7 * loose), Image.Resampling.BICUBIC)
        left = int(x + width / 2 - size + rng.normal(0, 0.5 * loose))
        top = int(y - size + rng.normal(0, 1.1 * loose))
        page.paste(ink, (left, top), tile)
        x += width + rng.normal(0.6, 0.5 * loose)


def signature(page: Image.Image, at: tuple[int, int], seed: int) -> None:
    """A scribble that no one could read."""
    rng = np.random.default_rng(seed)
    d = ImageDraw.Draw(page)
    t = np.linspace(0, 1, 160)
    x = at[0] + 190 * t + 16 * np.sin(t * rng.uniform(20, 34) + rng.uniform(0, 6))
    y = (
        at[1]
        + 20 * np.sin(t * rng.uniform(24, 40)) * (1 - 0.6 * t)
        + 10 * np.sin(t * rng.uniform(6, 10))
    )
    for i in range(len(t) - 1):
        d.line((x[i], y[i], x[i + 1], y[i + 1]), BLUE, 2 if i % 23 < 12 else 3)
    d.line((at[0] - 8, at[1] + 28, at[0] + 205, at[1] + rng.uniform(12, 24)), BLUE, 2)


def stamp(
    page: Image.Image,
    at: tuple[int, int],
    lines: Sequence[str],
    seed: int,
    radius: int = 88,
    ink: Colour = RED,
) -> None:
    """A round rubber stamp, unevenly inked."""
    rng = np.random.default_rng(seed)
    side = radius * 2 + 24
    tile = Image.new("L", (side, side), 0)
    d = ImageDraw.Draw(tile)
    c = side / 2
    d.ellipse((c - radius, c - radius, c + radius, c + radius), outline=235, width=5)
    d.ellipse(
        (c - radius + 11, c - radius + 11, c + radius - 11, c + radius - 11), outline=220, width=2
    )
    for i, line in enumerate(lines):
        size = 20 if ord(line[0]) > 0x2E80 else 16
        centred(
            d,
            (c, c + (i - (len(lines) - 1) / 2) * 32),
            line,
            "serif-bold" if size == 20 else "latin",
            size,
            235,
        )
    tile = tile.rotate(rng.uniform(-16, 16), Image.Resampling.BICUBIC)
    wear = clouds((256, 256), seed, 14, 4, 0.8)[:side, :side]
    alpha = np.asarray(tile) * np.clip(0.45 + 1.1 * wear, 0.2, 0.92)
    page.paste(ink, (at[0] - side // 2, at[1] - side // 2), Image.fromarray(alpha.astype(np.uint8)))


def barcode(page: Image.Image, at: tuple[int, int], text: str, width: int, height: int) -> None:
    """Bars that depend on a text (no real code)."""
    rng = np.random.default_rng(seed_of(text, "bars"))
    d = ImageDraw.Draw(page)
    x = at[0]
    while x < at[0] + width:
        bar, gap = int(rng.integers(1, 5)), int(rng.integers(2, 5))
        d.rectangle((x, at[1], x + bar - 1, at[1] + height), INK)
        x += bar + gap


FIELDS = (
    ("memorial", "註冊摘要編號", "Memorial No."),
    ("lot", "地段編號", "Lot No."),
    ("address", "物業地址", "Address of premises"),
    ("nature", "文書性質", "Nature of instrument"),
    ("dated", "文書日期", "Date of instrument"),
    ("vendor", "讓與人", "Assignor"),
    ("purchaser", "承讓人", "Assignee"),
    ("price", "代價", "Consideration"),
    ("lodged", "交付日期", "Date of delivery"),
    ("agent", "提交人", "Lodged by"),
)


def memorial(record: dict[str, str]) -> Image.Image:
    """One sheet of the registration form, filled in."""
    page = Image.new("RGB", PAGE, (250, 249, 245))
    d = ImageDraw.Draw(page)
    centred(d, (500, 92), "示例土地註冊處", "serif-bold", 42, INK, 8)
    centred(d, (500, 138), "SPECIMEN LAND REGISTRY", "latin", 18, INK, 3)
    centred(d, (500, 190), "註冊摘要（轉讓契）", "serif-bold", 32, INK, 4)
    d.line((90, 222, 910, 222), INK, 3)
    d.line((90, 228, 910, 228), INK, 1)
    d.text((90, 58), "表格 示-4A", INK, font("sans", 18))
    d.text(
        (90, 242), "《示例條例》第 2 條　請以正楷填寫，並於空格內劃上斜線", INK, font("serif", 18)
    )
    barcode(page, (700, 52), record["memorial"], 210, 34)
    top, row = 280, 62
    d.rectangle((90, top, 910, top + row * len(FIELDS)), outline=INK, width=3)
    for i, (key, chinese, english) in enumerate(FIELDS):
        y = top + i * row
        d.line((90, y, 910, y), INK, 2 if i else 3)
        d.text((104, y + 7), chinese, INK, font("serif-bold", 23))
        d.text((104, y + 39), english, (70, 70, 72), font("sans", 14))
        written(page, (338, y + row / 2 + 2), record[key], 27, BLUE if i % 3 == 2 else (30, 30, 52))
    d.line((322, top, 322, top + row * len(FIELDS)), INK, 2)
    y = top + row * len(FIELDS) + 26
    text = (
        "茲證明上述各項資料，均與本表格所附之文書相符；該文書已依照《示例條例》之規定，",
        "由提交人遞交本處註冊。如有錯漏，提交人須於十四日內以書面通知本處更正，並繳付",
        "訂明之費用。本表格一經註冊，即成為公開紀錄之一部分，任何人士均可付費查閱。",
    )
    for i, line in enumerate(text):
        d.text((92, y + i * 31), line, INK, font("serif", 21))
    y += 116
    d.rectangle((90, y, 910, y + 232), outline=INK, width=2)
    d.line((500, y, 500, y + 232), INK, 2)
    d.text((104, y + 10), "簽署 Signature", INK, font("serif-bold", 20))
    d.text((514, y + 10), "本處專用 For official use only", INK, font("serif-bold", 20))
    d.line((120, y + 172, 450, y + 172), INK, 1)
    d.text((120, y + 182), "獲授權簽署人", INK, font("serif", 18))
    d.text((514, y + 196), "經辦人：＿＿＿＿＿　覆核：＿＿＿＿＿", INK, font("serif", 18))
    number = seed_of(record["memorial"], record["dated"])
    signature(page, (170, y + 120), number)
    shift = number % 41 - 20
    stamp(page, (700 + shift, y + 112), ("示例土地註冊處", record["lodged"], "REGISTERED"), number)
    d.rectangle((704, 236, 910, 272), outline=RED, width=3)
    centred(d, (807, 254), "已繳費　PAID", "serif-bold", 20, RED)
    centred(
        d,
        (500, 1340),
        "樣本 SPECIMEN — 並非真實文件 not a genuine document",
        "sans",
        17,
        (110, 110, 112),
    )
    for y in (330, 1084):
        d.ellipse((28, y, 56, y + 28), (206, 204, 200), (160, 158, 154))
    return page


def scan(
    page: Image.Image,
    seed: int,
    *,
    grey: bool = True,
    skew: float | None = None,
    warm: float = 0.0,
    shadow: str = "left",
) -> Image.Image:
    """What a flat-bed scanner makes of a sheet: skew, paper, uneven light, a dark edge, noise."""
    rng = np.random.default_rng(seed)
    w, h = page.size
    angle = float(rng.uniform(-1.1, 1.1)) if skew is None else skew
    move = (int(rng.integers(-7, 8)), int(rng.integers(-7, 8)))
    turned = page.rotate(angle, Image.Resampling.BICUBIC, translate=move, fillcolor=(226, 224, 219))
    x = np.asarray(turned, float) / 255
    ink = clouds((512, 512), seed + 3, 60, 3, 0.8)
    fade = enlarged(ink, h, w)[..., None]
    x = 1 - (1 - x) * (0.80 + 0.26 * fade)
    xx, yy = np.meshgrid(np.linspace(0, 1, w), np.linspace(0, 1, h))
    light = 0.965 - 0.05 * (yy - 0.4) ** 2 - 0.035 * xx * float(rng.uniform(0.2, 1.4))
    edge = {"left": xx, "right": 1 - xx, "top": yy, "bottom": 1 - yy}[shadow]
    light = light * (1 - 0.50 * np.exp(-edge * 62) - 0.08 * np.exp(-edge * 9))
    x = x * light[..., None] * f32((1 + warm * 0.2, 1, 1 - warm))
    fibre = enlarged(clouds((354, 250), seed, 30, 4, 0.8), h, w)
    soft = softened(x + 0.020 * (fibre[..., None] - 0.5), 0.55)
    noise = softened(rng.standard_normal((h, w, 1)), 0.5)
    x = np.clip((soft - 0.03) * 1.02 + 0.012 * noise, 0, 1)
    out = Image.fromarray((x * 255 + 0.5).astype(np.uint8))
    return out.convert("L") if grey else out


def lot_plan(seed: int, lot: str) -> NDArray[np.uint16]:
    """A surveyor's plan as 16-bit grey (760, 760)."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", (760, 760), 246)
    d = ImageDraw.Draw(image)
    d.rectangle((30, 30, 729, 729), outline=40, width=3)
    for k in range(9):  # contours
        t = np.linspace(0, 2 * np.pi, 140)
        r = 90 + 40 * k + 16 * np.sin(3 * t + 0.3 * k) + 10 * np.sin(5 * t)
        pts = np.stack([210 + r * np.cos(t), 560 + r * 0.8 * np.sin(t)], 1)
        for p, q in pairwise(pts):
            if min(*p, *q) > 34 and max(*p, *q) < 640:
                d.line((*p, *q), 170, 1)
    x = [90, 210, 330, 440, 560, 670]
    for row, y in enumerate((100, 240, 400)):
        for i in range(5):
            shape = [
                (x[i] + row * 6, y + i * 5),
                (x[i + 1] + row * 6, y + i * 5 + 5),
                (x[i + 1] + row * 6 - 4, y + 118),
                (x[i] + row * 6 - 4, y + 116),
            ]
            mine = row == 1 and i == 2
            d.polygon(shape, 205 if mine else None, 40, 4 if mine else 2)
            text = lot if mine else str(int(rng.integers(1000, 9999)))
            centred(d, (x[i] + 58 + row * 6, y + 62), text, "mono-bold" if mine else "mono", 18, 30)
    centred(d, (380, 672), f"地段圖 LOT PLAN　{lot}　比例 1:500", "serif-bold", 24, 30)
    centred(d, (380, 704), "樣本 SPECIMEN", "sans", 17, 90)
    d.polygon([(690, 60), (676, 100), (690, 92), (704, 100)], 30)
    centred(d, (690, 116), "北", "serif-bold", 20, 30)
    for _ in range(40):
        cx, cy = rng.uniform(40, 720), rng.uniform(530, 640)
        d.ellipse((cx - 5, cy - 5, cx + 5, cy + 5), outline=150)
    page = np.asarray(image).astype(np.uint32)
    light = np.linspace(62000, 56000, 760, dtype=np.uint32)[None, :] // 256 * 256
    return (page * light // 255).astype(np.uint16)
