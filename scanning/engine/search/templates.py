"""A family's template, and how a raster is laid on it.

A scan is laid on its template by a small affine map, found by least squares (Gauss-Newton; its
slopes are those of the template), first on blurred rasters, which bears two or three pixels, then
on sharp ones. Where the picture is turned, framed or a part of a sheet, a rough place has to be
known: see `guests`.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.windows import Window

EDGE: Final = 0.05  # of a side is left out: what a scanner shows beyond the sheet
SMOOTH: Final = 1 / 8  # of a side: slower changes are light
BLURS: Final = (2.0, 0.0)  # px of a raster
STEPS: Final = 8  # of least squares at each blur
ENOUGH: Final = 0.02  # px: smaller steps end it

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

WHOLE: Final = Window(0.0, 0.0, 1.0, 1.0)


class Laid(NamedTuple):
    """A raster on the template's grid; how well it agrees there, -1 to 1."""

    raster: Floats
    agreement: float


@dataclass(frozen=True)
class Template:
    """The median of rasters that lie on each other, shape (side, side)."""

    raster: Floats

    def laid(self, raster: Floats, box: Window = WHOLE, part: Window = WHOLE) -> Laid:
        """A raster moved onto the template.

        box: where the template's sheet lies in the raster, in shares of its sides; beyond them
        where the raster shows less than the sheet. part: what of the sheet the raster shows.
        """
        side = len(self.raster)
        width, height = box.right - box.left, box.bottom - box.top
        scale = np.array([width, width, width, height, height, height], np.float32)
        moves = np.array(
            [
                side * (box.left + width / 2 - 0.5),
                side * (width - 1),
                0,
                side * (box.top + height / 2 - 0.5),
                0,
                side * (height - 1),
            ],
            np.float32,
        )
        best = Laid(_moved(raster, moves), 0.0)
        best = best._replace(agreement=self.agreement(best.raster, part))
        for blur in BLURS:
            solve = self._solving(blur, part)
            counted = inside(side, part).ravel()
            for _ in range(STEPS):
                moved = _moved(raster, moves)
                smooth = cv2.GaussianBlur(moved, (0, 0), blur) if blur else moved
                fit = solve @ smooth.ravel()[counted]
                # The seventh number is the contrast against the template; the slopes scale with it.
                step = np.clip(fit[:6] / max(0.2, float(fit[6])), -2, 2)
                moves = moves - scale * step
                if np.abs(step).max() < ENOUGH:
                    break
            moved = _moved(raster, moves)
            agreement = self.agreement(moved, part)
            if agreement > best.agreement:
                best = Laid(moved, agreement)
        return best

    def agreement(self, laid: Floats, part: Window = WHOLE) -> float:
        """How well a raster that lies on the template agrees with it, without light."""
        counted = inside(len(laid), part)
        one, other = without_light(laid[None])[0][counted], self._clear[counted]
        one, other = one - one.mean(), other - other.mean()
        return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-6))

    def frame(self) -> Floats:
        """What a scan adds to a sheet's content once light is gone. Shape (pixels, 12)."""
        return _frame(self._clear)

    @cached_property
    def _clear(self) -> Floats:
        clear: Floats = without_light(self.raster[None])[0]
        return clear

    @cached_property
    def _solvers(self) -> dict[tuple[float, Window], Floats]:
        return {}

    def _solving(self, blur: float, part: Window) -> Floats:
        key = (blur, part)
        if key not in self._solvers:
            raster = self.raster
            if blur:
                raster = cv2.GaussianBlur(raster, (0, 0), blur).astype(np.float32)
            counted = inside(len(raster), part).ravel()
            frame = _frame(raster)[counted].astype(np.float64)
            self._solvers[key] = np.linalg.pinv(frame).astype(np.float32)
        return self._solvers[key]


def without_light(rasters: Floats) -> Floats:
    sigma = SMOOTH * rasters.shape[1]
    return np.stack([raster - cv2.GaussianBlur(raster, (0, 0), sigma) for raster in rasters])


def _moved(raster: Floats, moves: Floats) -> Floats:
    side = len(raster)
    rows, columns, down, across = _grid(side)
    x = columns + moves[0] + moves[1] * across + moves[2] * down
    y = rows + moves[3] + moves[4] * across + moves[5] * down
    moved = cv2.remap(raster, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved.astype(np.float32, copy=False)


@lru_cache
def _grid(side: int) -> tuple[Floats, Floats, Floats, Floats]:
    rows, columns = (grid.astype(np.float32) for grid in np.mgrid[:side, :side])
    middle = np.float32((side - 1) / 2)
    return rows, columns, (rows - middle) / side, (columns - middle) / side


@lru_cache(256)
def inside(side: int, part: Window = WHOLE) -> Mask:
    """The pixels of a sheet that count: not its edge, nor what lies beyond a part of it."""
    edge = max(1, int(EDGE * side))
    top, bottom, left, right = (
        round(side * share) for share in (part.top, part.bottom, part.left, part.right)
    )
    found = np.zeros((side, side), np.bool_)
    found[top + edge : bottom - edge, left + edge : right - edge] = True
    return found


def _frame(template: Floats) -> Floats:
    """What a scan adds to the content of a sheet, as columns. Shape (pixels, 12).

    How the template changes when it is shifted, stretched or sheared, across and down (6); the
    template itself under even and under slanting light (3); that light alone (3).
    """
    side = len(template)
    slope_down: Floats = np.gradient(template, axis=0)
    slope_across: Floats = np.gradient(template, axis=1)
    _, _, y, x = _grid(side)
    moved: list[Floats] = [
        slope_across,
        slope_across * x,
        slope_across * y,
        slope_down,
        slope_down * x,
        slope_down * y,
    ]
    lit: list[Floats] = [template, template * x, template * y, np.ones_like(x), x, y]
    return np.stack(moved + lit, axis=-1).reshape(-1, 12).astype(np.float32)
