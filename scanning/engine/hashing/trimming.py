"""Where the content of a picture lies within uniform borders, page margins and window frames.

A border is taken off in stages, one uniform colour at a time, and every stage counts: a black
frame round a white page leaves the page first and then what is printed on it. Where nothing
uniform is left, a narrow strip along the upper or lower edge (a title bar with words in it, a tool
bar) is taken off up to the next uniform gap.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Calibrated on the sets in data/README.md, with copies that got borders or became screenshots.
MOST_STAGES: Final = 5
TOLERANCE: Final = 14  # grey levels within one uniform line, and between lines of one border
STRAY: Final = 50  # one in so many pixels of a line may be anything at either end: dust, noise
STRIP: Final = 0.16  # of the side: the widest title bar or tool bar
GAP: Final = 3  # lines that set such a strip apart
LEAST_SIDE: Final = 0.16
LEAST_AREA: Final = 0.1

Lines = NDArray[np.int16]


class Box(NamedTuple):
    """A rectangle in pixels of a raster; edges may lie within a pixel."""

    left: float
    top: float
    right: float
    bottom: float


class _Edges(NamedTuple):
    top: int
    bottom: int
    left: int
    right: int


def content_boxes(raster: NDArray[np.uint8]) -> list[Box]:
    """What is left after each stage of trimming, from the largest to the smallest.

    raster: grey, shape (n, n). Empty for a picture without a border; at most MOST_STAGES boxes.
    """
    grey = raster.astype(np.int16)
    side = len(grey)
    found: list[Box] = []
    edges = _Edges(0, side, 0, side)
    while len(found) < MOST_STAGES:
        smaller = _without_border(grey, edges)
        if smaller == edges:
            smaller = _without_strips(grey, edges)
        height, width = smaller.bottom - smaller.top, smaller.right - smaller.left
        if (
            smaller == edges
            or min(height, width) < LEAST_SIDE * side
            or height * width < LEAST_AREA * side**2
        ):
            break
        # A line by itself is where a border and what follows share a pixel: no stage of its own.
        if found and max(abs(now - before) for now, before in zip(smaller, edges, strict=True)) < 2:
            found.pop()
        edges = smaller
        found.append(_refined(grey, edges))
    return found


def _without_border(grey: Lines, edges: _Edges) -> _Edges:
    """Take one uniform colour off each side."""
    inner = grey[edges.top : edges.bottom, edges.left : edges.right]
    top, bottom = edges.top + _border(inner), edges.bottom - _border(inner[::-1])
    if bottom <= top:
        return edges
    inner = grey[top:bottom, edges.left : edges.right].T
    left, right = edges.left + _border(inner), edges.right - _border(inner[::-1])
    return _Edges(top, bottom, left, right) if left < right else edges


def _without_strips(grey: Lines, edges: _Edges) -> _Edges:
    """Take a strip off the top and one off the bottom, each with the gap behind it."""
    inner = grey[edges.top : edges.bottom, edges.left : edges.right]
    side = len(grey)
    top = edges.top + _strip(inner, int(STRIP * side) - edges.top)
    bottom = edges.bottom - _strip(inner[::-1], int(STRIP * side) - (side - edges.bottom))
    return edges._replace(top=top, bottom=bottom) if top < bottom else edges


def _level(line: Lines) -> float | None:
    """The grey level of a uniform line; None for any other."""
    ordered = np.sort(line)
    spare = len(ordered) // STRAY
    if ordered[-1 - spare] - ordered[spare] > TOLERANCE:
        return None
    return float(ordered[len(ordered) // 2])


def _border(lines: Lines) -> int:
    """How many of the first lines are uniform and of one colour."""
    first = _level(lines[0])
    if first is None:
        return 0
    count = 1
    while count < len(lines) and _is_like(first, _level(lines[count])):
        count += 1
    return count


def _is_like(one: float, other: float | None) -> bool:
    return other is not None and abs(other - one) <= TOLERANCE


def _strip(lines: Lines, widest: int) -> int:
    """Where the first gap ends that begins within the first `widest` lines; 0 without one."""
    run = 0
    for count in range(min(widest + GAP, len(lines))):
        run = run + 1 if _level(lines[count]) is not None else 0
        if run == GAP:
            return count + 1 + _border(lines[count + 1 :]) if count + 1 < len(lines) else 0
    return 0


def _refined(grey: Lines, edges: _Edges) -> Box:
    """Move edges into pixels that hold both border and content."""
    inner = grey[edges.top : edges.bottom, edges.left : edges.right]
    rows, columns = inner, inner.T
    top, bottom, left, right = (float(edge) for edge in edges)
    if edges.top > 0:
        top += _share(grey[edges.top - 1, edges.left : edges.right], rows)
    if edges.bottom < len(grey):
        bottom -= _share(grey[edges.bottom, edges.left : edges.right], rows[::-1])
    if edges.left > 0:
        left += _share(grey[edges.top : edges.bottom, edges.left - 1], columns)
    if edges.right < len(grey):
        right -= _share(grey[edges.top : edges.bottom, edges.right], columns[::-1])
    return Box(left, top, right, bottom)


def _share(border: Lines, lines: Lines) -> float:
    """How much of the first line is border, by how far it and the next are from the border."""
    level = float(np.median(border))
    first, second = (float(np.abs(line - level).mean()) for line in lines[:2])
    return 1 - min(1.0, first / second) if second > 0 else 0.0
