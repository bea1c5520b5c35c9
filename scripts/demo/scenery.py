"""What stands around a building site: trees, distant houses, railings, notice boards."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from demo.lettering import centred
from demo.pieces import Finish, Piece, Rod, Sheet
from demo.shapes import F, Vec, clouds, f32, sample
from demo.surfaces import picture


def foliage(seed: int, width: int, height: int, clusters: int, low: float) -> Image.Image:
    """A belt of trees as RGBA: clumps of leaves, lit from above."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGBA", (width, height), (30, 42, 22, 0))
    d = ImageDraw.Draw(image)
    ridge = clouds((8, 256), seed, 4, 4)[0]
    for _ in range(clusters // 9):
        x = rng.uniform(0, width)
        y = height * (0.95 - 0.75 * ridge[int(x / width * 255)])
        d.line((x, height, x + rng.normal(0, 12), y), (58, 46, 36, 255), int(rng.integers(3, 7)))
    spots = []
    for _ in range(clusters):
        x = rng.uniform(0, width)
        top = height * (1 - low - (0.95 - low) * ridge[int(x / width * 255)] ** 0.8)
        spots.append((x, rng.uniform(top, height), rng.uniform(0.5, 1.15)))
    for x, y, size in sorted(spots, key=lambda s: s[1]):
        base = np.array((58, 84, 36)) + rng.normal(0, 9, 3) + np.array((14, 10, 0)) * rng.normal()
        r = 30 * size
        for k in range(110):
            u, v = rng.normal(0, 0.45, 2)
            lit = 0.42 + 0.75 * k / 110 - 0.42 * v + rng.normal(0, 0.10)
            tone = tuple(int(c) for c in np.clip(base * max(lit, 0.18), 0, 255))
            px, py, e = x + u * r * 1.2, y + v * r - k * 0.06, rng.uniform(1.4, 4.2)
            f = rng.uniform(0.35, 0.8)
            d.ellipse((px - e, py - e * f, px + e, py + e * f), (*tone, 255))
    return image


def trees(seed: int, corner: Vec, width: float, height: float, low: float = 0.15) -> Sheet:
    """A belt of trees standing in the scene, facing +z."""
    image = foliage(
        seed, 1400, int(1400 * height / width), int(420 * max(1, height / width * 3)), low
    )
    alpha = f32(np.asarray(image.getchannel("A")) / 255)

    def mask(a: F, b: F) -> NDArray[np.bool_]:
        u = np.clip(f32(a / width), 0.003, 0.997)
        return np.asarray(sample(alpha, u, np.clip(f32(1 - b / height), 0.003, 0.997)) > 0.5)

    return Sheet(
        corner,
        (width, 0, 0),
        (0, height, 0),
        Finish(picture(image.convert("RGB"), width, height)),
        mask,
    )


def panorama(seed: int, towers: int = 26, hill: float = 0.5) -> F:
    """Hazy hills and houses on the horizon: linear RGBA, 120 by 26 degrees, tileable."""
    rng = np.random.default_rng(seed)
    w, h = 2400, 520
    haze = np.array((196, 208, 216))

    def hazed(c: Sequence[float], share: float) -> tuple[int, int, int, int]:
        r, g, b = (np.array(c) * (1 - share) + haze * share).astype(int)
        return int(r), int(g), int(b), 255

    image = Image.new("RGBA", (w, h), (0, 0, 0, 0))
    d = ImageDraw.Draw(image)
    for layer, share in enumerate((0.72, 0.5)):
        line = clouds((4, 1200), seed + layer, 2.5, 7, 0.46)[0]
        top = [
            (2 * i, h - h * hill * (0.2 + 1.1 * v) * (1 - 0.25 * layer)) for i, v in enumerate(line)
        ]
        d.polygon([(0, h), *top, (w, h)], hazed((62, 84, 58), share))
    for _ in range(towers):
        x, wide = rng.uniform(0, w), rng.uniform(32, 74)
        tall, share = rng.uniform(90, 300), rng.uniform(0.30, 0.62)
        wall = rng.choice(
            np.array([(206, 196, 182), (186, 170, 156), (214, 210, 204), (176, 186, 182)])
        )
        d.rectangle((x, h - tall, x + wide, h), hazed(wall, share))
        d.rectangle((x + wide * 0.72, h - tall, x + wide, h), hazed(wall * 0.72, share))
        d.rectangle(
            (x + wide * 0.3, h - tall - 9, x + wide * 0.6, h - tall), hazed(wall * 0.8, share)
        )
        for y in np.arange(h - tall + 6, h, 6.5):
            for k in np.arange(x + 3, x + wide - 4, 6.0):
                if rng.random() < 0.86:
                    d.rectangle((k, y, k + 3, y + 3), hazed((84, 92, 100), share + 0.1))
    pixels = f32(np.asarray(image) / 255)
    pixels[..., :3] **= 2.2
    return pixels


def railing(
    start: Vec, end: Vec, height: float, finish: Finish, gap: float = 1.5, bars: int = 3
) -> list[Piece]:
    """Posts and level bars between two points on the ground."""
    a, b = np.array(start), np.array(end)
    up = np.array((0, height, 0))
    count = max(int(np.linalg.norm(b - a) / gap), 1)

    def vec(v: NDArray[np.float64]) -> Vec:
        return float(v[0]), float(v[1]), float(v[2])

    posts: list[Piece] = [
        Rod(vec(a + (b - a) * i / count), vec(a + (b - a) * i / count + up), 0.028, finish)
        for i in range(count + 1)
    ]
    return posts + [
        Rod(vec(a + up * k / bars), vec(b + up * k / bars), 0.024, finish)
        for k in range(1, bars + 1)
    ]


def board(
    lines: Sequence[tuple[str, int]],
    size: tuple[int, int],
    ground: tuple[int, int, int],
    ink: tuple[int, int, int],
) -> Image.Image:
    """A notice board with centred lines (text, letter size)."""
    image = Image.new("RGB", size, ground)
    d = ImageDraw.Draw(image)
    d.rectangle((6, 6, size[0] - 7, size[1] - 7), outline=ink, width=4)
    total = sum(s * 1.35 for _, s in lines)
    y = (size[1] - total) / 2
    for text, s in lines:
        centred(d, (size[0] / 2, y + s * 0.67), text, "sans-bold", s, ink)
        y += s * 1.35
    return image
