"""The pairs within one family that go on to the comparison."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.turns import TURNS
from scanning.engine.search import ways
from scanning.engine.search.families import RADIUS
from scanning.engine.search.guests import NO_TURN, Guest
from scanning.engine.search.join import Pairs, near_pairs
from scanning.engine.search.nearest import Candidates, Rows, nearest
from scanning.engine.search.templates import Template
from scanning.engine.search.whitening import UPRIGHT, agreeing

SMALL: Final = 1000
RELATIVES: Final = 4


def relatives(
    members: Rows,
    rasters: NDArray[np.uint8],
    whole: NDArray[np.uint64],
    guests: Sequence[Guest] = (),
    *,
    template: Template | None = None,
    limit: int | None = None,
    keep: Callable[[], None] = lambda: None,
) -> Candidates:
    """The pairs of a family whose own content agrees.

    members: rows of its pictures, rising, guests among them; rasters, whole: theirs.
    template: that of the family, where it is known.
    The distance is that of the 256-bit codes; with a guest, of what is their own.
    """
    found = {guest.row: guest for guest in guests}
    known = [found.get(row) for row in members.tolist()]
    upright = np.stack(
        [
            raster if guest is None or guest.turn == NO_TURN else TURNS[guest.turn].apply(raster)
            for raster, guest in zip(rasters, known, strict=True)
        ]
    )
    places = [UPRIGHT if guest is None else guest.place for guest in known]
    plain = np.array([guest is None for guest in known])
    hinted = _nearest(np.flatnonzero(plain), whole)
    pairs, _agreement = agreeing(
        upright, places=places, hinted=hinted, template=template, limit=limit, keep=keep
    )
    one, other, distance = pairs.T
    both = plain[one] & plain[other]
    differing = np.bitwise_count(whole[one] ^ whole[other]).sum(axis=1)
    way = np.zeros(len(pairs), np.int64)
    for row in np.flatnonzero(~both).tolist():
        way[row] = _way(known[one[row]], known[other[row]])
    return Candidates.of(
        np.column_stack([members[one], members[other], np.where(both, differing, distance), way])
    )


def _nearest(plain: Rows, whole: NDArray[np.uint64]) -> Pairs:
    """In a small family, which has taught little, the nearest of each picture by its hash."""
    if len(plain) > SMALL:
        return np.empty((0, 3), np.int64)
    left, right, distance = near_pairs(whole[plain], RADIUS).T
    found = Candidates(plain[left], plain[right], distance, np.zeros_like(distance))
    return nearest(found, RELATIVES).rows[:, :3]


def _way(left: Guest | None, right: Guest | None) -> int:
    """The way from one picture of a family to another, by those from the template to each.

    Of two guests that are both turned or both cut only what differs between them is said.
    """
    if left is None:
        return ways.WHOLE if right is None else right.way
    if right is None:
        return int(ways.BACK[left.way])
    if left.turn == right.turn:
        return ways.WHOLE if left.way == right.way else ways.TRIMMED
    return ways.TURNED + _between(left.turn, right.turn)


def _between(left: int, right: int) -> int:
    """The turn after which the right picture lies as the left one, which are not the same."""
    spot = np.arange(4).reshape(2, 2)
    goal = spot if left == NO_TURN else TURNS[int(ways.UNDONE[left])].apply(spot)
    start = spot if right == NO_TURN else TURNS[int(ways.UNDONE[right])].apply(spot)
    matching = (np.array_equal(turn.apply(start), goal) for turn in TURNS)
    return next(index for index, same in enumerate(matching) if same)
