"""Which of the two pictures to keep, should they be duplicates: what speaks for each side.

Facts of record (a hold, the record copy, a longer retention) come before anything that can be seen.
There is advice only where the criteria agree: a hint that is often wrong is worse than none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from review.compared import Placement
from review.comparison import Side

LARGER = 1.05  # times the pixels
QUALITY_STEP = 5  # of the JPEG quality, 1 to 100
DAY_NS = 86_400 * 1_000_000_000
# What somebody knew of the picture when it was made; sizes and encoders do not count.
KNOWN = ("date_taken", "camera_make", "camera_model", "artist", "copyright", "gps", "icc_profile")


class Keep(Enum):
    """The side to keep."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Standing:
    """The record status of one side."""

    is_held: bool = False
    is_record_copy: bool = False
    kept_until: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One side with everything that the criteria look at."""

    side: Side
    standing: Standing = Standing()
    pixels: float = 0  # that show what both pictures show: a border or more scenery does not count


@dataclass(frozen=True, slots=True)
class Criterion:
    """A test of two sides: above 0 speaks for the left one, below 0 for the right one."""

    code: str
    word: str | Promise
    test: Callable[[Candidate, Candidate], float]
    is_of_record: bool = False


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
        if not left:
            return ""
        return gettext(
            "No advice on which to keep. For the left one: %(left)s. For the right one: %(right)s."
        ) % {"left": left, "right": right}


def _held(left: Candidate, right: Candidate) -> float:
    return left.standing.is_held - right.standing.is_held


def _record_copy(left: Candidate, right: Candidate) -> float:
    return left.standing.is_record_copy - right.standing.is_record_copy


def _longer_retention(left: Candidate, right: Candidate) -> float:
    one, other = left.standing.kept_until, right.standing.kept_until
    return (one - other).days if one and other else 0


def _larger(left: Candidate, right: Candidate) -> float:
    one, other = left.pixels, right.pixels
    return one - other if max(one, other) > LARGER * min(one, other) else 0


def _less_compressed(left: Candidate, right: Candidate) -> float:
    """Only where both are JPEG files: a PNG made of a JPEG is no better than that."""
    qualities = []
    for each in (left, right):
        text = str(each.side.picture.metadata.get("jpeg_quality", ""))
        if not text.isdecimal():
            return 0
        qualities.append(int(text))
    one, other = qualities
    return one - other if abs(one - other) >= QUALITY_STEP else 0


def _older(left: Candidate, right: Candidate) -> float:
    """By the date taken where both have one, otherwise by when the files were last changed."""
    taken = [str(each.side.picture.metadata.get("date_taken", ""))[:10] for each in (left, right)]
    if all(taken):
        return (taken[1] > taken[0]) - (taken[1] < taken[0])
    changed = [[file.modified_ns for file in each.side.judged] for each in (left, right)]
    if not all(changed):
        return 0
    one, other = map(min, changed)
    return other - one if abs(one - other) >= DAY_NS else 0


def _more_metadata(left: Candidate, right: Candidate) -> float:
    """One side has all that the other one has, and more."""
    one, other = (
        {key for key in KNOWN if each.side.picture.metadata.get(key)} for each in (left, right)
    )
    return (one > other) - (one < other)


DEFAULT: tuple[Criterion, ...] = (
    Criterion("held", _("on hold"), _held, is_of_record=True),
    Criterion("record_copy", _("record copy"), _record_copy, is_of_record=True),
    Criterion("retention", _("kept longer"), _longer_retention, is_of_record=True),
    Criterion("larger", _("larger"), _larger),
    Criterion("less_compressed", _("less compressed"), _less_compressed),
    Criterion("older", _("older"), _older),
    Criterion("more_metadata", _("more metadata"), _more_metadata),
)


def advise(left: Candidate, right: Candidate, criteria: Sequence[Criterion] = DEFAULT) -> Advice:
    """What speaks for each side, in the order of the criteria, and the side to keep if they agree.

    Criteria of record decide among themselves; only where they are silent do the others count.
    """
    verdicts = [(criterion, criterion.test(left, right)) for criterion in criteria]
    spoken = [(criterion, verdict) for criterion, verdict in verdicts if verdict]
    decisive = [verdict for criterion, verdict in spoken if criterion.is_of_record]
    decisive = decisive or [verdict for _criterion, verdict in spoken]
    keep = None
    if left.standing.is_held and right.standing.is_held:
        keep = Keep.BOTH
    elif decisive and all(verdict > 0 for verdict in decisive):
        keep = Keep.LEFT
    elif decisive and all(verdict < 0 for verdict in decisive):
        keep = Keep.RIGHT
    return Advice(
        [str(criterion.word) for criterion, verdict in spoken if verdict > 0],
        [str(criterion.word) for criterion, verdict in spoken if verdict < 0],
        keep,
    )


def candidates(
    sides: tuple[Side, Side], standings: tuple[Standing, Standing], placement: Placement | None
) -> tuple[Candidate, Candidate]:
    """Both sides with their record status.

    placement: how the left picture lies in the right one, where that is known.
    """
    share = abs(placement.a * placement.e - placement.b * placement.d) if placement else 1
    left, right = (side.picture.width * side.picture.height for side in sides)
    return (
        Candidate(sides[0], standings[0], left),
        Candidate(sides[1], standings[1], right * share),
    )


def _listed(words: list[str]) -> str:
    return gettext(", ").join(words)


def _with_rest(first: str, second: str) -> str:
    return f"{first} {second or gettext('Nothing speaks for the other one.')}"
