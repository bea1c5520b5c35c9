"""Compile signatures, joins and comparison ahead of time: `python -m scanning.engine.warm`.

The first use in a process compiles for some seconds unless the machine code lies in
NUMBA_CACHE_DIR already. Whoever sets up or builds an image runs this once; without it, or where
the folder cannot be written, compiling happens at the first use, and nothing else changes.
"""

import numpy as np

from scanning.engine.comparison.compare import compare
from scanning.engine.hashing.signature import signature
from scanning.engine.hashing.squares import RASTER
from scanning.engine.search.join import near_pairs, nearest


def warm() -> None:
    """Sign a picture, join a few codes and compare two pictures, by every compiled way."""
    random = np.random.default_rng(1)
    labels = np.full(4000, -1, np.int32)
    for words, radius in ((1, 3), (4, 3)):
        codes = random.integers(0, 2**64, (4000, words), dtype=np.uint64)
        near_pairs(codes, radius)
        near_pairs(codes, radius, labels=labels, first_new=100, first=1)
    nearest(codes[:10], codes[:10])
    framed = np.full((RASTER, RASTER), 255, np.uint8)
    framed[30:-30, 30:-30] = random.integers(0, 256, (RASTER - 60, RASTER - 60))
    signature(framed.tobytes())
    scene = random.integers(0, 256, (40, 40), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    sheet = np.where(scene > 230, 20, 250).astype(np.uint8)
    for picture in (scene, sheet):
        compare(picture, np.rot90(picture[40:, 60:]).copy())


if __name__ == "__main__":
    warm()
