"""What the comparison of two pictures found, as people read and see it."""

from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from scanning.models import CandidatePair

# The keys are the engine's reasons (engine/comparison/evidence.py); a test holds the two together.
SENTENCES: dict[str, Promise] = {
    "same_picture": _("Both show the same picture; nothing of note differs."),
    "same_sheet": _("Both show the same sheet; every line of it agrees."),
    "overlay_added": _("Both show the same picture; something was laid over a part of it."),
    "field_changed": _("Filled in alike except in a few places: look at the boxes."),
    "other_record": _("The same printed form, but what is filled in differs."),
    "parts_differ": _("They agree in parts, but too much of what they show differs."),
    "other_scene": _("They look alike from afar, but do not show the same thing."),
    "too_small": _("Nothing differs, but one of the two is too small to see single characters."),
    "unclear": _("Too much agrees to rule it out, too little to be sure."),
    "too_little_content": _("There is too little in one of the two to compare."),
}


class Region(NamedTuple):
    """A box around what differs, in thousandths of its picture's width and height."""

    left: int
    top: int
    width: int
    height: int


class Placement(NamedTuple):
    """Where the left picture lies in the right one: x' = ax + by + c and y' = dx + ey + f.

    x and y are fractions 0..1 of the left picture's width and height, x' and y' of the right
    one's; stored as millionths.
    """

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float


def sentence(pair: CandidatePair) -> str:
    """What the comparison says of the pair; empty while it has not been compared."""
    return str(SENTENCES.get(_comparison(pair).get("reason", ""), ""))


def regions(pair: CandidatePair) -> list[Region]:
    """The boxes to draw on the left picture, most important first."""
    return [Region(*edges) for edges in _comparison(pair).get("regions", [])]


def other_regions(pair: CandidatePair) -> list[Region]:
    """The same boxes on the right picture, one for each of `regions`."""
    return [Region(*edges) for edges in _comparison(pair).get("other_regions", [])]


def placement(pair: CandidatePair) -> Placement | None:
    """How to lay like on like; None while nothing is known, or nothing agrees."""
    found = _comparison(pair).get("placement")
    return Placement(*(value / 1_000_000 for value in found)) if found else None


def transform_words(code: str) -> str:
    """A transform in words: `mirror crop=0.81` is “mirrored, then cropped to 81 %”."""
    words = [_step(*step.partition("=")[::2]) for step in code.split() if step != "same"]
    return gettext(", then ").join(word for word in words if word)


def _step(name: str, value: str) -> str:
    match name:
        case "mirror":
            return gettext("mirrored")
        case "turn":
            return gettext("turned by %(degrees)s°") % {"degrees": value}
        case "skew":
            return gettext("skewed by %(degrees)s°") % {"degrees": value}
        case "crop":
            return gettext("cropped to %(percent)d %%") % {"percent": _percent(value)}
        case "inside":
            return gettext("placed in %(percent)d %% of a larger picture") % {
                "percent": _percent(value)
            }
        case "scale":
            return gettext("scaled to %(percent)d %%") % {"percent": _percent(value)}
        case _:
            return ""


def _percent(share: str) -> int:
    return round(100 * float(share))


def _comparison(pair: CandidatePair) -> dict[str, Any]:
    found = pair.evidence.get("comparison", {})
    return found if isinstance(found, dict) else {}
