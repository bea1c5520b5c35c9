"""Which picture of a group the keep rule keeps. Advice only: people decide."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from review import keeping
from review.keeping import DEFAULT_ORDER, WORDS, Standing
from scanning.models import Picture


@dataclass(frozen=True, slots=True)
class Advice:
    """The picture that the rule keeps, or None; and why, in a sentence."""

    picture: int | None
    sentence: str


def advice(
    pictures: Iterable[Picture], held: Collection[int], order: Sequence[str] = DEFAULT_ORDER
) -> Advice:
    """What is on hold stays; among the rest what the criteria of the library's rule agree on."""
    known = list(pictures)
    if sum(picture.pk in held for picture in known) > 1:
        return Advice(None, _("Several of these pictures are on legal hold: all of them stay."))
    if not known:
        return Advice(None, "")
    choice = keeping.agreed(
        [
            keeping.candidate(
                picture.metadata,
                pixels=picture.width * picture.height,
                byte_size=picture.byte_size,
                standing=Standing(is_held=picture.pk in held),
            )
            for picture in known
        ],
        order,
    )
    if choice is None:
        return Advice(None, _("No advice: no picture is the best by all that the rule looks at."))
    why = WORDS[choice.code]
    return Advice(known[choice.place].pk, _("The keep rule chooses it: %(why)s.") % {"why": why})
