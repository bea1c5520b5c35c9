"""Generated photographs of mixed sizes, for measuring speed; seeded, the same everywhere."""

import shutil
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = ((640, 480), (1024, 768), (1600, 1200), (2048, 1536), (3000, 2000), (4000, 3000))
WEIGHTS = (0.15, 0.2, 0.2, 0.2, 0.15, 0.1)
OCTAVES = (3, 6, 12, 24, 48, 96)
REVISION = "3"


@dataclass(frozen=True, slots=True)
class Photo:
    """One file to make: its number seeds it; `copy_of` names the photo that it repeats."""

    number: int
    path: Path
    copy_of: int | None


def photo_library(folder: Path, count: int, processes: int) -> Path:
    """`count` photographs in `folder`, 20 % of them copies (half as they are, half resized).

    Made once: a folder that is complete is used again.
    """
    stamp = folder.with_suffix(".complete")
    wanted = f"{REVISION} {count}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    originals = count - count // 5
    photos = [
        Photo(
            number,
            folder / f"{number // 200:03d}" / f"photo-{number:05d}.jpg",
            number % originals if number >= originals else None,
        )
        for number in range(count)
    ]
    for part in {photo.path.parent for photo in photos}:
        part.mkdir(parents=True)
    with Pool(processes) as pool:
        pool.map(_make, photos, chunksize=10)
    stamp.write_text(wanted)
    return folder


def _make(photo: Photo) -> None:
    number = photo.number if photo.copy_of is None else photo.copy_of
    image = _scene(number)
    if photo.copy_of is not None and photo.number % 2:
        image = image.resize((image.width * 2 // 3, image.height * 2 // 3))
    image.save(photo.path, quality=85)


def _scene(number: int) -> Image.Image:
    random = np.random.default_rng(number)
    return scene(number, SIZES[random.choice(len(SIZES), p=WEIGHTS)])


def scene(seed: int | list[int], size: tuple[int, int]) -> Image.Image:
    """Light and colour that vary smoothly at several scales, with texture and grain."""
    random = np.random.default_rng(seed)
    width, height = size
    small = (width // 2, height // 2)
    total = np.zeros((small[1], small[0], 3), np.float32)
    for cells in OCTAVES:
        noise = random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        layer = Image.fromarray(noise).resize(small, Image.Resampling.BICUBIC)
        total += np.asarray(layer, np.float32) / cells**0.7
    total -= total.min()
    total *= 255 / total.max()
    total += random.integers(-10, 11, total.shape, dtype=np.int8)
    image = Image.fromarray(total.clip(0, 255).astype(np.uint8))
    return image.resize((width, height), Image.Resampling.BILINEAR)
