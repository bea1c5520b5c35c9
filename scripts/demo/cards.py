"""What customers hand in: a bill as proof of address, and a membership card on a desk."""

# ruff: noqa: RUF001  Chinese texts have Chinese punctuation.

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.lettering import Colour, centred, font
from demo.papers import INK, PAGE, barcode, seed_of
from demo.products import WOOD
from demo.shapes import clouds, f32, sample, softened
from demo.studio import develop


def letter(
    name: str, chinese: str, address: Sequence[str], number: str, month: str, amount: str
) -> Image.Image:
    """A utility bill of a company that does not exist, as proof of address."""
    page = Image.new("RGB", PAGE, (252, 252, 250))
    d = ImageDraw.Draw(page)
    tint: Colour = (0, 92, 112)
    d.rectangle((0, 0, 1000, 16), tint)
    d.ellipse((90, 72, 150, 132), tint)
    d.polygon(
        [(126, 80), (104, 108), (119, 108), (112, 126), (137, 97), (121, 97)], (255, 255, 255)
    )
    d.text((168, 70), "示例電力有限公司", tint, font("sans-bold", 36))
    d.text((170, 118), "Example Power & Light Company Limited", tint, font("sans", 18))
    for i, line in enumerate((chinese + "　" + name, *address)):
        d.text((92, 228 + i * 34), line, INK, font("sans", 24))
    d.rectangle((600, 210, 912, 380), outline=tint, width=2)
    for i, (a, b) in enumerate(
        (("賬戶號碼 Account", number), ("月份 Month", month), ("應繳 Due", amount))
    ):
        d.text((614, 222 + i * 52), a, (90, 90, 92), font("sans", 16))
        d.text((614, 243 + i * 52), b, INK, font("mono-bold", 20))
    d.text((92, 440), "電費通知單　ELECTRICITY BILL", tint, font("sans-bold", 30))
    d.line((92, 486, 912, 486), tint, 3)
    rng = np.random.default_rng(seed_of(number))
    units = [int(v) for v in rng.integers(180, 520, 7)]
    rows = (
        ("上次讀數 Previous reading", f"{int(rng.integers(20000, 60000)):,}"),
        ("今次用量 Consumption (kWh)", str(units[-1])),
        ("基本電費 Basic charge", "HK$ 88.00"),
        ("燃料調整 Fuel clause", f"HK$ {rng.uniform(40, 90):.2f}"),
        ("總額 Total", amount),
    )
    for i, (a, b) in enumerate(rows):
        y = 510 + i * 48
        d.text((104, y), a, INK, font("sans", 22))
        d.text((900, y + 2), b, INK, font("mono", 22), anchor="ra")
        d.line((92, y + 42, 912, y + 42), (200, 206, 208), 1)
    d.text((92, 790), "過去七個月用量 Consumption, last seven months", tint, font("sans-bold", 20))
    for i, u in enumerate(units):
        x = 120 + i * 112
        d.rectangle((x, 1060 - u * 0.42, x + 64, 1060), tint if i == 6 else (150, 190, 198))
        centred(d, (x + 32, 1080), f"{i + 3:02d}/26", "mono", 16, INK)
        centred(d, (x + 32, 1046 - u * 0.42), str(u), "mono", 15, INK)
    d.line((100, 1060, 905, 1060), INK, 2)
    d.text((92, 1140), "本通知單只作示範用途，並非任何公司發出之文件。", INK, font("sans", 20))
    d.text(
        (92, 1172),
        "This notice is made up for demonstration and was issued by nobody.",
        INK,
        font("sans", 18),
    )
    barcode(page, (92, 1240), number, 420, 56)
    mark = Image.new("L", PAGE, 0)
    centred(ImageDraw.Draw(mark), (500, 700), "樣本 SPECIMEN", "sans-bold", 120, 38)
    mark = mark.rotate(34, Image.Resampling.BICUBIC)
    page.paste((180, 60, 60), (0, 0), mark)
    return page


def card(name: str, chinese: str, number: str, since: str, tint: Colour, seed: int) -> Image.Image:
    """A membership card of a club that does not exist; the portrait is a drawn outline."""
    w, h = 860, 540
    base = clouds((h, w), seed, 3, 3)[..., None] * 0.16 + np.linspace(0.86, 1.02, w)[None, :, None]
    image = Image.fromarray(np.clip(f32(tint) * base + 0, 0, 255).astype(np.uint8))
    d = ImageDraw.Draw(image)
    pale = tuple(min(255, c + 46) for c in tint)
    for k in range(26):  # a guilloche of fine waves
        t = np.linspace(0, w, 200)
        y = h * 0.62 + 70 * np.sin(t / 130 + k * 0.12) + 22 * np.sin(t / 37 + k * 0.4) + k * 5 - 60
        d.line(list(zip(t.tolist(), y.tolist(), strict=True)), pale, 1)
    d.rectangle((0, 0, w, 104), (246, 244, 236))
    d.text((36, 14), "獅子山下會員證", (40, 40, 44), font("serif-bold", 46))
    d.text((424, 42), "BELOW THE ROCK CLUB · MEMBER", (90, 84, 70), font("latin", 20))
    d.rounded_rectangle((40, 140, 256, 420), 14, (232, 234, 232))
    tone = (132, 142, 150)
    d.ellipse((98, 180, 198, 300), tone)
    d.pieslice((60, 300, 236, 520), 180, 360, tone)
    d.rectangle((40, 408, 256, 420), (232, 234, 232))
    ink = (250, 248, 240)
    d.text((296, 140), chinese, ink, font("serif-bold", 56))
    d.text((298, 216), name, ink, font("latin", 30))
    for i, (a, b) in enumerate((("會員編號 No.", number), ("入會日期 Since", since))):
        d.text((298, 278 + i * 74), a, (214, 220, 220), font("sans", 20))
        d.text((298, 304 + i * 74), b, ink, font("mono-bold", 32))
    d.rounded_rectangle((690, 286, 800, 370), 12, (214, 182, 96))
    for y in (306, 328, 350):
        d.line((690, y, 800, y), (150, 120, 50), 2)
    d.line((745, 286, 745, 370), (150, 120, 50), 2)
    centred(d, (610, 480), "樣本 SPECIMEN", "sans-bold", 44, (255, 255, 255))
    d.rectangle((420, 448, 800, 512), outline=(255, 255, 255), width=3)
    corner = Image.new("L", (w, h), 0)
    ImageDraw.Draw(corner).rounded_rectangle((0, 0, w - 1, h - 1), 34, 255)
    image.putalpha(corner)
    return image


def on_desk(card_: Image.Image, seed: int, size: tuple[int, int] = (1200, 900)) -> Image.Image:
    """A phone's picture of a card that lies on a wooden desk."""
    rng = np.random.default_rng(seed)
    w, h = size
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    grain = sample(
        WOOD, f32((xx * 0.42 + seed * 77) / 512), f32((yy * 0.55 + 0.05 * xx + seed * 31) / 512)
    )
    plank = 1 - 0.55 * np.exp(-np.abs((yy + seed * 53) % 310 - 2) / 2.5)
    light_wood, dark_wood = f32((0.46, 0.28, 0.15)), f32((0.23, 0.115, 0.05))
    desk = light_wood + (dark_wood - light_wood) * np.clip(grain * 1.6 - 0.3, 0, 1)[..., None]
    desk = desk * plank[..., None]
    # The four corners of the card as the phone sees them.
    angle = np.radians(rng.uniform(-9, 9))
    cw, ch = card_.size
    local = (
        np.array([(-cw / 2, -ch / 2), (cw / 2, -ch / 2), (cw / 2, ch / 2), (-cw / 2, ch / 2)])
        * 1.06
    )
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    q = local @ turn.T
    q = q * (1 + q[:, 1:2] * rng.uniform(0.00012, 0.00030)) + (w / 2 + rng.normal(0, 14), h / 2 + 8)
    rows, rhs = [], []
    for (x, y), (u, v) in zip(q, ((0, 0), (cw, 0), (cw, ch), (0, ch)), strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        rhs += [u, v]
    warp = np.linalg.solve(np.array(rows), np.array(rhs))
    flat = card_.transform(
        size, Image.Transform.PERSPECTIVE, warp.tolist(), Image.Resampling.BICUBIC
    )
    alpha = flat.getchannel("A")
    dark = ImageChops.offset(alpha, 9, 14).filter(ImageFilter.GaussianBlur(13))
    tight = ImageChops.offset(alpha, 2, 4).filter(ImageFilter.GaussianBlur(3))
    shade = 1 - 0.55 * f32(np.asarray(dark)) / 255 - 0.25 * f32(np.asarray(tight)) / 255
    a = (f32(np.asarray(alpha)) / 255)[..., None]
    face = (f32(np.asarray(flat.convert("RGB"))) / 255) ** 2.2
    x = desk * np.clip(shade, 0.1, 1)[..., None] * (1 - a) + face * a
    cx, cy = rng.uniform(0.15, 0.4) * w, rng.uniform(0.1, 0.3) * h
    lamp = np.exp(-(((xx - cx) / w) ** 2 + ((yy - cy) / h) ** 2) * 2.0)
    x = x * (0.55 + 0.75 * lamp)[..., None]
    glare = np.exp(-(((xx - cx - 180) / 210) ** 2 + ((yy - cy - 130) / 120) ** 2))
    x = x + (glare[..., None] * a) * 0.10
    return develop(softened(x, 0.6), seed, grain=0.010, vignette=0.3, warmth=0.05)
