"""A small photo studio: sphere-traces solids on a seamless backdrop under soft boxes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.shapes import F, Solid, Vec, f32, softened, spread, widest

Paint = Callable[[F, F, F], F]


@dataclass(frozen=True)
class Part:
    """A solid and its surface. `paint` gives linear colours (n, 3) at points."""

    solid: Solid
    paint: Vec | Paint
    gloss: float = 0.5  # 0 matt ... 1 mirror-like glaze
    rough: float = 0.12  # softness of the highlights
    metal: bool = False
    glow: float = 0.0


@dataclass(frozen=True)
class Studio:
    """Camera, light and backdrop of one photograph."""

    eye: Vec = (0.0, 1.35, 4.6)
    target: Vec = (0.0, 0.48, 0.0)
    field: float = 24.0  # degrees, of the shorter side
    floor: Vec = (0.78, 0.78, 0.77)
    wall: Vec = (0.82, 0.82, 0.82)
    key: Vec = (-2.6, 3.6, 2.4)
    key_colour: Vec = (1.0, 0.97, 0.93)
    fill: float = 0.42
    warmth: float = 0.0
    floor_gloss: float = 0.10
    exposure: float = 1.0
    bounds: tuple[Vec, float] = ((0.0, 0.5, 0.0), 1.1)


def unit(v: object) -> F:
    """The vector with length one."""
    a = f32(v)
    return f32(a / np.sqrt((a * a).sum()))


def smoothstep(low: float, high: float, x: F) -> F:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return f32(t * t * (3 - 2 * t))


class Shot:
    """One photograph being taken."""

    def __init__(self, parts: Sequence[Part], studio: Studio) -> None:
        self.parts = parts
        self.studio = studio
        self.centre = np.array(studio.bounds[0], np.float32)
        self.radius = studio.bounds[1]
        self.light = unit(np.array(studio.key) - self.centre)

    def distance(self, p: F) -> F:
        x, y, z = p[:, 0], p[:, 1], p[:, 2]
        best = self.parts[0].solid(x, y, z)
        for part in self.parts[1:]:
            best = np.minimum(best, part.solid(x, y, z))
        return best

    def march(self, origin: F, ray: F, steps: int = 110) -> F:
        """Distance along each ray to the first surface; inf where nothing is hit."""
        n = len(ray)
        hit = np.full(n, np.inf, np.float32)
        oc = origin - self.centre
        b = (oc * ray).sum(1)
        disc = b * b - (oc * oc).sum(1) + self.radius**2
        root = np.sqrt(np.maximum(disc, 0))
        start, stop = np.maximum(-b - root, 0.004), -b + root
        live = np.flatnonzero((disc > 0) & (stop > start))
        t = start[live]
        for _ in range(steps):
            if not len(live):
                break
            d = self.distance(origin[live] + ray[live] * t[:, None])
            done = d < 0.0006 * np.maximum(t, 0.3)
            hit[live[done]] = t[done]
            t = t + d * 0.92
            keep = ~done & (t < stop[live])
            live, t = live[keep], t[keep]
        return hit

    def shadow(self, p: F, sharp: float = 7.0) -> F:
        """Share of the key light that reaches each point (penumbra from the nearest miss)."""
        light = np.ones(len(p), np.float32)
        ray = np.broadcast_to(self.light, p.shape)
        oc = p - self.centre
        b = (oc * ray).sum(1)
        reach = (oc * oc).sum(1) - b * b
        live = np.flatnonzero((reach < (self.radius * 1.5) ** 2) & (b < self.radius * 1.2))
        t = np.full(len(live), 0.02, np.float32)
        far = self.radius - b[live] + self.radius
        for _ in range(48):
            if not len(live):
                break
            d = self.distance(p[live] + self.light * t[:, None])
            # Letting the estimate run to -1 and remapping it gives a full, soft penumbra.
            light[live] = np.minimum(light[live], np.clip(sharp * d / t, -1, 1))
            t = t + np.clip(d, 0.012, 0.2)
            keep = (light[live] > -0.99) & (t < far)
            live, t, far = live[keep], t[keep], far[keep]
        u = (light + 1) / 2
        return f32(u * u * (3 - 2 * u))

    def openness(self, p: F, normal: F, reach: float = 1.0) -> F:
        """Ambient occlusion: 1 in the open, towards 0 in corners."""
        total = np.zeros(len(p), np.float32)
        weight = 1.0
        for i in range(1, 6):
            h = reach * 0.055 * i * (1 + 0.35 * i)
            total += weight * np.clip(h - self.distance(p + normal * h), 0, h) / h
            weight *= 0.72
        return f32(np.clip(1 - total / 2.7, 0, 1) ** 1.3)

    def normal(self, p: F) -> F:
        eps = np.float32(0.0022)
        total = np.zeros_like(p)
        for k in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
            e = np.array(k, np.float32)
            total += e * self.distance(p + e * eps)[:, None]
        return f32(total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-9))

    def surroundings(self, ray: F, rough: float) -> F:
        """What a glossy surface sees: a dim room, two soft boxes and a strip light."""
        s = self.studio
        up = ray[:, 1]
        room = np.array(s.wall, np.float32) * 0.5
        out = room * (0.45 + 0.4 * np.clip(up, 0, 1))[:, None]
        boxes = (
            (unit(s.key), 0.42, 0.34, 3.4),
            (unit((3.4, 1.5, 1.2)), 0.16, 0.62, 1.7),
            (unit((-0.3, 4.0, -0.8)), 0.65, 0.35, 1.3),
        )
        for aim, wide, tall, power in boxes:
            side = unit(np.cross(np.array((0, 1, 0.01), np.float32), aim))
            top = np.cross(aim, side)
            ahead = ray @ aim
            safe = np.maximum(ahead, 1e-3)
            a, b = np.abs(ray @ side) / safe, np.abs(ray @ top) / safe
            e = 0.02 + rough
            lit = (1 - smoothstep(wide - e, wide + e, a)) * (1 - smoothstep(tall - e, tall + e, b))
            out = out + (lit * (ahead > 0) * power)[:, None] * np.array(s.key_colour, np.float32)
        return f32(out)

    def ground(self, origin: F, ray: F, *, shaded: bool = True) -> F:
        """Colour of the seamless floor and wall behind it."""
        s = self.studio
        wall, floor = np.array(s.wall, np.float32), np.array(s.floor, np.float32)
        up = ray[:, 1]
        out = wall * (0.96 - 0.30 * smoothstep(-0.05, 0.45, up))[:, None]
        down = np.flatnonzero(up < -0.004)
        t = -origin[down, 1] / up[down]
        p = f32(origin[down] + ray[down] * t[:, None])
        lit = np.full(len(p), 1.0, np.float32)
        colour = np.broadcast_to(floor, p.shape).copy()
        near = np.flatnonzero(((p - self.centre) ** 2).sum(1) < (self.radius * 3.4) ** 2)
        # The pool of light of the key lamp.
        away = np.hypot(p[:, 0] + 0.4, (p[:, 2] - 0.2) * 0.8)
        lit *= 1.04 - 0.26 * smoothstep(0.4, 5.0, f32(away))
        if shaded and len(near):
            q = p[near]
            rise = np.zeros_like(q)
            rise[:, 1] = 1
            shade = self.shadow(q, 5.0)
            open_ = self.openness(q, rise, 1.5)
            lit[near] *= (0.36 + 0.64 * shade) * (0.30 + 0.70 * open_)
            gloss = s.floor_gloss
            if gloss:
                up_ray = ray[down][near] * np.array((1, -1, 1), np.float32)
                facing = 1 - np.abs(up_ray[:, 1])
                back = self.march(q + rise * 0.003, f32(up_ray), 50)
                seen = np.flatnonzero(np.isfinite(back))
                if len(seen):
                    hp = f32(q[seen] + up_ray[seen] * back[seen, None])
                    tint = self.albedo(hp) * (0.35 + 0.3 * hp[:, 1:2].clip(0, 1))
                    k = (gloss + 0.5 * facing[seen] ** 4)[:, None]
                    k = k * np.exp(-hp[:, 1:2] * 2.6)
                    colour[near[seen]] = colour[near[seen]] * (1 - k) + tint * k
        shade_rgb = lit[:, None] ** np.array((1.03, 1.0, 0.97), np.float32)
        far = smoothstep(2.2, 9.0, f32(np.hypot(p[:, 0] * 0.5, -p[:, 2] + 0.8)))[:, None]
        far = far * (p[:, 2:3] < 0.8)
        out[down] = colour * shade_rgb * (1 - far) + wall * 0.96 * far
        return f32(out)

    def albedo(self, p: F) -> F:
        """Colour of the nearest part at each point."""
        x, y, z = p[:, 0], p[:, 1], p[:, 2]
        which = np.argmin([part.solid(x, y, z) for part in self.parts], axis=0)
        out = np.zeros_like(p)
        for i, part in enumerate(self.parts):
            mine = which == i
            if mine.any():
                out[mine] = part.paint(*p[mine].T) if callable(part.paint) else part.paint
        return out

    def trace(self, origin: F, ray: F) -> tuple[F, F]:
        """Linear colours (n, 3) and depths (n) of the rays."""
        s = self.studio
        depth = self.march(origin, ray)
        hit = np.isfinite(depth)
        out = np.zeros_like(ray)
        out[~hit] = self.ground(origin[~hit], ray[~hit])
        floor_t = np.where(ray[:, 1] < -0.004, -origin[:, 1] / np.minimum(ray[:, 1], -0.004), 30)
        index = np.flatnonzero(hit)
        if len(index):
            view = ray[index]
            p = f32(origin[index] + view * depth[index, None])
            n = self.normal(p)
            x, y, z = p[:, 0], p[:, 1], p[:, 2]
            which = np.argmin([part.solid(x, y, z) for part in self.parts], axis=0)
            lift = p + n * 0.006
            toward = np.clip(n @ self.light, 0, 1)
            sun = toward * self.shadow(f32(lift), 9.0)
            open_ = self.openness(f32(lift), n)
            mirror = f32(view - 2 * (view * n).sum(1)[:, None] * n)
            back = self.march(f32(lift), mirror, 60)
            floor = np.array(s.floor, np.float32)
            sky = (0.55 + 0.45 * n[:, 1])[:, None]
            fill = s.fill * (np.array(s.wall, np.float32) * sky + floor * 0.55 * (1 - sky))
            key = np.array(s.key_colour, np.float32) * 1.05
            light = sun[:, None] * key + fill * open_[:, None]
            rim = np.clip(n @ unit((3.4, 1.5, 1.2)), 0, 1) * 0.20
            light = light + (rim * open_)[:, None]
            colour = np.zeros_like(p)
            for i, part in enumerate(self.parts):
                m = np.flatnonzero(which == i)
                if not len(m):
                    continue
                base = part.paint(*p[m].T) if callable(part.paint) else np.array([part.paint])
                base = f32(base)
                seen = self.surroundings(mirror[m], part.rough)
                low = mirror[m][:, 1] < -0.02
                if low.any():
                    start = f32(lift[m][low])
                    reach = -start[:, 1] / mirror[m][low][:, 1]
                    dim = 0.18 + 0.54 * smoothstep(0.0, 0.9, f32(reach))  # the object's own shadow
                    seen[low] = self.ground(start, mirror[m][low], shaded=False) * dim[:, None]
                blocked = np.flatnonzero(np.isfinite(back[m]))
                if len(blocked):
                    q = f32(lift[m][blocked] + mirror[m][blocked] * back[m][blocked, None])
                    seen[blocked] = self.albedo(q) * 0.42
                seen = seen * (0.35 + 0.65 * open_[m])[:, None]
                facing = np.clip(-(view[m] * n[m]).sum(1), 0, 1)[:, None]
                fresnel = 0.04 + 0.96 * (1 - facing) ** 5
                if part.metal:
                    colour[m] = base * (0.90 * seen + 0.12 * light[m]) + fresnel * 0.1 * seen
                else:
                    k = part.gloss * fresnel * (1 - part.rough)
                    colour[m] = base * light[m] * (1 - 0.5 * k) + k * seen
                if part.glow:
                    colour[m] = colour[m] + base * part.glow
            out[index] = colour
        return out, f32(np.where(hit, depth, np.minimum(floor_t, 30)))


def rays(studio: Studio, size: tuple[int, int], dx: F, dy: F) -> tuple[F, F]:
    """Origins and directions through pixel positions dx, dy (columns and rows, may be split)."""
    width, height = size
    eye = np.array(studio.eye, np.float32)
    ahead = unit(np.array(studio.target, np.float32) - eye)
    right = unit(np.cross(ahead, np.array((0, 1, 0), np.float32)))
    up = np.cross(right, ahead)
    k = 2 * np.tan(np.radians(studio.field) / 2) / min(width, height)
    a, b = (dx - width / 2) * k, (height / 2 - dy) * k
    ray = ahead + a[:, None] * right + b[:, None] * up
    ray = f32(ray / np.linalg.norm(ray, axis=1, keepdims=True))
    return np.broadcast_to(eye, ray.shape), ray


def photograph(
    parts: Sequence[Part], studio: Studio, size: tuple[int, int], seed: int
) -> Image.Image:
    """Takes the photograph: one ray per pixel, four more where edges are."""
    width, height = size
    shot = Shot(parts, studio)
    rows, cols = np.divmod(np.arange(width * height), width)
    x, y = f32(cols + 0.5), f32(rows + 0.5)
    colour, depth = shot.trace(*rays(studio, size, x, y))
    flat = np.minimum(colour, 1.2).reshape(height, width, 3).mean(2)
    edges = np.flatnonzero(widest(spread(flat, 3) > 0.05, 2).ravel())
    total = np.minimum(colour[edges], 1.6)
    for a, b in ((-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375)):
        more, _ = shot.trace(*rays(studio, size, f32(x[edges] + a), f32(y[edges] + b)))
        total += np.minimum(more, 1.6)
    colour[edges] = total / 5
    image = colour.reshape(height, width, 3)
    focus = float(np.linalg.norm(np.array(studio.eye) - np.array(studio.target)))
    blur = np.clip(np.abs(depth.reshape(height, width) - focus + 0.25) / focus - 0.12, 0, 1)
    image = out_of_focus(image, f32(blur), width / 1200)
    return develop(image * studio.exposure, seed, warmth=studio.warmth)


def out_of_focus(image: F, amount: F, scale: float) -> F:
    """Blends in blurred copies where `amount` (0 to 1) grows."""
    # What is in focus must not smear into its surroundings, so it has no weight there.
    away = (amount > 0.02).astype(np.float32)[..., None] + 1e-4

    def blurred(sigma: float) -> F:
        return f32(softened(image * away, sigma * scale) / softened(away, sigma * scale))

    soft, softer = blurred(2.2), blurred(6)
    sharp = widest(1 - away, 3) > 0.5
    one = (smoothstep(0.0, 0.18, amount) * ~sharp[..., 0])[..., None]
    two = smoothstep(0.18, 0.6, amount)[..., None]
    return f32((image * (1 - one) + soft * one) * (1 - two) + softer * two)


def develop(
    image: F,
    seed: int,
    grain: float = 0.006,
    vignette: float = 0.16,
    warmth: float = 0.0,
    punch: float = 0.0,
) -> Image.Image:
    """Linear light to an 8-bit picture: vignette, filmic curve, contrast, grain."""
    height, width = image.shape[:2]
    rng = np.random.default_rng(seed)
    across, down = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
    image = f32(image * (1 - vignette * (across**2 + down**2) / 2)[..., None])
    image = image * f32((1 + warmth, 1, 1 - warmth))
    glare = softened(np.maximum(image - 1, 0), width / 70)
    x = np.maximum(image + 0.5 * glare, 0)
    x = np.where(x < 0.75, x, 0.75 + 0.25 * (1 - np.exp(-(x - 0.75) / 0.25)))
    x = np.clip(x, 0, 1) ** (1 / 2.2)
    x = x + (0.06 + punch) * (x - 0.5) * (1 - np.abs(2 * x - 1))
    x = x + punch * 0.45 * (x - x.mean(2, keepdims=True))
    noise = rng.standard_normal((height, width, 1)) + 0.5 * rng.standard_normal((height, width, 3))
    x = x + softened(noise, 0.6) * (1.8 * grain) * (1.2 - 0.7 * x)
    pixels: NDArray[np.uint8] = np.clip(x * 255 + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels)
