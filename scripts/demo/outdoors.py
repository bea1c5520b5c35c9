"""A ray caster for building sites: blocks, rods and flat pieces in sun and skylight. Metres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.pieces import Block, Piece, Rod, corners, cross_piece
from demo.shapes import F, Vec, clouds, enlarged, f32, sample, softened, spread
from demo.studio import develop, unit

Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Scene:
    """Everything in front of the camera, and the weather."""

    pieces: Sequence[Piece]
    eye: Vec
    target: Vec
    field: float = 52.0
    sun: Vec = (-0.5, 0.7, 0.5)
    sunlight: float = 1.85
    sky: float = 0.75
    haze: float = 0.006
    sky_colour: Vec = (0.40, 0.57, 0.80)
    cloud: float = 0.5
    exposure: float = 1.0
    indoor: bool = False
    lamps: Sequence[Vec] = ()
    seed: int = 0
    roll: float = 0.0
    warmth: float = 0.0


ROUGH = clouds((512, 512), 11, 6, 7, 0.62)
SLOPE_U = f32(np.roll(ROUGH, -1, 1) - np.roll(ROUGH, 1, 1)) * 28
SLOPE_V = f32(np.roll(ROUGH, -1, 0) - np.roll(ROUGH, 1, 0)) * 28
CLOUDS = clouds((512, 1024), 12, 3, 7, 0.55)


class View:
    """The camera of a scene: pixel rays, and where pieces may appear."""

    def __init__(self, scene: Scene, size: tuple[int, int]) -> None:
        self.size = size
        self.eye = f32(scene.eye)
        self.ahead = unit(f32(scene.target) - self.eye)
        side = unit(np.cross(self.ahead, f32((0, 1, 0))))
        top = np.cross(side, self.ahead)
        c, s = np.cos(np.radians(scene.roll)), np.sin(np.radians(scene.roll))
        self.side, self.top = f32(side * c + top * s), f32(top * c - side * s)
        self.k = 2 * np.tan(np.radians(scene.field) / 2) / size[0]

    def rays(self, x: F, y: F) -> F:
        w, h = self.size
        d = (
            self.ahead
            + ((x - w / 2) * self.k)[:, None] * self.side
            + ((h / 2 - y) * self.k)[:, None] * self.top
        )
        return f32(d / np.linalg.norm(d, axis=1, keepdims=True))

    def seen(self, piece: Piece, x: F, y: F) -> Ints:
        """Indices of the pixels in the piece's bounding rectangle."""
        w, h = self.size
        q = corners(piece) - self.eye
        z = q @ self.ahead
        if (z < 0.05).all():
            return np.zeros(0, np.intp)
        if (z < 0.05).any():
            return np.arange(len(x))
        px, py = q @ self.side / z / self.k + w / 2, h / 2 - q @ self.top / z / self.k
        return np.flatnonzero(
            (x > px.min() - 2) & (x < px.max() + 2) & (y > py.min() - 2) & (y < py.max() + 2)
        )


class Site:
    """Casts the rays of one scene."""

    def __init__(self, scene: Scene, panorama: F | None) -> None:
        self.scene = scene
        self.panorama = panorama
        self.sun = unit(scene.sun)

    def first(
        self, o: F, d: F, view: View | None = None, x: F | None = None, y: F | None = None
    ) -> tuple[F, Ints]:
        """Distance to and index of the first piece on each ray (-1: none)."""
        best = np.full(len(d), np.inf, np.float32)
        which = np.full(len(d), -1, np.intp)
        for i, piece in enumerate(self.scene.pieces):
            if view is not None and x is not None and y is not None:
                k = view.seen(piece, x, y)
                if not len(k):
                    continue
                t = cross_piece(piece, o[k], d[k])
                closer = t < best[k]
                best[k[closer]], which[k[closer]] = t[closer], i
            else:
                t = cross_piece(piece, o, d)
                closer = t < best
                best[closer], which[closer] = t[closer], i
        return best, which

    def in_shadow(self, o: F) -> NDArray[np.bool_]:
        """Whether anything stands between each point and the sun."""
        side = unit(np.cross(self.sun, f32((0.1, 1, 0.2))))
        top = np.cross(side, self.sun)
        x, y, z = o @ side, o @ top, o @ self.sun
        out = np.zeros(len(o), bool)
        for piece in self.scene.pieces:
            if piece.finish.glow:
                continue
            c = corners(piece)  # only points behind the piece's rectangle, seen from the sun
            cx, cy = c @ side, c @ top
            k = np.flatnonzero(
                ~out
                & (x > cx.min())
                & (x < cx.max())
                & (y > cy.min())
                & (y < cy.max())
                & (z < (c @ self.sun).max())
            )
            if len(k):
                ray = np.broadcast_to(self.sun, (len(k), 3))
                out[k] = np.isfinite(cross_piece(piece, o[k], ray))
        return out

    def blocked(self, o: F, d: F, far: float = 1e9) -> NDArray[np.bool_]:
        """Whether anything lies on each ray."""
        out = np.zeros(len(d), bool)
        for start in range(0, len(d), 50000):
            part = slice(start, start + 50000)
            oo, dd = o[part], d[part]
            hit = np.zeros(len(dd), bool)
            for piece in self.scene.pieces:
                if piece.finish.glow:
                    continue
                hit |= cross_piece(piece, oo, dd) < far
            out[part] = hit
        return out

    def heaven(self, d: F) -> F:
        """Colour of sky, hills and distant houses in a direction."""
        s = self.scene
        up = np.clip(d[:, 1], 0, 1)
        zenith, horizon = f32(s.sky_colour), f32((0.80, 0.86, 0.90))
        blend = np.clip(up * 2.2, 0, 1)[:, None] ** 0.6
        out = horizon + (zenith - horizon) * blend
        u = d[:, 0] / (d[:, 1] + 0.22) * 0.16 + s.seed * 0.37
        v = d[:, 2] / (d[:, 1] + 0.22) * 0.16 + s.seed * 0.21
        c = sample(CLOUDS, f32(u * 0.5), f32(v))
        c = (
            np.clip((c - (0.72 - 0.4 * s.cloud)) * 4.5, 0, 1)[:, None]
            * np.clip(up * 9, 0, 1)[:, None]
        )
        shade = 0.97 - 0.22 * sample(CLOUDS, f32(u * 0.5 + 0.03), f32(v + 0.05))[:, None]
        out = out * (1 - c * 0.9) + shade * f32((1.0, 1.0, 1.02)) * c * 0.9
        if self.panorama is not None:
            angle = np.degrees(np.arctan2(d[:, 0], -d[:, 2])) / 120 + 0.5
            rise = np.degrees(np.arcsin(np.clip(d[:, 1], -1, 1))) / 26
            k = np.flatnonzero(rise < 1)
            p = sample(self.panorama, f32(angle[k]), f32(1 - np.clip(rise[k], 0.004, 0.996)))
            out[k] = out[k] * (1 - p[:, 3:]) + p[:, :3] * p[:, 3:]
        return f32(out)

    def surface(self, p: F, d: F, which: Ints) -> tuple[F, F, F, F]:
        """Colour, bumped normal, mirror share and glow at hit points."""
        colour, normal = np.zeros_like(p), np.zeros_like(p)
        gloss, glow = np.zeros(len(p), np.float32), np.zeros(len(p), np.float32)
        for i in np.unique(which):
            piece, k = self.scene.pieces[i], np.flatnonzero(which == i)
            q = p[k]
            if isinstance(piece, Block):
                mid, half = (
                    (f32(piece.low) + f32(piece.high)) / 2,
                    (f32(piece.high) - f32(piece.low)) / 2,
                )
                local = (q - mid) / half
                axis = np.abs(local).argmax(1)
                n = np.zeros_like(q)
                n[np.arange(len(q)), axis] = np.sign(local[np.arange(len(q)), axis])
                a = np.where(axis == 0, q[:, 2], q[:, 0])
                b = np.where(axis == 1, q[:, 2], q[:, 1])
                u = f32(np.where((axis == 0)[:, None], (0, 0, 1), (1, 0, 0)))
                v = f32(np.where((axis == 1)[:, None], (0, 0, 1), (0, 1, 0)))
            elif isinstance(piece, Rod):
                start = f32(piece.start)
                axis_ = unit(f32(piece.end) - start)
                b = (q - start) @ axis_
                n = f32(q - start - b[:, None] * axis_)
                n = f32(n / np.linalg.norm(n, axis=1, keepdims=True))
                a = np.arctan2(n[:, 0], n[:, 2]) * piece.radius
                v = np.broadcast_to(axis_, q.shape)
                u = f32(np.cross(v, n))
            else:
                n0 = unit(np.cross(f32(piece.along), f32(piece.up)))
                n = np.broadcast_to(n0, q.shape) * -np.sign(d[k] @ n0)[:, None]
                u0, v0 = unit(piece.along), unit(piece.up)
                a, b = (q - f32(piece.corner)) @ u0, (q - f32(piece.corner)) @ v0
                u, v = np.broadcast_to(u0, q.shape), np.broadcast_to(v0, q.shape)
            f = piece.finish
            colour[k] = f.paint(f32(a), f32(b), q) if callable(f.paint) else f.paint
            if f.bump:
                ta, tb = f32(a / f.grain), f32(-b / f.grain)
                n = n - f.bump * (
                    sample(SLOPE_U, ta, tb)[:, None] * u - sample(SLOPE_V, ta, tb)[:, None] * v
                )
                n = n / np.linalg.norm(n, axis=1, keepdims=True)
            normal[k], gloss[k], glow[k] = n, f.gloss, f.glow
        return colour, normal, gloss, glow

    def skylight(self, p: F, n: F, count: int, seed: int) -> F:
        """Share of the sky (or of the room) open to each point, by cosine-weighted rays."""
        rng = np.random.default_rng(seed)
        total = np.zeros((len(p), 3), np.float32)
        for _ in range(count):
            ball = rng.standard_normal(p.shape)
            v = f32(n * 1.001 + ball / np.linalg.norm(ball, axis=1, keepdims=True))
            v = f32(v / np.linalg.norm(v, axis=1, keepdims=True))
            shut = self.blocked(f32(p + n * 0.02), v, 2.2 if self.scene.indoor else 1e9)
            sky = f32((0.86, 0.97, 1.12)) * (0.25 + 0.9 * np.clip(v[:, 1:2] + 0.15, 0, 1))
            total += np.where(shut[:, None], f32((0.25, 0.235, 0.22)), sky)
        return f32(total / count)

    def light(self, p: F, n: F) -> F:
        """Direct light of the sun, or of the lamps indoors."""
        lift = f32(p + n * 0.015)
        if not self.scene.indoor:
            toward = np.clip(n @ self.sun, 0, 1)
            k = np.flatnonzero(toward > 0)
            toward[k] *= ~self.in_shadow(lift[k])
            return f32(toward[:, None] * f32((1.0, 0.94, 0.84)) * self.scene.sunlight)
        total = np.zeros_like(p)
        for lamp in self.scene.lamps:
            to = f32(lamp) - p
            far = np.linalg.norm(to, axis=1, keepdims=True)
            to = f32(to / far)
            facing = np.clip((to * n).sum(1), 0, 1) * np.clip(to[:, 1], 0, 1)
            free = ~self.blocked(lift, to, float(far.min()) * 0.9)
            total += (facing * free)[:, None] / (0.6 + far**2) * f32((1.0, 0.98, 0.92))
        return f32(total * self.scene.sunlight)

    def shade(self, o: F, d: F, t: F, which: Ints, ambient: F | None, bounce: int = 1) -> F:
        """Colours of rays with known hits."""
        s = self.scene
        out = np.zeros_like(d)
        sky = which < 0
        out[sky] = self.heaven(d[sky])
        k = np.flatnonzero(~sky)
        if not len(k):
            return out
        dk = d[k]
        p = f32(o[k] + dk * t[k, None])
        colour, n, gloss, glow = self.surface(p, dk, which[k])
        around = ambient[k] if ambient is not None else f32(np.full_like(p, 0.5))
        lit = colour * (self.light(p, n) + around * s.sky) + colour * glow[:, None]
        shiny = np.flatnonzero(gloss > 0)
        if len(shiny) and bounce:
            dn = (dk[shiny] * n[shiny]).sum(1)[:, None]
            m = f32(dk[shiny] - 2 * dn * n[shiny])
            share = gloss[shiny, None] + (1 - gloss[shiny, None]) * (1 - np.abs(dn)) ** 5 * 0.6
            o2 = f32(p[shiny] + n[shiny] * 0.02)
            t2, w2 = self.first(o2, m)
            lit[shiny] = lit[shiny] * (1 - share) + share * self.shade(o2, m, t2, w2, None, 0)
        fog = 1 - np.exp(-s.haze * t[k])[:, None]
        out[k] = lit * (1 - fog) + f32((0.72, 0.79, 0.85)) * fog
        return f32(out)


def take(scene: Scene, size: tuple[int, int], panorama: F | None) -> Image.Image:
    """Takes the photograph."""
    w, h = size
    site, view = Site(scene, panorama), View(scene, size)
    rows, cols = np.divmod(np.arange(w * h), w)
    x, y = f32(cols + 0.5), f32(rows + 0.5)
    d = view.rays(x, y)
    o = np.broadcast_to(view.eye, d.shape)
    t, which = site.first(o, d, view, x, y)

    # Skylight is sampled on every fourth pixel and spread along surfaces of one piece.
    step = 4
    pick = np.flatnonzero((rows % step == 2) & (cols % step == 2))
    small = (len(range(2, h, step)), len(range(2, w, step)))
    hit = which[pick] >= 0
    ambient = np.zeros((len(pick), 3), np.float32)
    weight = hit.astype(np.float32)
    chosen = pick[hit]
    if len(chosen):
        p = f32(o[chosen] + d[chosen] * t[chosen, None])
        _, n, _, _ = site.surface(p, d[chosen], which[chosen])
        ambient[hit] = site.skylight(p, n, 9, scene.seed + 1)
    grid = ambient.reshape(*small, 3)
    owner = which[pick].reshape(small)
    shared, mass = np.zeros_like(grid), np.zeros(small, np.float32)
    weight2 = weight.reshape(small)
    for dy in range(-3, 4):
        for dx in range(-3, 4):
            same = (np.roll(owner, (dy, dx), (0, 1)) == owner) * np.roll(weight2, (dy, dx), (0, 1))
            shared += np.roll(grid, (dy, dx), (0, 1)) * same[..., None]
            mass += same
    shared /= np.maximum(mass, 1e-6)[..., None]
    full = f32(np.stack([enlarged(shared[..., c], h, w) for c in range(3)], -1)).reshape(-1, 3)
    near = np.minimum(rows // step, small[0] - 1), np.minimum(cols // step, small[1] - 1)
    foreign = owner[near] != which  # thin pieces keep the nearest own sample or a plain guess
    full[foreign] = np.maximum(full[foreign], 0.42)

    colour = site.shade(o, d, t, which, full)
    flat = np.minimum(colour, 1.2).reshape(h, w, 3).mean(2)
    border = spread(which.reshape(h, w), 3) > 0
    edges = np.flatnonzero((border | (spread(flat, 3) > 0.24)).ravel())
    total = np.minimum(colour[edges], 1.3)
    for a, b in ((-0.3, -0.3), (0.3, -0.3), (-0.3, 0.3), (0.3, 0.3)):
        xx, yy = f32(x[edges] + a), f32(y[edges] + b)
        dd = view.rays(xx, yy)
        oo = np.broadcast_to(view.eye, dd.shape)
        tt, ww = site.first(oo, dd, view, xx, yy)
        total += np.minimum(site.shade(oo, dd, tt, ww, full[edges]), 1.3)
    colour[edges] = total / 5
    image = colour.reshape(h, w, 3) * scene.exposure
    image = softened(f32(image), 0.45)
    return develop(image, scene.seed, grain=0.010, vignette=0.22, warmth=scene.warmth, punch=0.5)
