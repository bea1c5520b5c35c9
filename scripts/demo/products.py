"""The objects of the shop, as parts to be photographed."""

# Tables of coordinates read better in rows:
# fmt: off

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from demo import lettering
from demo.shapes import (
    F,
    Solid,
    Vec,
    arc,
    box,
    clouds,
    cone,
    cut,
    disc,
    f32,
    join,
    lathe,
    rounded,
    sample,
    sphere,
    tube,
    turned,
)
from demo.studio import Paint, Part, Studio, smoothstep

WHITE: Vec = (0.84, 0.83, 0.80)
STEEL: Vec = (0.80, 0.80, 0.79)
DARK: Vec = (0.018, 0.018, 0.020)
WOOD = clouds((512, 512), 77, 3, 6, 0.6, (1, 7))
SPECKS = clouds((512, 512), 78, 40, 3, 0.7)


def mixed(a: F, b: F | Vec, share: F) -> F:
    """Colours blended by a share per point."""
    return f32(a + (f32(b) - a) * share[:, None])


def wrapped(texture: F, low: float, high: float, base: Vec, yaw: float, turns: float = 1) -> Paint:
    """A printed band round the y axis between two heights, on a plain ground."""

    def paint(x: F, y: F, z: F) -> F:
        u = f32((np.arctan2(x, z) + np.radians(yaw)) / (2 * np.pi) * turns)
        v = f32((high - y) / (high - low))
        print_ = sample(texture, u, np.clip(v, 0.002, 0.998))
        on = (v > 0) & (v < 1)
        return np.where(on[:, None], print_, f32(base))

    return paint


def wood(light: Vec, dark: Vec, size: float = 1.0) -> Paint:
    """Straight-grained wood."""

    def paint(x: F, y: F, z: F) -> F:
        grain = sample(WOOD, f32(x * 0.9 / size + z * 0.13), f32((y + z) * 0.9 / size))
        return mixed(np.broadcast_to(f32(light), (len(x), 3)), dark, smoothstep(0.3, 0.75, grain))

    return paint


def mug(body: Vec, rim: Vec, print_: F | None, yaw: float, belly: float = 0.0) -> list[Part]:
    """An enamel mug: rolled rim, strap handle on the right, white inside."""
    b = belly
    outline = [(0, 0.012), (0.34 - b, 0.012), (0.372 - b, 0.03), (0.385 + b / 2, 0.10),
               (0.39 + b, 0.4), (0.40, 0.78), (0.43, 0.825), (0.425, 0.85), (0.40, 0.85),
               (0.385, 0.82), (0.368, 0.78), (0.365 + b, 0.4), (0.355 + b / 2, 0.09),
               (0.33 - b, 0.05),
               (0, 0.045)]
    cup = lathe(outline)
    handle = tube([(0.38, 0.68, 0), (0.54, 0.69, 0), (0.64, 0.58, 0), (0.62, 0.40, 0),
                   (0.52, 0.27, 0), (0.385, 0.22, 0)], 0.036, 6)
    flat = turned(handle, yaw)
    whole = join([cup, flat], 0.035)
    band = wrapped(print_, 0.12, 0.76, body, 106 - yaw) if print_ is not None else None

    def paint(x: F, y: F, z: F) -> F:
        r = np.hypot(x, z)
        out = band(x, y, z) if band else np.broadcast_to(f32(body), (len(x), 3)).copy()
        out = np.where((r > 0.445)[:, None], f32(body), out)
        inner = smoothstep(0.002, -0.006, f32(r - (0.377 + b * 0.9)))
        out = mixed(out, WHITE, f32(inner * (y > 0.05)))
        edge = smoothstep(0.792, 0.797, y) * (r < 0.45)
        out = mixed(out, rim, f32(edge * (1 - inner)))
        speck = sample(SPECKS, f32(np.arctan2(x, z) * 0.9), f32(y * 1.6))
        return out * (1 - 0.25 * smoothstep(0.86, 0.9, speck))[:, None]

    return [Part(whole, paint, gloss=1.0, rough=0.03)]


def kettle(body: Vec, yaw: float) -> list[Part]:
    """An enamel kettle with a bail handle."""
    pot = lathe(rounded([(0, 0.015), (0.40, 0.015), (0.52, 0.07), (0.565, 0.22), (0.53, 0.40),
                         (0.42, 0.55), (0.30, 0.615), (0.18, 0.63), (0, 0.63)]), 0.008)
    spout = tube([(0.40, 0.20, 0), (0.60, 0.32, 0), (0.70, 0.50, 0), (0.81, 0.64, 0)], 0.048, 4)
    spout = join([cone((0.38, 0.16, 0), (0.64, 0.38, 0), 0.15, 0.05), spout], 0.07)
    mouth = cone((0.795, 0.62, 0), (0.90, 0.75, 0), 0.036, 0.036)
    lid = lathe([(0, 0.60), (0.27, 0.60), (0.285, 0.622), (0.27, 0.645), (0.16, 0.69),
                 (0.05, 0.705),
                 (0, 0.705)], 0.008)
    knob = sphere((0, 0.755, 0), 0.058)
    stem = disc((0, 0.71, 0), 0.028, 0.04)
    bail = tube(arc((0, 0.52, 0), 0.47, 14, 166, "xy", 22), 0.02)
    grip = tube(arc((0, 0.52, 0), 0.47, 62, 118, "xy", 14), 0.043)
    ears = join([disc((0.45, 0.6, 0), 0.045, 0.03, "z"), disc((-0.45, 0.6, 0), 0.045, 0.03, "z")])
    enamel = turned(join([join([pot, cut(spout, mouth)], 0.05), lid]), yaw)

    def paint(x: F, y: F, z: F) -> F:
        out = np.broadcast_to(f32(body), (len(x), 3)).copy()
        line = smoothstep(0.014, 0.008, f32(np.abs(y - 0.625))) * (np.hypot(x, z) < 0.33)
        return mixed(out, (0.03, 0.05, 0.14), f32(line))

    return [
        Part(enamel, paint, gloss=1.0, rough=0.02),
        Part(turned(join([knob, grip]), yaw), wood((0.24, 0.11, 0.05), (0.12, 0.05, 0.02)), 0.5,
             0.25),
        Part(turned(join([stem, bail, ears]), yaw), STEEL, 0.9, 0.08, metal=True),
    ]


def caddy(texture: F, metal: Vec, yaw: float, *, lid_open: bool = False) -> list[Part]:
    """A round tea tin with a printed label; the lid may lie beside it."""
    body = lathe([(0, 0.01), (0.34, 0.01), (0.352, 0.022), (0.352, 0.80), (0.335, 0.82),
                  (0.335, 0.86), (0.318, 0.86), (0.318, 0.40), (0, 0.40)] if lid_open else
                 [(0, 0.01), (0.34, 0.01), (0.352, 0.022), (0.352, 0.80), (0.34, 0.81), (0, 0.81)])
    top = lathe([(0, 0), (0.345, 0), (0.36, 0.014), (0.36, 0.17), (0.345, 0.19), (0.31, 0.192),
                 (0.29, 0.205), (0, 0.215)])
    lid = turned(top, 0, 0, (0.62, 0, 0.30)) if lid_open else turned(top, 0, 0, (0, 0.80, 0))
    parts = [
        Part(body, wrapped(texture, 0.06, 0.76, metal, yaw), gloss=0.8, rough=0.10),
        Part(lid, metal, gloss=0.9, rough=0.14, metal=True),
    ]
    if lid_open:
        leaves = [sphere((0.2 * np.cos(k * 2.4) * (k / 14) ** 0.5, 0.70 + 0.02 * (k % 3),
                          0.2 * np.sin(k * 2.4) * (k / 14) ** 0.5), 0.055, (1.6, 0.7, 1))
                  for k in range(14)]
        parts.append(Part(join([disc((0, 0.66, 0), 0.30, 0.05), *leaves], 0.03),
                          (0.035, 0.040, 0.022), 0.2, 0.5))
    return parts


def bowl(texture: F, inside: Vec, *, chopsticks: bool) -> list[Part]:
    """A porcelain rice bowl with a printed band, and chopsticks across it."""
    shell = lathe([(0, 0.035), (0.20, 0.035), (0.205, 0.005), (0.235, 0.005), (0.24, 0.06),
                   (0.34, 0.10), (0.45, 0.20), (0.52, 0.33), (0.56, 0.475), (0.565, 0.49),
                   (0.55, 0.493), (0.535, 0.475), (0.495, 0.34), (0.43, 0.22), (0.32, 0.125),
                   (0.15, 0.085), (0, 0.08)], 0.008)
    band = wrapped(texture, 0.13, 0.42, WHITE, 20)

    def paint(x: F, y: F, z: F) -> F:
        r = np.hypot(x, z)
        out = band(x, y, z)
        within = (r < np.interp(y, (0.08, 0.13, 0.22, 0.34, 0.475),
                                (0.17, 0.345, 0.44, 0.51, 0.548)))
        out = np.where(within[:, None], f32(inside), out)
        ring = smoothstep(0.007, 0.003, f32(np.abs(y - 0.475))) + smoothstep(
            0.008, 0.004, f32(np.abs(y - 0.075)))
        return mixed(out, (0.02, 0.06, 0.22), np.clip(ring, 0, 1))

    parts = [Part(shell, paint, gloss=1.0, rough=0.02)]
    if chopsticks:
        sticks = join([cone((-0.85, 0.525, 0.17), (0.95, 0.51, -0.20), 0.013, 0.022),
                       cone((-0.83, 0.525, 0.28), (0.97, 0.51, -0.05), 0.013, 0.022)])
        parts.append(Part(sticks, wood((0.30, 0.05, 0.035), (0.20, 0.02, 0.015)), 0.9, 0.08))
    return parts


def lamp(shade: Vec, yaw: float) -> list[Part]:
    """A desk lamp: round foot, two arms, a conical shade with a warm bulb."""
    foot = lathe([(0, 0.005), (0.30, 0.005), (0.31, 0.02), (0.30, 0.05), (0.10, 0.07), (0.03, 0.10),
                  (0, 0.10)])
    arms = join([cone((0, 0.06, 0), (-0.22, 0.66, 0), 0.016, 0.016),
                 cone((-0.22, 0.66, 0), (0.22, 1.06, 0), 0.014, 0.014)])
    joints = join([disc((-0.22, 0.66, 0), 0.04, 0.035, "z"),
                   disc((0.22, 1.06, 0), 0.036, 0.035, "z"),
                   disc((0, 0.09, 0), 0.035, 0.03, "y")])
    cone_ = turned(lathe([(0.26, -0.20), (0.275, -0.20), (0.16, 0.06), (0.10, 0.13), (0.06, 0.15),
                          (0, 0.15), (0, 0.135), (0.085, 0.115), (0.145, 0.05)], 0.006),
                   0, -28, (0.32, 0.98, 0))
    bulb = turned(sphere((0, -0.06, 0), 0.085), 0, -28, (0.32, 0.98, 0))
    return [
        Part(turned(join([foot, cone_]), yaw), shade, 0.7, 0.10),
        Part(turned(arms, yaw), (0.72, 0.55, 0.28), 0.9, 0.1, metal=True),
        Part(turned(joints, yaw), (0.70, 0.52, 0.26), 0.9, 0.14, metal=True),
        Part(turned(bulb, yaw), (1.0, 0.80, 0.45), 0.2, 0.3, glow=1.6),
    ]


def headphones(shell: Vec, pads: Vec, accent: Vec, yaw: float) -> list[Part]:
    """Over-ear headphones standing up."""
    y0 = 0.42
    band = tube(arc((0, y0 + 0.16, 0), 0.47, 8, 172, "xy", 28), 0.026)
    pad = tube(arc((0, y0 + 0.16, 0), 0.45, 45, 135, "xy", 18), 0.052)
    cups: list[Solid] = []
    soft: list[Solid] = []
    caps: list[Solid] = []
    yokes: list[Solid] = []
    for s in (-1, 1):
        cups.append(disc((s * 0.47, y0 - 0.08, 0), 0.27, 0.07, "x", 0.05))
        soft.append(cut(disc((s * 0.37, y0 - 0.08, 0), 0.265, 0.065, "x", 0.06),
                        disc((s * 0.30, y0 - 0.08, 0), 0.14, 0.10, "x", 0.03)))
        caps.append(disc((s * 0.54, y0 - 0.08, 0), 0.19, 0.012, "x", 0.01))
        yokes.append(cone((s * 0.47, y0 + 0.12, 0), (s * 0.468, y0 + 0.30, 0), 0.034, 0.028))

    def t(solids: Sequence[Solid]) -> Solid:
        return turned(join(solids), yaw, 0, (0, -0.065, 0))

    return [
        Part(t([*cups, band]), shell, 0.7, 0.14),
        Part(t([pad, *soft]), pads, 0.35, 0.5),
        Part(t([*caps, *yokes]), accent, 0.9, 0.10, metal=True),
    ]


def tram(livery: Vec, cream: Vec, yaw: float) -> list[Part]:
    """A wooden toy: a double-deck tram."""
    body = box((0, 0.50, 0), (0.62, 0.36, 0.20), 0.07)
    roof = box((0, 0.875, 0), (0.58, 0.035, 0.18), 0.03)
    skirt = box((0, 0.145, 0), (0.56, 0.05, 0.17), 0.02)
    panes: list[Solid] = []
    for y, h in ((0.68, 0.075), (0.36, 0.085)):
        for i in range(5):
            x = -0.44 + i * 0.22
            panes.append(box((x, y, 0.20), (0.085, h, 0.022), 0.015))
        panes += [box((s * 0.62, y, 0), (0.022, h, 0.12), 0.015) for s in (-1, 1)]
    holes = join(panes)
    wheels = join([disc((x, 0.10, z), 0.10, 0.03, "z", 0.015) for x in (-0.32, 0.32)
                   for z in (-0.16, 0.16)])
    hubs = join([disc((x, 0.10, 0.195), 0.028, 0.012, "z", 0.006) for x in (-0.32, 0.32)])
    lamps = join([disc((s * 0.625, 0.235, 0.11), 0.022, 0.015, "x", 0.008) for s in (-1, 1)])
    pole = tube([(-0.1, 0.90, 0), (0.10, 1.05, 0), (-0.05, 1.14, 0)], 0.011)
    angle = np.radians(yaw)

    def paint(x: F, y: F, z: F) -> F:
        u = f32(x * np.cos(angle) - z * np.sin(angle))
        grain = sample(WOOD, f32(u * 0.6), f32(y * 1.7))
        out = np.broadcast_to(f32(livery), (len(x), 3)).copy()
        stripe = smoothstep(0.494, 0.498, y) * smoothstep(0.552, 0.548, y)
        out = mixed(out, cream, f32(stripe))
        return f32(out * (0.86 + 0.28 * grain)[:, None])

    wood_light = wood((0.62, 0.42, 0.22), (0.46, 0.28, 0.13), 0.6)
    return [
        Part(turned(cut(body, holes), yaw), paint, 0.55, 0.16),
        Part(turned(box((0, 0.50, 0), (0.585, 0.33, 0.178), 0.05), yaw), (0.30, 0.21, 0.12), 0.8,
             0.1),
        Part(turned(join([roof, skirt, hubs]), yaw), wood_light, 0.4, 0.25),
        Part(turned(wheels, yaw), wood((0.16, 0.075, 0.035), (0.09, 0.04, 0.02), 0.5), 0.4, 0.25),
        Part(turned(join([lamps, pole]), yaw), (0.76, 0.58, 0.28), 0.9, 0.1, metal=True),
    ]


def duck(body: Vec, beak: Vec, yaw: float) -> list[Part]:
    """A bath duck."""
    torso = sphere((-0.05, 0.30, 0), 0.36, (1.18, 0.80, 0.92))
    chest = sphere((0.16, 0.33, 0), 0.24)
    tail = cone((-0.34, 0.36, 0), (-0.52, 0.53, 0), 0.13, 0.035)
    head = sphere((0.19, 0.76, 0), 0.255)
    wings = [sphere((-0.10, 0.36, s * 0.29), 0.18, (1.25, 0.72, 0.55)) for s in (-1, 1)]
    base = box((0, -0.25, 0), (2, 0.255, 2), 0)
    bill = join([sphere((0.46, 0.72, 0), 0.095, (1.25, 0.34, 1.05)),
                 sphere((0.44, 0.675, 0), 0.085, (1.1, 0.34, 0.95))], 0.015)
    yellow = join([join([torso, chest, tail, head], 0.13), *wings], 0.03)
    eyes = join([sphere((0.345, 0.83, s * 0.135), 0.045) for s in (-1, 1)])
    sunk = (0.0, -0.05, 0.0)  # it stands on a flat foot
    return [
        Part(cut(turned(yellow, yaw, 0, sunk), base), body, 0.9, 0.06),
        Part(turned(bill, yaw, 0, sunk), beak, 0.8, 0.08),
        Part(turned(eyes, yaw, 0, sunk), DARK, 1.0, 0.02),
    ]


def scenes() -> dict[str, tuple[list[Part], Studio, tuple[int, int]]]:
    """Every product photograph: parts, studio, size in pixels."""
    grey = Studio()
    white = replace(grey, floor=(0.93, 0.93, 0.925), wall=(0.97, 0.97, 0.97), fill=0.50)
    ice = replace(grey, floor=(0.50, 0.60, 0.66), wall=(0.60, 0.70, 0.76))
    sand = replace(grey, floor=(0.74, 0.60, 0.46), wall=(0.80, 0.68, 0.54))
    mint = replace(grey, floor=(0.55, 0.68, 0.60), wall=(0.62, 0.74, 0.66))
    blush = replace(grey, floor=(0.78, 0.55, 0.50), wall=(0.82, 0.62, 0.57))
    slate = replace(grey, floor=(0.10, 0.11, 0.13), wall=(0.13, 0.14, 0.17), floor_gloss=0.16)
    town = lettering.skyline((243, 238, 224), (28, 52, 104), (196, 42, 38), "香港早晨")
    town_red = lettering.skyline((186, 30, 34), (250, 240, 222), (250, 200, 90), "香港早晨")
    tea = lettering.label((28, 66, 54), (226, 190, 110), "鐵觀音", ("TIE GUAN YIN", "150 g"))
    tea2 = lettering.label((122, 26, 30), (236, 206, 140), "普洱茶", ("PU-ERH TEA", "150 g"))
    blue = lettering.waves((236, 238, 236), (38, 72, 150))
    cream = (0.86, 0.82, 0.70)
    square, wide, tall = (1120, 1120), (1200, 960), (960, 1200)
    low = replace(grey, eye=(0.3, 1.0, 4.7), target=(0.08, 0.42, 0), field=19)
    return {
        "mug-front": (mug(cream, (0.03, 0.07, 0.26), town, 24),
                      replace(low, floor=sand.floor, wall=sand.wall), square),
        "mug-turned": (mug(cream, (0.03, 0.07, 0.26), town, -38),
                       replace(low, floor=sand.floor, wall=sand.wall, eye=(-0.5, 1.9, 4.2)),
                       square),
        "mug-red": (mug((0.48, 0.018, 0.02), (0.02, 0.02, 0.03), town_red, 16), low, square),
        "mug-blue": (mug((0.035, 0.11, 0.30), (0.9, 0.9, 0.86), None, 28, 0.02),
                     replace(white, eye=(0.2, 1.3, 4.6), target=(0.08, 0.42, 0), field=19), square),
        "kettle": (kettle((0.22, 0.44, 0.36), 22),
                   replace(mint, eye=(0, 1.25, 5), target=(0.06, 0.46, 0), field=18), wide),
        "kettle-red": (kettle((0.50, 0.03, 0.025), -24),
                       replace(grey, eye=(0.2, 1.5, 5), target=(0.04, 0.46, 0), field=18), wide),
        "caddy": (caddy(tea, (0.62, 0.50, 0.30), 84),
                  replace(sand, eye=(0.2, 1.15, 4.8), target=(0, 0.5, 0), field=14.5), tall),
        "caddy-puerh": (caddy(tea2, (0.62, 0.50, 0.30), 84),
                        replace(sand, eye=(0.2, 1.15, 4.8), target=(0, 0.5, 0), field=14.5), tall),
        "caddy-open": (caddy(tea, (0.62, 0.50, 0.30), 96, lid_open=True),
                       replace(white, eye=(0, 2.2, 4.6), target=(0.27, 0.40, 0.05), field=18,
                               bounds=((0.3, 0.5, 0.1), 1.15)), wide),
        "bowl": (bowl(blue, (0.86, 0.88, 0.88), chopsticks=True),
                 replace(ice, eye=(0, 1.75, 4.3), target=(0.04, 0.24, 0), field=17), wide),
        "lamp": (lamp((0.045, 0.13, 0.11), 18),
                 replace(blush, eye=(0, 1.0, 5.6), target=(0.05, 0.58, 0), field=16,
                         bounds=((0.05, 0.6, 0), 1.05)), tall),
        "headphones": (headphones((0.03, 0.032, 0.036), (0.045, 0.04, 0.038), (0.75, 0.48, 0.32),
                                  38),
                       replace(grey, eye=(0, 1.05, 5), target=(0, 0.46, 0), field=18), square),
        "headphones-white": (headphones((0.80, 0.79, 0.77), (0.42, 0.36, 0.30), (0.76, 0.70, 0.62),
                                        -34),
                             replace(slate, eye=(0, 1.05, 5), target=(0, 0.46, 0), field=18),
                             square),
        "tram": (tram((0.015, 0.17, 0.085), (0.84, 0.80, 0.66), 28),
                 replace(ice, eye=(0.1, 1.35, 5), target=(0, 0.54, 0), field=17), wide),
        "duck": (duck((0.90, 0.60, 0.03), (0.78, 0.17, 0.02), -32),
                 replace(ice, eye=(0, 1.1, 4.8), target=(0, 0.46, 0), field=17), square),
    }
