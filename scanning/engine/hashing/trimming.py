"""Where the content of a picture lies within uniform borders, page margins and window frames.

A border is taken off in stages, one uniform colour at a time, and every stage counts: a black
frame round a white page leaves the page first and then what is printed on it. Where nothing
uniform is left, a narrow strip along the upper or lower edge (a title bar with words in it, a tool
bar) is taken off up to the next uniform gap.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanning.engine.compiled import compiled

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
    grey = np.array(raster)  # a loop is compiled again for arrays that are read-only
    side = len(grey)
    lines = grey.astype(np.int16)
    found: list[Box] = []
    edges = _Edges(0, side, 0, side)
    while len(found) < MOST_STAGES:
        smaller = _Edges(*_without_border(grey, *edges))
        if smaller == edges:
            smaller = _Edges(*_without_strips(grey, *edges))
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
        found.append(_refined(lines, edges))
    return found


@compiled
def _without_border(grey: Any, top: int, bottom: int, left: int, right: int) -> Any:
    """Take one uniform colour off each side."""
    above = _border(grey[top:bottom, left:right])
    below = _border(grey[top:bottom, left:right][::-1])
    if bottom - below <= top + above:
        return top, bottom, left, right
    inner = grey[top + above : bottom - below, left:right].T
    before, after = _border(inner), _border(inner[::-1])
    if right - after <= left + before:
        return top, bottom, left, right
    return top + above, bottom - below, left + before, right - after


@compiled
def _without_strips(grey: Any, top: int, bottom: int, left: int, right: int) -> Any:
    """Take a strip off the top and one off the bottom, each with the gap behind it."""
    inner = grey[top:bottom, left:right]
    widest = int(STRIP * len(grey))
    above = top + _strip(inner, widest - top)
    below = bottom - _strip(inner[::-1], widest - (len(grey) - bottom))
    if above < below:
        return above, below, left, right
    return top, bottom, left, right


@compiled
def _level(line: Any) -> Any:
    """The grey level of a uniform line; -1 for any other."""
    counts = np.zeros(256, np.int32)
    for value in line:
        counts[value] += 1
    spare = len(line) // STRAY
    low = _ordered(counts, spare)
    if _ordered(counts, len(line) - 1 - spare) - low > TOLERANCE:
        return -1
    return _ordered(counts, len(line) // 2)


@compiled
def _ordered(counts: Any, place: Any) -> Any:
    """The value at a place of the sorted line."""
    value = -1
    while place >= 0:
        value += 1
        place -= counts[value]
    return value


@compiled
def _border(lines: Any) -> Any:
    """How many of the first lines are uniform and of one colour."""
    first = _level(lines[0])
    if first < 0:
        return 0
    count = 1
    while count < len(lines):
        level = _level(lines[count])
        if level < 0 or abs(level - first) > TOLERANCE:
            break
        count += 1
    return count


@compiled
def _strip(lines: Any, widest: Any) -> Any:
    """Where the first gap ends that begins within the first `widest` lines; 0 without one."""
    run = 0
    for count in range(min(widest + GAP, len(lines))):
        run = run + 1 if _level(lines[count]) >= 0 else 0
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
