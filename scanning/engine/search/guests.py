"""Pictures that show a family's sheet otherwise than its members do: turned, framed, or a part.

A form that lies upside down or cropped among ten thousand of its template is no nearer to its own
copy than to any other of them. So it is laid on the template like the members, and told apart from
them by `whitening`. A family's template is one picture: to hold everything against it costs nothing
beside the join.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.squares import RASTER
from scanning.engine.hashing.trimming import content_boxes
from scanning.engine.hashing.turns import TURNS
from scanning.engine.hashing.windows import WINDOWS, Window, turned_codes, window_codes
from scanning.engine.search import ways
from scanning.engine.search.families import RADIUS, centres_of, members_of
from scanning.engine.search.join import Labels, near_between
from scanning.engine.search.shares import Outline
from scanning.engine.search.templates import WHOLE, Template
from scanning.engine.search.whitening import SAMPLE, UPRIGHT, Place, template_of

SMALL_RADIUS: Final = 12  # of 64 bits, between a window of the template and a whole picture
AGREEMENT: Final = 0.75  # of a guest with the template; other templates reach 0.55
PLAIN: Final = 0.03  # so much better a part must agree than the whole
TRIED: Final = 4  # places of one picture that are looked at closely
NO_TURN: Final = -1
_ASKED: Final = 2000

Rows = NDArray[np.int64]
Rasters = Callable[[Rows], NDArray[np.uint8]]


class Guest(NamedTuple):
    """A picture (its row) that shows the sheet of a family, once it is turned (TURNS or NO_TURN).

    way: the one that says how, of the whole sheet to it: see `ways.WAYS`.
    """

    row: int
    family: int
    turn: int
    place: Place
    way: int


class _Trial(NamedTuple):
    distance: int
    family: int
    turn: int
    window: int  # of WINDOWS; negative for a framed picture


def templates_of(
    labels: Labels, rasters: Rasters, keep: Callable[[], None] = lambda: None
) -> list[Template]:
    """The template of each family, from a sample of its members."""
    templates = []
    for members in members_of(labels):
        keep()
        sample = members[:: -(-len(members) // SAMPLE)]
        templates.append(template_of(rasters(sample)))
    return templates


def guests(
    outline: Outline,
    templates: list[Template],
    rasters: Rasters,
    keep: Callable[[], None] = lambda: None,
) -> list[Guest]:
    """The guests of the families that the outline's labels name, among its new pictures."""
    if not templates:
        return []
    trials = defaultdict(list)
    for row, trial in _by_windows(outline, templates):
        trials[row].append(trial)
    for row, trial in _by_trimming(outline):
        trials[row].append(trial)
    keep()
    found = []
    rows = np.array(sorted(trials), np.int64)
    for start in range(0, len(rows), _ASKED):
        keep()
        some = rows[start : start + _ASKED]
        for row, raster in zip(some.tolist(), rasters(some), strict=True):
            guest = _laid(row, raster, trials[row], templates)
            if guest is not None:
                found.append(guest)
    return found


def with_guests(labels: Labels, guests: Sequence[Guest]) -> Labels:
    """Labels of families in which the guests have theirs."""
    labels = labels.copy()
    for guest in guests:
        labels[guest.row] = guest.family
    return labels


def _by_windows(outline: Outline, templates: list[Template]) -> Iterator[tuple[int, _Trial]]:
    """Pictures that, turned or not, show a template or a window of it."""
    rasters = np.stack([template.raster for template in templates]).clip(0, 255).astype(np.uint8)
    windows = window_codes(rasters).reshape(-1, 1)
    alone = np.flatnonzero(outline.labels < 0)
    alone = alone[alone >= outline.first_new]
    small = outline.small[alone]
    for turn in range(NO_TURN, len(TURNS)):
        turned = small if turn == NO_TURN else turned_codes(small, TURNS[turn])
        found = near_between(windows, turned[:, None], SMALL_RADIUS)
        for code, row, distance in found.tolist():
            family, window = divmod(code, len(WINDOWS))
            yield int(alone[row]), _Trial(4 * distance, family, turn, window)


def _by_trimming(outline: Outline) -> Iterator[tuple[int, _Trial]]:
    """Pictures that show a template once their borders are trimmed."""
    alone = np.flatnonzero(
        (outline.labels[outline.owner] < 0) & (outline.owner >= outline.first_new)
    )
    found = near_between(centres_of(outline.whole, outline.labels), outline.trimmed[alone], RADIUS)
    for family, stage, distance in found.tolist():
        yield int(outline.owner[alone[stage]]), _Trial(distance, family, NO_TURN, -1)


def _laid(
    row: int, raster: NDArray[np.uint8], trials: list[_Trial], templates: list[Template]
) -> Guest | None:
    """The picture laid on the template that it agrees with best; None where it is none of them."""
    best: tuple[float, Guest] | None = None
    for trial in sorted(trials)[:TRIED]:
        turned = raster if trial.turn == NO_TURN else TURNS[trial.turn].apply(raster)
        for place in _places(turned, trial.window):
            agreement = templates[trial.family].laid(turned.astype(np.float32), *place).agreement
            worth = agreement + PLAIN * (place.part == WHOLE)
            if agreement >= AGREEMENT and (best is None or worth > best[0]):
                best = worth, Guest(row, trial.family, trial.turn, place, _way(trial))
    return None if best is None else best[1]


def _places(raster: NDArray[np.uint8], window: int) -> Iterator[Place]:
    if window == 0:
        yield UPRIGHT
    elif window > 0:
        part = WINDOWS[window]
        width, height = part.right - part.left, part.bottom - part.top
        yield Place(
            Window(
                -part.left / width,
                -part.top / height,
                (1 - part.left) / width,
                (1 - part.top) / height,
            ),
            part,
        )
    else:
        large = cv2.resize(raster, (RASTER, RASTER), interpolation=cv2.INTER_CUBIC)
        for box in content_boxes(large.astype(np.uint8)):
            yield Place(Window(*(edge / RASTER for edge in box)), WHOLE)


def _way(trial: _Trial) -> int:
    """The way from the template's sheet to the picture."""
    if trial.turn == NO_TURN:
        if trial.window < 0:
            return ways.TRIMMED
        return ways.WHOLE if not trial.window else ways.LEFT_WINDOW + trial.window - 1
    return trial.turn + (ways.TURNED if not trial.window else ways.TURNED_LEFT_WINDOW)
