"""What sites are built of: blocks, rods and flat sheets, and where rays meet them. Metres."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.shapes import F, Vec, f32

Paint = Callable[[F, F, F], F]  # along the face, up the face (metres), points -> colours (n, 3)
Mask = Callable[[F, F], NDArray[np.bool_]]


@dataclass(frozen=True)
class Finish:
    """How a piece looks."""

    paint: Vec | Paint
    bump: float = 0.0
    grain: float = 1.0  # metres per tile of the bump texture
    gloss: float = 0.0  # mirror share, straight on
    glow: float = 0.0


@dataclass(frozen=True)
class Block:
    """An upright box between two corners."""

    low: Vec
    high: Vec
    finish: Finish


@dataclass(frozen=True)
class Rod:
    """A round bar between two points."""

    start: Vec
    end: Vec
    radius: float
    finish: Finish


@dataclass(frozen=True)
class Sheet:
    """A flat parallelogram; `mask` says where it is solid (metres along and up)."""

    corner: Vec
    along: Vec
    up: Vec
    finish: Finish
    mask: Mask | None = None


Piece = Block | Rod | Sheet


def cross_piece(piece: Piece, o: F, d: F) -> F:
    """Distance along each ray to the piece; inf where missed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(piece, Block):
            inv = 1 / np.where(np.abs(d) < 1e-7, 1e-7, d)
            one, two = (f32(piece.low) - o) * inv, (f32(piece.high) - o) * inv
            enter = np.minimum(one, two).max(1)
            leave = np.maximum(one, two).min(1)
            return f32(np.where((leave > enter) & (enter > 1e-3), enter, np.inf))
        if isinstance(piece, Rod):
            a = f32(piece.start)
            axis = f32(piece.end) - a
            oa = o - a
            aa, ad, ao = float(axis @ axis), d @ axis, oa @ axis
            qa = aa - ad * ad
            qb = aa * (oa * d).sum(1) - ao * ad
            qc = aa * (oa * oa).sum(1) - ao * ao - piece.radius**2 * aa
            h = qb * qb - qa * qc
            t = (-qb - np.sqrt(np.maximum(h, 0))) / np.maximum(qa, 1e-9)
            y = ao + t * ad
            return f32(np.where((h > 0) & (y > 0) & (y < aa) & (t > 1e-3), t, np.inf))
        u, v = f32(piece.along), f32(piece.up)
        n = np.cross(u, v)
        t = ((f32(piece.corner) - o) @ n) / (d @ n)
        p = o + np.where(np.isfinite(t), t, 0)[:, None] * d - f32(piece.corner)
        uu, uv, vv = float(u @ u), float(u @ v), float(v @ v)
        pu, pv = p @ u, p @ v
        det = uu * vv - uv * uv
        a1, b1 = (pu * vv - pv * uv) / det, (pv * uu - pu * uv) / det
        ok = (t > 1e-3) & (a1 >= 0) & (a1 <= 1) & (b1 >= 0) & (b1 <= 1)
        if piece.mask is not None and ok.any():
            k = np.flatnonzero(ok)
            ok[k] = piece.mask(f32(a1[k] * np.sqrt(uu)), f32(b1[k] * np.sqrt(vv)))
        return f32(np.where(ok, t, np.inf))


def corners(piece: Piece) -> F:
    """Points whose hull holds the piece."""
    if isinstance(piece, Block):
        return f32([[(piece.low, piece.high)[i >> k & 1][k] for k in range(3)] for i in range(8)])
    if isinstance(piece, Rod):
        r = piece.radius
        ends = f32([piece.start, piece.end])
        return np.concatenate([ends - r, ends + r, ends + f32([r, -r, 0]), ends - f32([r, -r, 0])])
    c, u, v = f32(piece.corner), f32(piece.along), f32(piece.up)
    return np.stack([c, c + u, c + v, c + u + v])
