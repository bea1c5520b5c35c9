"""Signed distances of simple solids, and noise. Units: one unit is about one object height.

A solid is a function of three equal arrays x, y, z (y is up) that gives the signed distance to
its surface, negative inside. The formulas are the usual ones of distance-field modelling
(J. C. Hart, "Sphere tracing", 1996).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import CubicSpline

F = NDArray[np.float32]
Vec = tuple[float, float, float]
Solid = Callable[[F, F, F], F]


def f32(values: object) -> F:
    """Any array-like as float32."""
    return np.asarray(values, dtype=np.float32)


def softened(values: NDArray[Any], sigma: float) -> F:
    """Blurred along rows and columns; channels stay apart."""
    widths = (sigma, sigma, 0)[: values.ndim]
    return f32(ndimage.gaussian_filter(values, widths))


def widest(values: NDArray[Any], size: int) -> NDArray[Any]:
    """The largest value in a square about each pixel."""
    return np.asarray(ndimage.maximum_filter(values, size))


def spread(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Largest less smallest value in a square about each pixel."""
    return np.asarray(widest(values, size) - ndimage.minimum_filter(values, size))


def enlarged(values: F, rows: int, cols: int) -> F:
    """Resampled to the given size, bilinearly."""
    shape = (rows / values.shape[0], cols / values.shape[1])
    return f32(ndimage.zoom(values, shape, order=1))


def sphere(centre: Vec, radius: float, stretch: Vec = (1, 1, 1)) -> Solid:
    """A sphere, or roughly an ellipsoid when `stretch` differs from one."""
    shrink = min(stretch)

    def distance(x: F, y: F, z: F) -> F:
        a = (x - centre[0]) / stretch[0]
        b = (y - centre[1]) / stretch[1]
        c = (z - centre[2]) / stretch[2]
        return f32((np.sqrt(a * a + b * b + c * c) - radius) * shrink)

    return distance


def box(centre: Vec, half: Vec, rounding: float = 0.02) -> Solid:
    """A box with rounded edges; `half` holds half of each side."""

    def distance(x: F, y: F, z: F) -> F:
        a = np.abs(x - centre[0]) - (half[0] - rounding)
        b = np.abs(y - centre[1]) - (half[1] - rounding)
        c = np.abs(z - centre[2]) - (half[2] - rounding)
        outside = np.sqrt(np.maximum(a, 0) ** 2 + np.maximum(b, 0) ** 2 + np.maximum(c, 0) ** 2)
        return f32(outside + np.minimum(np.maximum(np.maximum(a, b), c), 0) - rounding)

    return distance


def disc(centre: Vec, radius: float, half: float, axis: str = "y", rounding: float = 0.02) -> Solid:
    """A cylinder with rounded edges along one axis."""

    def distance(x: F, y: F, z: F) -> F:
        p = {"x": x - centre[0], "y": y - centre[1], "z": z - centre[2]}
        along = p.pop(axis)
        u, v = p.values()
        a = np.sqrt(u * u + v * v) - (radius - rounding)
        b = np.abs(along) - (half - rounding)
        outside = np.sqrt(np.maximum(a, 0) ** 2 + np.maximum(b, 0) ** 2)
        return f32(outside + np.minimum(np.maximum(a, b), 0) - rounding)

    return distance


def cone(start: Vec, end: Vec, first: float, last: float) -> Solid:
    """A capsule whose radius runs from `first` to `last`."""
    s, e = np.array(start, np.float32), np.array(end, np.float32)
    d = e - s
    square = float(d @ d)

    def distance(x: F, y: F, z: F) -> F:
        a, b, c = x - s[0], y - s[1], z - s[2]
        t = np.clip((a * d[0] + b * d[1] + c * d[2]) / square, 0, 1)
        a, b, c = a - t * d[0], b - t * d[1], c - t * d[2]
        return f32(np.sqrt(a * a + b * b + c * c) - (first + (last - first) * t))

    return distance


def tube(points: Sequence[Vec], radius: float, bends: int = 1) -> Solid:
    """A round rod through the points; `bends` pieces between two points make it a smooth curve."""
    if bends > 1:
        p = np.array(points, float)
        t = np.linspace(0, len(p) - 1, (len(p) - 1) * bends + 1)
        curve = np.stack([CubicSpline(np.arange(len(p)), p[:, k])(t) for k in range(3)], 1)
        points = [(float(a), float(b), float(c)) for a, b, c in curve]
    return join([cone(a, b, radius, radius) for a, b in pairwise(points)])


def arc(centre: Vec, radius: float, start: float, end: float, plane: str, n: int = 12) -> list[Vec]:
    """Points of a circular arc, in degrees, in the plane "xy" or "zy"."""
    points: list[Vec] = []
    for angle in np.radians(np.linspace(start, end, n)):
        u, v = radius * float(np.cos(angle)), radius * float(np.sin(angle))
        move = (u, v, 0.0) if plane == "xy" else (0.0, v, u)
        points.append((centre[0] + move[0], centre[1] + move[1], centre[2] + move[2]))
    return points


def smooth_min(a: F, b: F, blend: float) -> F:
    """The smaller of two distances, with a rounded seam (polynomial blend)."""
    if blend <= 0:
        return np.minimum(a, b)
    h = np.maximum(blend - np.abs(a - b), 0) / blend
    return f32(np.minimum(a, b) - h * h * blend * 0.25)


def join(solids: Sequence[Solid], blend: float = 0.0) -> Solid:
    """Several solids as one."""

    def distance(x: F, y: F, z: F) -> F:
        result = solids[0](x, y, z)
        for solid in solids[1:]:
            result = smooth_min(result, solid(x, y, z), blend)
        return result

    return distance


def cut(solid: Solid, hole: Solid) -> Solid:
    """The first solid without the second."""
    return lambda x, y, z: np.maximum(solid(x, y, z), -hole(x, y, z))


def turned(solid: Solid, yaw: float = 0, tilt: float = 0, move: Vec = (0, 0, 0)) -> Solid:
    """The solid tilted about z, then turned about y (degrees), then moved."""
    cy, sy = float(np.cos(np.radians(yaw))), float(np.sin(np.radians(yaw)))
    ct, st = float(np.cos(np.radians(tilt))), float(np.sin(np.radians(tilt)))

    def distance(x: F, y: F, z: F) -> F:
        a, b, c = x - move[0], y - move[1], z - move[2]
        a, c = a * cy - c * sy, a * sy + c * cy
        return solid(f32(a * ct + b * st), f32(b * ct - a * st), f32(c))

    return distance


def rounded(points: Sequence[tuple[float, float]], steps: int = 10) -> NDArray[np.float64]:
    """A closed Catmull-Rom curve through the points."""
    p = np.array(points, float)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for i in range(len(p)):
        a, b, c, d = (p[(i + k - 1) % len(p)] for k in range(4))
        pieces.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    return np.concatenate(pieces)


def lathe(
    outline: Sequence[tuple[float, float]] | NDArray[np.float64], soft: float = 0.006
) -> Solid:
    """The solid that an outline of (radius, height) points sweeps round the y axis.

    The distance to the outline is tabulated once on a fine grid, slightly smoothed (which also
    rounds the edges), and looked up by bilinear interpolation.
    """
    o = np.array(outline, float)
    reach, low, high = o[:, 0].max() + 0.15, o[:, 1].min() - 0.15, o[:, 1].max() + 0.15
    step = max(reach, high - low) / 560
    rr = np.arange(-12, int(reach / step) + 1) * step
    yy = np.arange(int((high - low) / step) + 1) * step + low
    r, y = np.meshgrid(np.abs(rr), yy)
    best = np.full(r.shape, 1e9)
    inside = np.zeros(r.shape, bool)
    for (r0, y0), (r1, y1) in zip(o, np.roll(o, -1, axis=0), strict=True):
        dr, dy = r1 - r0, y1 - y0
        t = np.clip(((r - r0) * dr + (y - y0) * dy) / (dr * dr + dy * dy + 1e-12), 0, 1)
        np.minimum(best, (r - r0 - t * dr) ** 2 + (y - y0 - t * dy) ** 2, out=best)
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (r < r0 + (y - y0) * dr / dy)
    field = np.sqrt(best) * np.where(inside, -1, 1)
    table = softened(field, soft / step)
    rows, cols = table.shape
    flat = table.ravel()

    def distance(x: F, y: F, z: F) -> F:
        radius = np.sqrt(x * x + z * z)
        u = radius / np.float32(step) + np.float32(12)
        v = (y - np.float32(low)) / np.float32(step)
        cu, cv = np.clip(u, 0, cols - 1.001), np.clip(v, 0, rows - 1.001)
        # Outside the table the distance to the table is added, which never overshoots.
        beyond = np.hypot(u - cu, v - cv) * np.float32(step)
        iu, iv = cu.astype(np.int32), cv.astype(np.int32)
        a, b = f32(cu - iu), f32(cv - iv)
        k = iv * cols + iu
        near = flat[k] * (1 - a) + flat[k + 1] * a
        far = flat[k + cols] * (1 - a) + flat[k + cols + 1] * a
        return f32(near * (1 - b) + far * b + beyond * 0.7)

    return distance


def clouds(
    shape: tuple[int, int],
    seed: int,
    scale: float = 4,
    octaves: int = 6,
    gain: float = 0.5,
    stretch: tuple[float, float] = (1, 1),
) -> F:
    """Tileable fractal noise, mean 0.5, about 0 to 1. Larger `scale` gives finer grains."""
    rng = np.random.default_rng(seed)
    fy = np.fft.fftfreq(shape[0])[:, None] * shape[0] / scale * stretch[0]
    fx = np.fft.rfftfreq(shape[1])[None, :] * shape[1] / scale * stretch[1]
    total = np.zeros(shape)
    amplitude = 1.0
    for octave in range(octaves):
        white = np.fft.rfft2(rng.standard_normal(shape))
        size = 2.0**octave
        band = np.exp(-((np.hypot(fy, fx) / size) ** 2) * 2)
        layer = np.fft.irfft2(white * band, s=shape)
        total += layer / (layer.std() + 1e-9) * amplitude
        amplitude *= gain
    total /= total.std()
    return f32(np.clip(0.5 + total / 6, 0, 1))


def sample(texture: F, u: F, v: F) -> F:
    """Looks up a tileable texture (rows, columns[, channels]) at u, v in tiles, bilinearly."""
    rows, cols = texture.shape[:2]
    a, b = (u % 1) * cols, (v % 1) * rows
    iu, iv = a.astype(np.int32) % cols, b.astype(np.int32) % rows
    fu, fv = f32(a - np.floor(a)), f32(b - np.floor(b))
    ju, jv = (iu + 1) % cols, (iv + 1) % rows
    if texture.ndim == 3:
        fu, fv = fu[..., None], fv[..., None]
    top = texture[iv, iu] * (1 - fu) + texture[iv, ju] * fu
    bottom = texture[jv, iu] * (1 - fu) + texture[jv, ju] * fu
    return f32(top * (1 - fv) + bottom * fv)
