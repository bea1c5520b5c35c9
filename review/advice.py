"""Which of the two pictures to keep, should they be duplicates: what speaks for each side.

The keep rule of the library decides (`review.keeping`), as it does where a plan is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext

from review import keeping
from review.compared import Placement
from review.comparison import Side
from review.keeping import DEFAULT_ORDER, Candidate, Standing


class Keep(Enum):
    """The side to keep."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Advice:
    """What speaks for each side, in words, and which to keep where that is clear."""

    for_left: list[str]
    for_right: list[str]
    keep: Keep | None = None

    @property
    def sentence(self) -> str:
        """The advice in one line; empty where nothing speaks for either side."""
        left, right = _listed(self.for_left), _listed(self.for_right)
        match self.keep:
            case Keep.BOTH:
                return gettext("Both are on hold: nothing may happen to either.")
            case Keep.LEFT:
                return _with_rest(
                    gettext("If they are duplicates, keep the left one: %(why)s.") % {"why": left},
                    gettext("For the right one: %(why)s.") % {"why": right} if right else "",
                )
            case Keep.RIGHT:
                return _with_rest(
                    gettext("If they are duplicates, keep the right one: %(why)s.")
                    % {"why": right},
                    gettext("For the left one: %(why)s.") % {"why": left} if left else "",
                )
            case None if left and right:
                return gettext(
                    "No advice on which to keep. For the left one: %(left)s."
                    " For the right one: %(right)s."
                ) % {"left": left, "right": right}
            case _:
                return ""


def advise(left: Candidate, right: Candidate, order: Sequence[str] = DEFAULT_ORDER) -> Advice:
    """What speaks for each side, in the order of the rule; which to keep only where it agrees."""
    for_sides: tuple[list[str], list[str]] = ([], [])
    for criterion in keeping.criteria(order):
        match criterion.best((left, right)):
            case [place]:
                for_sides[place].append(str(criterion.word))
    if left.standing.is_held and right.standing.is_held:
        return Advice(*for_sides, Keep.BOTH)
    choice = keeping.agreed((left, right), order)
    return Advice(*for_sides, (Keep.LEFT, Keep.RIGHT)[choice.place] if choice else None)


def candidates(
    sides: tuple[Side, Side], standings: tuple[Standing, Standing], placement: Placement | None
) -> tuple[Candidate, Candidate]:
    """Both sides with their record status.

    placement: how the left picture lies in the right one, where that is known: a border or more
    scenery makes none larger.
    """
    share = abs(placement.a * placement.e - placement.b * placement.d) if placement else 1
    left, right = (side.picture.width * side.picture.height for side in sides)
    return (
        _candidate(sides[0], standings[0], left),
        _candidate(sides[1], standings[1], right * share),
    )


def _candidate(side: Side, standing: Standing, pixels: float) -> Candidate:
    return keeping.candidate(
        side.picture.metadata,
        pixels=pixels,
        byte_size=side.picture.byte_size or 0,
        modified_ns=min((file.modified_ns for file in side.judged), default=None),
        standing=standing,
    )


def _listed(words: list[str]) -> str:
    return gettext(", ").join(words)


def _with_rest(first: str, second: str) -> str:
    return f"{first} {second or gettext('Nothing speaks for the other one.')}"
