"""Pictures for browser tests: no two that this process draws are alike, unless they are a pair."""

from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

_seeds = count(1)


def draw() -> Image.Image:
    """Forty boxes of all sizes on soft blots of colour, 640 × 480."""
    random = np.random.default_rng(next(_seeds))
    blots = random.integers(0, 256, (6, 8, 3), np.uint8)
    picture = Image.fromarray(blots).resize((640, 480), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for left, top, width, height, *color in random.integers(0, 256, (40, 7)).tolist():
        corner = (left * 2, top * 2)
        pen.rectangle([corner, (corner[0] + width / 2, corner[1] + height / 2)], tuple(color))
    return picture


def write_pair(root: Path, name: str) -> None:
    """`supplier-a/name.jpg`, and the same at half its size and lower quality from supplier b."""
    for supplier in ("supplier-a", "supplier-b"):
        (root / supplier).mkdir(exist_ok=True)
    picture = draw()
    picture.save(root / "supplier-a" / f"{name}.jpg", quality=90)
    picture.resize((320, 240)).save(root / "supplier-b" / f"{name}.jpg", quality=60)
