"""Libraries that tests make for themselves: small pictures that a hash can tell from each other."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def scene(seed: int, width: int = 320, height: int = 240) -> Image.Image:
    """A colour picture with soft, random structure; each seed gives a different one."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)


def write(picture: Image.Image, path: Path, **options: Any) -> Path:
    """Save a picture in the format of its path's suffix; JPEGs in good quality."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jpg":
        options.setdefault("quality", 90)
    picture.save(path, **options)
    return path


def copy(source: Path, target: Path) -> Path:
    """The same bytes under another path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(source, target))


def cut_off(source: Path, target: Path) -> Path:
    """The first two thirds of a picture file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    data = source.read_bytes()
    target.write_bytes(data[: len(data) * 2 // 3])
    return target


def write_small_library(folder: Path) -> None:
    """Twelve picture files: 1 that cannot be read, 9 different contents in the other 11.

    Two more copies of the first one, one picture as PNG and TIFF, one in two sizes.
    """
    for seed, name in enumerate(("harbour", "market", "temple", "ferry", "hill"), start=1):
        write(scene(seed), folder / f"{name}.jpg")
    copy(folder / "harbour.jpg", folder / "copies" / "harbour.jpg")
    copy(folder / "harbour.jpg", folder / "copies" / "港口.jpg")
    write(scene(6), folder / "tower.png")
    write(scene(6), folder / "tower.tif")
    write(scene(7, 640, 480), folder / "bridge.jpg")
    write(scene(7, 640, 480).resize((320, 240)), folder / "bridge small.jpg")
    cut_off(folder / "market.jpg", folder / "cut off.jpg")
    (folder / "notes.txt").write_text("Not a picture, left out by the default patterns.\n")


def write_large_library(folder: Path) -> None:
    """150 files of all kinds in three folders; the last ones take their time."""
    for seed in range(95):
        write(scene(seed), folder / "a" / f"{seed:03}.jpg")
    for number in range(20):
        copy(folder / "a" / f"{number:03}.jpg", folder / "b" / f"copy {number:03}.jpg")
    for number in range(10):
        write(scene(100 + number), folder / "b" / f"same {number:03}.png")
        write(scene(100 + number), folder / "b" / f"same {number:03}.tif")
    for number in range(8):
        write(scene(number).resize((200, 150)), folder / "b" / f"small {number:03}.jpg", quality=60)
    for number in range(4):
        cut_off(folder / "a" / f"{number:03}.jpg", folder / "b" / f"cut off {number:03}.jpg")
    for number in range(3):
        large = scene(200 + number, 2000, 1500)
        write(large, folder / "c" / f"slow {number}.png", compress_level=1)
