"""Weathered surfaces of building sites, as paints over metres along and up a face."""

import numpy as np
from PIL import Image

from demo.lettering import linear
from demo.pieces import Paint
from demo.shapes import F, Vec, clouds, f32, sample
from demo.studio import smoothstep

SPOTS = clouds((1024, 1024), 31, 5, 8, 0.6)
STREAKS = clouds((1024, 1024), 32, 6, 6, 0.6, (8, 1))
FINE = clouds((1024, 1024), 33, 60, 4, 0.8)
PATCHES = clouds((512, 512), 34, 3, 5, 0.55)


def blend(a: F | Vec, b: F | Vec, share: F) -> F:
    """Colours mixed by a share per point."""
    return f32(f32(a) + (f32(b) - f32(a)) * share[:, None])


def concrete(tone: float = 0.42, dirt: float = 0.6, joints: float = 0.0) -> Paint:
    """Weathered concrete with streaks; `joints` is the panel size in metres, if any."""

    def paint(a: F, b: F, p: F) -> F:
        spots = sample(SPOTS, f32(a / 5), f32(b / 5))
        streak = sample(STREAKS, f32(a / 7), f32(b / 9))
        fine = sample(FINE, f32(a / 2), f32(b / 2))
        value = tone * (0.80 + 0.25 * spots + 0.26 * fine)
        value = value * (1 - dirt * smoothstep(0.54, 0.80, streak))
        out = f32(value[:, None] * f32((1.0, 0.975, 0.92)))
        moss = smoothstep(0.60, 0.85, sample(PATCHES, f32(a / 9), f32(b / 9 + 0.3))) * dirt
        out = blend(out, (0.10, 0.12, 0.06), f32(moss * 0.6))
        if joints:
            near = np.maximum(np.abs((a / joints) % 1 - 0.5), np.abs((b / joints) % 1 - 0.5))
            out = f32(out * (1 - 0.55 * smoothstep(0.5 - 0.018 / joints, 0.5, f32(near)))[:, None])
        return f32(out)

    return paint


def shotcrete(tone: float, pitch: float, *, nails: bool) -> Paint:
    """Sprayed concrete with weep holes, stains below them, and soil nail heads."""

    def paint(a: F, b: F, p: F) -> F:
        out = concrete(tone, 0.55)(a, b, p)
        row = np.floor(b / pitch)
        u = (a / pitch + 0.5 * (row % 2)) % 1 - 0.5
        v = (b / pitch) % 1 - 0.5
        hole = np.hypot(u * pitch, v * pitch)
        jitter = sample(PATCHES, f32(row * 0.37), f32(np.floor(a / pitch + 0.5 * (row % 2)) * 0.61))
        stain = smoothstep(0.16, 0.02, np.abs(f32(u * pitch + 0.05 * np.sin(b * 5))))
        stain = stain * (v < 0) * smoothstep(-0.5, -0.02, f32(v)) * smoothstep(0.40, 0.62, jitter)
        out = blend(out, (0.09, 0.08, 0.06), f32(stain * 0.75))
        out = out * (1 - 0.93 * smoothstep(0.062, 0.040, f32(hole)))[:, None]
        if nails:
            big = pitch * 2
            uu, vv = (a / big) % 1 - 0.5, (b / big + 0.25) % 1 - 0.5
            pad = np.maximum(np.abs(uu), np.abs(vv)) * big
            face = sample(FINE, f32(a / 1.5), f32(b / 1.5))[:, None] * 0.2
            out = np.where((pad < 0.26)[:, None], f32((0.44, 0.43, 0.40)) + face - 0.1, out)
            out = out * (1 - 0.6 * ((pad > 0.255) & (pad < 0.285)))[:, None]
            under = (np.abs(uu) * big < 0.27) & (vv * big < -0.26) & (vv * big > -0.36)
            out = out * np.where(under, 0.55, 1)[:, None]
        return f32(out)

    return paint


def masonry(seed: int) -> Paint:
    """A rubble wall: irregular stones and pale joints."""
    rng = np.random.default_rng(seed)
    n = 16
    spots = (
        np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1) + rng.uniform(0.12, 0.88, (n, n, 2))
    ).astype(np.float32)
    tones = f32(rng.uniform(0.16, 0.36, (n, n)))
    warm = f32(rng.uniform(-0.05, 0.12, (n, n)))

    def paint(a: F, b: F, p: F) -> F:
        u, v = a / 0.46, b / 0.36
        iu, iv = np.floor(u).astype(int), np.floor(v).astype(int)
        one, two = np.full(len(a), 9, np.float32), np.full(len(a), 9, np.float32)
        tone, tint = np.zeros(len(a), np.float32), np.zeros(len(a), np.float32)
        for dv in (-1, 0, 1):
            for du in (-1, 0, 1):
                cu, cv = iu + du, iv + dv
                s = spots[cv % n, cu % n]
                far = f32(np.hypot(cu - cu % n + s[:, 0] - u, cv - cv % n + s[:, 1] - v))
                closer = far < one
                two = np.where(closer, one, np.minimum(two, far))
                one = np.where(closer, far, one)
                tone = np.where(closer, tones[cv % n, cu % n], tone)
                tint = np.where(closer, warm[cv % n, cu % n], tint)
        rough = (
            0.65
            + 0.5 * sample(FINE, f32(a / 1.2), f32(b / 1.2))
            + 0.3 * (sample(SPOTS, f32(a / 3), f32(b / 3)) - 0.5)
        )
        stone = (tone * rough * smoothstep(0.02, 0.3, f32(two - one)) ** 0.35)[:, None] * np.stack(
            [1 + tint, np.ones_like(tint), 1 - tint * 1.2], -1
        )
        mortar = (0.40 * rough)[:, None] * f32((1, 0.98, 0.93))
        return blend(f32(stone), f32(mortar), smoothstep(0.11, 0.06, f32(two - one)))

    return paint


def asphalt(line: float | None) -> Paint:
    """A road along x; a double yellow line at z = `line`."""

    def paint(a: F, b: F, p: F) -> F:
        fine = sample(FINE, f32(p[:, 0] / 1.1), f32(p[:, 2] / 1.1))
        spots = sample(SPOTS, f32(p[:, 0] / 14), f32(p[:, 2] / 6))
        out = f32((0.065 + 0.075 * fine + 0.07 * spots)[:, None] * f32((1, 1, 1.02)))
        if line is not None:
            off = np.abs(np.abs(p[:, 2] - line) - 0.14)
            worn = smoothstep(0.3, 0.55, sample(SPOTS, f32(p[:, 0] / 2), f32(p[:, 2] / 2)))
            out = blend(out, (0.62, 0.45, 0.05), f32(smoothstep(0.055, 0.045, f32(off)) * worn))
        return f32(out)

    return paint


def paving(size: float, tone: Vec) -> Paint:
    """Paving blocks."""

    def paint(a: F, b: F, p: F) -> F:
        x, z = p[:, 0] / size, p[:, 2] / size * 2
        x = x + 0.5 * (np.floor(z) % 2)
        joint = np.maximum(np.abs(x % 1 - 0.5), np.abs(z % 1 - 0.5) * 1.0)
        each = sample(FINE, f32(np.floor(x) * 0.173), f32(np.floor(z) * 0.311))
        fine = sample(FINE, f32(p[:, 0] / 0.8), f32(p[:, 2] / 0.8))
        dirt = sample(SPOTS, f32(p[:, 0] / 6), f32(p[:, 2] / 6))
        value = (0.55 + 0.35 * each + 0.3 * fine) * (0.7 + 0.6 * dirt)
        value = value * (1 - 0.5 * smoothstep(0.46, 0.49, f32(joint)))
        return f32(value[:, None] * f32(tone))

    return paint


def picture(image: Image.Image, width: float, height: float) -> Paint:
    """An image stretched over a sheet of the given size."""
    texture = linear(image)

    def paint(a: F, b: F, p: F) -> F:
        return sample(
            texture,
            np.clip(f32(a / width), 0.003, 0.997),
            np.clip(f32(1 - b / height), 0.003, 0.997),
        )

    return paint
