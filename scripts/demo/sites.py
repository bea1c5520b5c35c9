"""The sites of the two tenders: slopes, footbridges, lift lobbies and scaffolds. Metres."""

# Tables of coordinates read better in rows:
# fmt: off

import numpy as np
from numpy.typing import NDArray

from demo.outdoors import Scene
from demo.pieces import Block, Finish, Paint, Piece, Rod, Sheet
from demo.scenery import board, panorama, railing, trees
from demo.shapes import F, Vec, f32, sample
from demo.studio import smoothstep
from demo.surfaces import (
    FINE,
    PATCHES,
    SPOTS,
    STREAKS,
    asphalt,
    blend,
    concrete,
    masonry,
    paving,
    picture,
    shotcrete,
)

GALVANISED = Finish((0.52, 0.54, 0.55), gloss=0.25)
GREEN_NET = (0.02, 0.20, 0.10)


def traffic_cone(x: float) -> list[Piece]:
    """An orange cone with a white band, on the pavement."""
    pieces: list[Piece] = [
        Block((x - 0.2, 0.14, 1.1), (x + 0.2, 0.18, 1.5), Finish((0.04, 0.04, 0.04))),
    ]
    for level in range(10):
        colour: Vec = (0.80, 0.80, 0.78) if level in (4, 5, 6) else (0.75, 0.11, 0.02)
        low, high = (x, 0.16 + level * 0.065, 1.3), (x, 0.23 + level * 0.065, 1.3)
        pieces.append(Rod(low, high, 0.17 * (1 - level / 11), Finish(colour)))
    return pieces


def slope(seed: int, eye: Vec, target: Vec, sun: Vec, *, nails: bool, stone: bool,
          rise: float = 1.1,
          cloud: float = 0.5, cones: bool = True, field: float = 56) -> Scene:
    """A cut slope over a retaining wall, beside a road."""
    top = 9.0
    wall = Finish(masonry(seed) if stone else concrete(0.44, 0.7, 1.8), bump=0.7 if stone else 0.15,
                  grain=1.1)
    face = Finish(shotcrete(0.27, 1.5, nails=nails), bump=0.45, grain=2.6)
    depth = (top - 3.0) / rise
    pieces: list[Piece] = [
        Block((-60, -0.5, -1.5), (60, 0.14, 1.7), Finish(paving(0.42, (0.32, 0.25, 0.21)), 0.1)),
        Block((-60, -0.6, 1.7), (60, 0.16, 1.95), Finish(concrete(0.5, 0.3))),
        Block((-80, -1, 1.95), (80, 0, 60), Finish(asphalt(2.6), 0.12)),
        Block((-60, 0, -3.0), (60, 3.0, -1.5), wall),
        Block((-60, 3.0, -2.3), (60, 3.25, -1.42), Finish(concrete(0.5, 0.5))),
        Sheet((-60, 3.0, -2.3), (120, 0, 0), (0, top - 3.0, -depth), face),
        Block((-60, top, -2.8 - depth), (60, top + 0.18, -2.1 - depth), Finish(concrete(0.5, 0.6))),
        trees(seed, (-34, top - 0.7, -3.6 - depth), 68, 10, 0.25),
        trees(seed + 1, (-40, top - 1.2, -8 - depth), 80, 15, 0.30),
    ]
    x = -4.6 + (seed % 5) * 1.7
    n = 0.55
    pieces += [Sheet((x + off - 0.07, 3.0, -2.16), (0.14, 0, 0), (0, top - 3.0, -depth),
                     Finish(concrete(0.55, 0.5)))
               for off in (-n, n)]  # a stepped channel down the slope
    pieces.append(Sheet((x - n, 3.0, -2.24), (2 * n, 0, 0), (0, top - 3.0, -depth),
                        Finish(concrete(0.26, 0.8))))
    pieces += railing((-24, top + 0.15, -2.3 - depth), (24, top + 0.15, -2.3 - depth), 1.1,
                      GALVANISED)
    pieces += railing((-24, 3.25, -1.75), (24, 3.25, -1.75), 0.95, GALVANISED, 2.0, 2)
    plate = board((("斜坡登記編號", 40), (f"DEMO/C {100 + seed * 7}", 54)), (440, 190),
                  (236, 240, 236),
                  (20, 80, 50))
    pieces.append(Sheet((x + 2.2, 1.25, -1.47), (1.1, 0, 0), (0, 0.48, 0),
                        Finish(picture(plate, 1.1, 0.48), gloss=0.05)))
    for i in range(4 if cones else 0):
        pieces += traffic_cone(x - 2.4 + i * 1.5)
    return Scene(pieces, eye, target, field, sun, seed=seed, cloud=cloud, haze=0.0015)


def footbridge(seed: int, eye: Vec, target: Vec, sun: Vec, *, cladding: Vec, glass: Vec,
               cloud: float = 0.6, field: float = 58) -> Scene:
    """A covered footbridge over a road, with a glazed lift tower on the left."""
    steel = Finish((0.62, 0.63, 0.62), gloss=0.12)
    deck = Finish(concrete(0.50, 0.7), 0.1)
    pane = Finish(glass, gloss=0.42)
    pieces: list[Piece] = [
        Block((-80, -1, -9), (80, 0, 9), Finish(asphalt(6.6), 0.12)),
        Block((-80, -1, 6.9), (80, 0.15, 40), Finish(paving(0.5, (0.31, 0.275, 0.24)), 0.1)),
        Block((-80, -1, -40), (80, 0.15, -6.9), Finish(paving(0.5, (0.31, 0.275, 0.24)), 0.1)),
        Block((-3.2, 5.2, -14), (0.2, 5.85, 16), deck),
        Block((-3.35, 5.6, -14), (-3.2, 7.0, 16), Finish(cladding, gloss=0.10)),
        Block((0.2, 5.6, -14), (0.35, 7.0, 16), Finish(cladding, gloss=0.10)),
        Block((-3.7, 8.6, -14.5), (0.7, 8.82, 16.5), Finish((0.55, 0.57, 0.57), gloss=0.06)),
        Block((-2.2, 0, 7.6), (-0.8, 5.2, 8.8), deck),
        Block((-2.2, 0, -9.2), (-0.8, 5.2, -8.0), deck),
        trees(seed, (-46, 0, -24), 92, 8.5, 0.3), trees(seed + 5, (-46, 0, -19), 40, 5, 0.2),
    ]
    for z in np.arange(-13.5, 16.5, 2.5):
        pieces += [Rod((x, 7.0, float(z)), (x, 8.6, float(z)), 0.05, steel) for x in (-3.28, 0.28)]
    pieces += [Rod((x, 7.25, -14), (x, 7.25, 16), 0.035, steel) for x in (-3.28, 0.28)]
    x0, x1, z0, z1 = -7.0, -3.9, 7.2, 10.2  # the lift tower
    pieces += [
        Block((x0 + 0.15, 0.15, z0 + 0.15), (x1 - 0.15, 10.4, z1 - 0.15), pane),
        Block((x0 - 0.2, 10.4, z0 - 0.2), (x1 + 0.2, 10.85, z1 + 0.2), Finish(cladding, gloss=0.1)),
        Block((x0, 0, z0), (x1, 0.7, z1), Finish(concrete(0.35, 0.5))),
        Block((x1 - 0.2, 5.2, z0 + 0.6), (-3.1, 5.85, z1 - 0.5), deck),
        Block((x1 - 0.2, 8.5, z0 + 0.4), (-3.1, 8.72, z1 - 0.3), steel),
    ]
    pieces += [Block((x - 0.13, 0, z - 0.13), (x + 0.13, 10.5, z + 0.13), steel)
               for x in (x0, x1) for z in (z0, z1)]
    pieces += [Block((x0 - 0.06, y, z0 - 0.06), (x1 + 0.06, y + 0.13, z1 + 0.06), steel)
               for y in (2.6, 4.5, 6.4, 8.3)]
    sign = board((("升降機", 92), ("LIFT", 64)), (420, 260), (16, 66, 140), (245, 246, 246))
    pieces.append(Sheet((x0 + 0.6, 2.82, z1 + 0.12), (1.9, 0, 0), (0, 1.15, 0),
                        Finish(picture(sign, 1.9, 1.15))))
    name = board(((f"行人天橋編號 DEMO-{seed:03d}", 54),), (900, 110), (230, 232, 228),
                 (30, 34, 40))
    pieces.append(Sheet((0.37, 6.0, 12.0), (0, 0, -5), (0, 0.61, 0),
                        Finish(picture(name, 5, 0.61))))
    pieces += railing((2, 0.15, 7.1), (40, 0.15, 7.1), 1.05, GALVANISED, 1.8)
    pieces += railing((-40, 0.15, -7.1), (40, 0.15, -7.1), 1.05, GALVANISED, 2.4, 2)
    pieces += [Rod((7.2, 0, -8.4), (7.2, 8.8, -8.4), 0.09, GALVANISED),
               Rod((7.2, 8.8, -8.4), (7.2, 9.2, -6.2), 0.06, GALVANISED)]
    return Scene(pieces, eye, target, field, sun, seed=seed, cloud=cloud, haze=0.002)


def lobby(seed: int, eye: Vec, target: Vec, *, tile: Vec, doors: Vec, floor: str, number: int,
          field: float = 62) -> Scene:
    """A lift lobby: mosaic tiles, steel doors, call panel, tube lights."""

    def mosaic(a: F, b: F, p: F) -> F:
        u, v = a / 0.10, b / 0.10
        gap = np.maximum(np.abs(u % 1 - 0.5), np.abs(v % 1 - 0.5))
        each = sample(FINE, f32(np.floor(u) * 0.137), f32(np.floor(v) * 0.211))
        stain = sample(STREAKS, f32(a / 3), f32(b / 3))
        value = 0.72 + 0.45 * each - 0.25 * smoothstep(0.6, 0.8, stain)
        out = value[:, None] * f32(tile)
        out = np.where(((b > 1.0) & (b < 1.2))[:, None], f32(value[:, None] * f32(tile) * 0.35),
                       out)
        return blend(f32(out), (0.50, 0.50, 0.48), smoothstep(0.43, 0.47, f32(gap)))

    def terrazzo(a: F, b: F, p: F) -> F:
        chip = sample(FINE, f32(p[:, 0] / 0.7), f32(p[:, 2] / 0.7))
        gap = np.maximum(np.abs(p[:, 0] / 0.6 % 1 - 0.5), np.abs(p[:, 2] / 0.6 % 1 - 0.5))
        value = 0.30 + 0.32 * chip
        return f32((value * (1 - 0.5 * smoothstep(0.488, 0.496, f32(gap))))[:, None]
                   * f32((1, 0.97, 0.9)))

    def brushed(a: F, b: F, p: F) -> F:
        line = sample(STREAKS, f32(a * 3.1), f32(b * 0.4))
        smear = sample(SPOTS, f32(a / 2), f32(b / 2))
        return f32((0.75 + 0.35 * line - 0.25 * smear)[:, None] * f32(doors))

    wall = Finish(mosaic, 0.05, 0.5, gloss=0.03)
    steel = Finish(brushed, gloss=0.34)
    frame = Finish((0.20, 0.20, 0.21), gloss=0.25)
    tube = Finish((1.0, 0.98, 0.93), glow=3.0)
    pieces: list[Piece] = [
        Block((-6, -0.5, -3), (6, 0, 8), Finish(terrazzo, gloss=0.10)),
        Block((-6, 2.75, -3), (6, 3.2, 8), Finish((0.72, 0.71, 0.68))),
        Block((-6, 0, -0.5), (6, 3, 0), wall), Block((-4.2, 0, -1), (-3.6, 3, 8), wall),
        Block((3.6, 0, -1), (4.2, 3, 8), wall),
        Block((-3.6, 0, 0), (3.6, 0.12, 0.02), Finish((0.05, 0.05, 0.055))),
    ]
    lamps: list[Vec] = []
    for cx in (-1.55, 1.55):
        pieces += [
            Block((cx - 0.68, 0, -0.02), (cx + 0.68, 2.28, 0.05), frame),
            Block((cx - 0.55, 0.01, 0), (cx - 0.006, 2.15, 0.062), steel),
            Block((cx + 0.006, 0.01, 0), (cx + 0.55, 2.15, 0.062), steel),
            Block((cx - 0.6, 0, 0.02), (cx + 0.6, 0.015, 0.24), Finish((0.5, 0.5, 0.5), gloss=0.3)),
        ]
        show = board(((floor + " ▲", 84),), (300, 120), (12, 12, 14), (255, 60, 30))
        pieces.append(Sheet((cx - 0.22, 2.36, 0.012), (0.44, 0, 0), (0, 0.18, 0),
                            Finish(picture(show, 0.44, 0.18), glow=0.6)))
        tag = board(((f"{number + (cx > 0)} 號升降機", 44), (f"LIFT No. {number + (cx > 0)}", 36)),
                    (330, 130), (236, 236, 232), (24, 40, 90))
        pieces.append(Sheet((cx - 0.24, 2.58, 0.012), (0.48, 0, 0), (0, 0.15, 0),
                            Finish(picture(tag, 0.48, 0.15))))
    pieces.append(Block((-0.12, 0.95, 0), (0.12, 1.45, 0.025),
                        Finish((0.62, 0.62, 0.62), gloss=0.35)))
    for y in (1.10, 1.27):
        pieces.append(Rod((0, y, 0.02), (0, y, 0.04), 0.035, Finish((0.8, 0.8, 0.8), gloss=0.3)))
        pieces.append(Rod((0, y, 0.03), (0, y, 0.043), 0.022, Finish((1.0, 0.55, 0.10), glow=0.8)))
        pieces.append(Block((-0.022, y - 0.022, 0.03), (0.022, y + 0.022, 0.044),
                            Finish((1.0, 0.62, 0.2), glow=0.7)))
    notice = board((("如遇火警", 62), ("切勿使用升降機", 50), ("When there is a fire", 28),
                    ("do not use the lift", 28)), (430, 330), (244, 244, 240), (190, 24, 24))
    pieces.append(Sheet((-0.27, 1.62, 0.012), (0.54, 0, 0), (0, 0.41, 0),
                        Finish(picture(notice, 0.54, 0.41))))
    for z in (1.3, 4.0):
        pieces.append(Block((-1.3, 2.66, z), (1.3, 2.74, z + 0.14), tube))
        lamps += [(-0.8, 2.6, z + 0.07), (0, 2.6, z + 0.07), (0.8, 2.6, z + 0.07)]
    pieces += railing((3.5, 0, 0.5), (3.5, 0, 6), 0.9, GALVANISED, 1.4, 1)
    pieces.append(Rod((-3.0, 0, 0.55), (-3.0, 0.62, 0.55), 0.16,
                      Finish((0.10, 0.22, 0.13), gloss=0.05)))
    return Scene(pieces, eye, target, field, sunlight=0.95, sky=0.95, haze=0, indoor=True,
                 lamps=lamps,
                 seed=seed, exposure=1.15, warmth=-0.02)


def housing(wall: Vec) -> Paint:
    """The front of a housing block: weathered wall, windows with sills."""

    def paint(a: F, b: F, p: F) -> F:
        u, v = (a / 2.6) % 1, (b / 2.9) % 1
        fine = sample(SPOTS, f32(a / 6), f32(b / 6))
        streak = sample(STREAKS, f32(a / 8), f32(b / 12))
        out = (0.75 + 0.4 * fine - 0.5 * smoothstep(0.55, 0.8, streak))[:, None] * f32(wall)
        window = (u > 0.22) & (u < 0.78) & (v > 0.32) & (v < 0.80)
        bar = (np.abs(u - 0.5) < 0.018) | (np.abs(v - 0.56) < 0.012)
        shine = sample(PATCHES, f32(np.floor(a / 2.6) * 0.31), f32(np.floor(b / 2.9) * 0.17))
        glass = (0.05 + 0.20 * shine)[:, None] * f32((0.8, 1.0, 1.1))
        out = np.where(window[:, None], np.where(bar[:, None], f32((0.55, 0.55, 0.53)), glass), out)
        lip = (u > 0.18) & (u < 0.82) & (v > 0.24) & (v <= 0.32)
        return f32(np.where(lip[:, None], out * 0.62, out))

    return paint


def bamboo_frame(rng: np.random.Generator, bamboo: Finish) -> list[Piece]:
    """Poles, ledgers and braces, none of them quite straight."""
    pieces: list[Piece] = []
    for i, x in enumerate(np.arange(-10.6, 11, 1.06)):
        for z in (0.0,) if i % 2 else (0.0, -0.8):
            j = rng.normal(0, 0.06, 3)
            pieces.append(Rod((float(x + j[0]), 0.1, z), (float(x + j[1]), 24 + float(j[2]) * 8, z),
                              0.045 if i % 3 == 0 else 0.03, bamboo))
    for y in np.arange(0.9, 24, 1.0):
        j = rng.normal(0, 0.05, 2)
        pieces.append(Rod((-11.2, float(y + j[0]), 0.06), (11.2, float(y + j[1]), 0.06), 0.032,
                          bamboo))
    for k in range(3):
        x = -9 + k * 7.0
        pieces.append(Rod((x, 3.0, 0.12), (x + 5.5, 12.0, 0.12), 0.04, bamboo))
        pieces.append(Rod((x + 5.5, 3.0, 0.12), (x, 12.0, 0.12), 0.04, bamboo))
    return pieces


def scaffold(seed: int, eye: Vec, target: Vec, sun: Vec, *, net: Vec, wall: Vec, part: float,
             cloud: float = 0.4, field: float = 58) -> Scene:
    """A housing block behind bamboo and nets; `part` of the bays is netted."""
    rng = np.random.default_rng(seed)

    def mesh(a: F, b: F) -> NDArray[np.bool_]:
        fold = np.sin(a * 9 + np.sin(b * 1.7) * 0.8)
        return np.asarray(sample(FINE, f32(a * 1.7), f32(b * 1.7)) < 0.585 + 0.05 * fold)

    def cloth(a: F, b: F, p: F) -> F:
        fold = np.sin(p[:, 0] * 5 + np.sin(p[:, 1] * 1.3)) * 0.5 + np.sin(p[:, 1] * 2.6) * 0.25
        seam = smoothstep(0.06, 0.02, np.abs(f32((p[:, 1] % 2.0) - 0.06)))
        return f32((1 + 0.28 * fold - 0.35 * seam)[:, None] * f32(net))

    def stem(a: F, b: F, p: F) -> F:
        node = smoothstep(0.03, 0.01, np.abs(f32(b % 0.42 - 0.2)))
        tone = 0.8 + 0.5 * sample(SPOTS, f32(p[:, 0] * 0.31), f32(b / 5))
        return f32((tone * (1 - 0.45 * node))[:, None] * f32((0.46, 0.33, 0.15)))

    bamboo = Finish(stem)
    pieces: list[Piece] = [
        Block((-80, -1, 3.2), (80, 0, 50), Finish(asphalt(3.9), 0.12)),
        Block((-80, -1, -3), (80, 0.15, 3.2), Finish(paving(0.45, (0.40, 0.35, 0.31)), 0.1)),
        Block((-11, 0, -14), (11, 26, -1.4), Finish(housing(wall), 0.05)),
        Block((-11.4, 26, -14), (11.4, 26.6, -1.1), Finish(concrete(0.45, 0.6))),
    ]
    pieces += bamboo_frame(rng, bamboo)
    for bay in range(6):
        if rng.random() < part:
            x, y = -11 + bay * 3.67, 3.2 + rng.uniform(0, 1.2)
            up = rng.uniform(15, 21)
            lean = float(rng.normal(0, 0.05))
            pieces.append(Sheet((x, y, 0.20 + 0.02 * bay), (3.62, 0, lean), (0, up, 0),
                                Finish(cloth, 0.5, 1.8), mesh))
    pieces += [Block((-11.6, 2.6, -1), (11.6, 2.75, 2.3), Finish((0.30, 0.22, 0.13))),
               Block((-11.6, 2.75, 2.2), (11.6, 3.5, 2.3), Finish((0.10, 0.22, 0.16)))]
    pieces += [Rod((float(x), 0.1, 2.2), (float(x), 2.7, 2.2), 0.05, GALVANISED)
               for x in np.arange(-11.4, 11.6, 3.8)]
    text = board((("前面工程 行人請沿通道行走", 60), ("WORKS AHEAD  PLEASE KEEP TO THE WALKWAY",
                                          30)),
                 (1100, 170), (244, 196, 20), (16, 16, 18))
    pieces.append(Sheet((-3.6, 2.78, 2.32), (4.4, 0, 0), (0, 0.68, 0),
                        Finish(picture(text, 4.4, 0.68))))
    pieces += [trees(seed, (11.5, 0, -7), 26, 7, 0.3), trees(seed + 3, (-38, 0, -7), 26, 8, 0.3)]
    return Scene(pieces, eye, target, field, sun, seed=seed, cloud=cloud, haze=0.002)


def scenes() -> dict[str, tuple[Scene, F | None]]:
    """Every site photograph, with its panorama."""
    far = panorama(5), panorama(9, 34, 0.62), panorama(14, 12, 0.75)
    left, right, high = (-0.6, 0.75, 0.55), (0.65, 0.6, 0.5), (0.15, 0.9, 0.45)
    return {
        "slope-a": (slope(3, (6, 1.65, 13), (-1.5, 4.6, -3), left, nails=True, stone=True), far[0]),
        "slope-b": (slope(6, (-9, 1.6, 9), (3, 4.0, -4), right, nails=False, stone=False,
                          cloud=0.8), far[1]),
        "slope-c": (slope(9, (3, 1.7, 6.2), (-3.5, 3.6, -3), high, nails=False, stone=True,
                          rise=1.6,
                          cones=False), far[2]),
        "slope-d": (slope(12, (1, 1.6, 16), (0.5, 5.2, -3), right, nails=True, stone=False,
                          rise=0.8,
                          cloud=0.2, cones=False), far[1]),
        "slope-e": (slope(15, (-12, 2.4, 7), (2, 4.6, -3), left, nails=True, stone=True, rise=1.4,
                          cloud=0.9), far[2]),
        "bridge-a": (footbridge(21, (7.5, 1.7, 22), (-3.2, 5.0, 2), left,
                                cladding=(0.06, 0.22, 0.30),
                                glass=(0.05, 0.10, 0.10)), far[0]),
        "bridge-b": (footbridge(24, (-14, 1.7, 19), (-3.2, 4.8, 4), right,
                                cladding=(0.46, 0.12, 0.06),
                                glass=(0.06, 0.09, 0.12), cloud=0.3), far[1]),
        "bridge-c": (footbridge(27, (15, 1.7, 15), (-2, 4.6, 1), high, cladding=(0.55, 0.55, 0.52),
                                glass=(0.04, 0.09, 0.07), cloud=0.8), far[2]),
        "lobby-a": (lobby(41, (0.5, 1.55, 4.6), (-0.1, 1.35, 0), tile=(0.30, 0.42, 0.40),
                          doors=(0.62, 0.62, 0.61), floor="3", number=1), None),
        "lobby-b": (lobby(44, (-2.1, 1.6, 3.6), (0.6, 1.30, 0), tile=(0.55, 0.42, 0.26),
                          doors=(0.56, 0.55, 0.52), floor="G", number=3), None),
        "lobby-c": (lobby(47, (1.9, 1.5, 3.2), (-0.2, 1.40, 0), tile=(0.50, 0.20, 0.17),
                          doors=(0.64, 0.63, 0.60), floor="7", number=5), None),
        "scaffold-a": (scaffold(61, (5.5, 1.7, 17), (-1.5, 8.0, 0), left, net=GREEN_NET,
                                wall=(0.55, 0.46, 0.40), part=0.75), far[0]),
        "scaffold-b": (scaffold(64, (-12, 1.65, 13), (0.5, 7.2, 0), right, net=(0.05, 0.16, 0.33),
                                wall=(0.50, 0.50, 0.46), part=0.6, cloud=0.7), far[1]),
        "scaffold-c": (scaffold(67, (1.5, 1.7, 9.5), (0.2, 6.4, 0), high, net=GREEN_NET,
                                wall=(0.60, 0.55, 0.42), part=0.55, cloud=0.2), far[2]),
    }
