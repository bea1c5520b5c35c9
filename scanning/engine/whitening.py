"""Tell the pictures of one look-alike family apart by what differs within the family.

Forms of one template, or films of one kind, are near to each other by any hash. What they have in
common is their family's template; what jitters from scan to scan is placement, light and paper.
Both are taken away: each raster is laid on the family's median (an affine shift of a pixel or two,
found by least squares), template and light are fitted and subtracted, and so are the few
directions in which all pictures of the family vary most, which are what the fits have left of the
jitter. Each pixel counts by how far its spread exceeds the noise: a field that everybody fills in
differently counts, blank paper does not. What is left of two scans of one sheet correlates, of two
sheets hardly.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.join import Pairs, TooManyPairs, near_pairs

# Calibrated on rendered Traditional Chinese forms; see docs/matching.md.
SAMPLE: Final = 1000  # pictures from which template, jitter and noise are learnt
FITS: Final = 2
STEPS: Final = 8  # of least squares for one placement
EDGE: Final = 0.05  # of a side is left out: what a scanner shows beyond the sheet
SMOOTH: Final = 1 / 8  # of a side: slower changes are light
JITTER: Final = 20  # directions taken away, from large families
PER_DIRECTION: Final = 15  # pictures that one of them asks for
KEPT: Final = 128  # numbers that stand for one picture
WRONG: Final = 3.0  # wrong pairs that are let through for each picture, about
LEAST: Final = 0.3  # agreement asked for in a small family
MOST: Final = 0.55  # and in a huge one
_BLOCK: Final = 1024
_ROWS: Final = 1000  # joined at a time, so that memory stays below 1 GB at 100,000 pictures

Floats = NDArray[np.float32]


def agreeing(rasters: NDArray[np.uint8], *, limit: int | None = None) -> tuple[Pairs, Floats]:
    """The pairs of one family whose differences from it agree, and how well, -1 to 1.

    rasters: grey, shape (n, side, side). Returns rows (i, j, bits of 256) with i < j, sorted.
    Time: a millisecond for each picture, and one comparison of 256 bits (0.4 ns) for each pair;
    only pairs near by those bits are looked at closer. limit: TooManyPairs beyond.
    """
    vectors = whitened(rasters)
    least = least_agreement(vectors)
    codes = signs(vectors)
    # Bits differ in proportion to the angle; two sigmas more lose few of the weakest pairs.
    share = float(np.arccos(least)) / np.pi
    radius = round(256 * share + 2 * (256 * share * (1 - share)) ** 0.5)
    found: list[Pairs] = [np.empty((0, 3), np.int64)]
    agreements = [np.empty(0, np.float32)]
    for start in range(0, len(codes), _ROWS):
        pairs = near_pairs(codes, radius, first=start, last=start + _ROWS)
        agreement = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
        found.append(pairs[agreement >= least])
        agreements.append(agreement[agreement >= least])
        if limit is not None and sum(map(len, found)) > limit:
            raise TooManyPairs(sum(map(len, found)))
    return np.concatenate(found), np.concatenate(agreements)


def least_agreement(vectors: Floats) -> float:
    """How well two must agree, so that WRONG pairs for each picture pass by chance."""
    random = np.random.default_rng(1)
    one, other = random.integers(0, len(vectors), (2, 20_000))
    chance = np.einsum("ij,ij->i", vectors[one], vectors[other])[one != other]
    spread = float(np.quantile(chance, 0.84) - np.median(chance))
    sigmas = (2 * np.log(max(2.0, len(vectors) / (2 * WRONG)))) ** 0.5
    return float(np.clip(np.median(chance) + sigmas * spread, LEAST, MOST))


def signs(vectors: Floats) -> NDArray[np.uint64]:
    """256 bits for each vector: on which side of 256 random planes it lies. Shape (n, 4)."""
    planes = np.random.default_rng(2).standard_normal((vectors.shape[1], 256)).astype(np.float32)
    bits = np.concatenate(
        [
            np.packbits(vectors[start : start + _BLOCK] @ planes > 0, axis=1)
            for start in range(0, len(vectors), _BLOCK)
        ]
    )
    return bits.view(np.uint64)


def whitened(rasters: NDArray[np.uint8]) -> Floats:
    """What is a picture's own, as vectors of length 1. Shape (n, at most KEPT)."""
    sample = rasters[:: -(-len(rasters) // SAMPLE)].astype(np.float32)
    template = np.median(sample, axis=0)
    placed = sample
    for _ in range(FITS):
        placed = _placed(sample, template)
        template = np.median(placed, axis=0)
    family = _Family(template, placed)
    return np.concatenate(
        [
            family.vectors(_placed(rasters[start : start + _BLOCK].astype(np.float32), template))
            for start in range(0, len(rasters), _BLOCK)
        ]
    )


class _Family:
    """What the sample of a family has taught."""

    def __init__(self, template: Floats, placed: Floats) -> None:
        """placed: rasters that lie on the template."""
        self._inside = _inside(len(template))
        clear = _without_light(template[None])[0]
        common, _ = np.linalg.qr(_frame(clear)[self._inside.ravel()])
        self._common: Floats = common.astype(np.float32)
        self._middle = np.zeros(len(self._common), np.float32)
        rest = self._rest(placed)
        self._middle = np.median(rest, axis=0)
        rest -= self._middle
        count = min(JITTER, len(placed) // PER_DIRECTION)
        self._jitter = _directions(rest, count)
        rest -= rest @ self._jitter.T @ self._jitter
        self._weights = self._worth(rest)
        self._kept = _directions(rest * self._weights, KEPT)

    def vectors(self, placed: Floats) -> Floats:
        rest = self._rest(placed) - self._middle
        rest -= rest @ self._jitter.T @ self._jitter
        kept = (rest * self._weights) @ self._kept.T
        vectors: Floats = kept / (np.linalg.norm(kept, axis=1, keepdims=True) + 1e-6)
        return vectors

    def _rest(self, placed: Floats) -> Floats:
        """Without light and template."""
        pixels = _without_light(placed)[:, self._inside]
        rest: Floats = (pixels - pixels @ self._common @ self._common.T).astype(np.float32)
        return rest

    def _worth(self, rest: Floats) -> Floats:
        """The weight of each pixel: how far its spread exceeds what noise does everywhere."""
        spread = np.sqrt((rest**2).mean(axis=0)) + 1e-3
        noise = np.quantile(spread, 0.3)
        weights: Floats = np.maximum(0, 1 - (noise / spread) ** 2).astype(np.float32)
        return weights


def _placed(rasters: Floats, template: Floats) -> Floats:
    """Each raster, moved by an affine map onto the template (Gauss-Newton, its slopes fixed)."""
    side = len(template)
    inside = _inside(side).ravel()
    solve = np.linalg.pinv(_frame(template)[inside])
    rows, columns = (grid.astype(np.float32) for grid in np.mgrid[:side, :side])
    across, down = columns / side - 0.5, rows / side - 0.5
    placed = np.empty_like(rasters)
    for index, raster in enumerate(rasters):
        moves = np.zeros(6, np.float32)
        for _ in range(STEPS):
            x = columns + moves[0] + moves[1] * across + moves[2] * down
            y = rows + moves[3] + moves[4] * across + moves[5] * down
            moved = cv2.remap(raster, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            fit = solve @ moved.ravel()[inside]
            # The seventh number is the contrast against the template; the slopes scale with it.
            step = fit[:6] / max(0.2, float(fit[6]))
            moves -= step
            if np.abs(step).max() < 0.01:
                break
        placed[index] = moved
    return placed


def _frame(template: Floats) -> Floats:
    """What a scan adds to the content of a sheet, as columns. Shape (pixels, 12).

    How the template changes when it is shifted, stretched or sheared, across and down (6); the
    template itself under even and under slanting light (3); that light alone (3).
    """
    side = len(template)
    down, across = np.gradient(template)
    y, x = np.mgrid[:side, :side] / side - 0.5
    moved = [across, across * x, across * y, down, down * x, down * y]
    lit = [template, template * x, template * y, np.ones_like(x), x, y]
    return np.stack(moved + lit, axis=-1).reshape(-1, 12).astype(np.float32)


def _without_light(rasters: Floats) -> Floats:
    sigma = SMOOTH * rasters.shape[1]
    return np.stack([raster - cv2.GaussianBlur(raster, (0, 0), sigma) for raster in rasters])


def _inside(side: int) -> NDArray[np.bool_]:
    edge = max(1, int(EDGE * side))
    inside = np.zeros((side, side), np.bool_)
    inside[edge:-edge, edge:-edge] = True
    return inside


def _directions(rest: Floats, count: int) -> Floats:
    """The directions in which vectors vary most. (at most count, size of a vector)."""
    _, _, directions = np.linalg.svd(rest - rest.mean(axis=0), full_matrices=False)
    found: Floats = directions[:count]
    return found
