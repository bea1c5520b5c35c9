"""Which picture of a group to keep, where the criteria agree. Advice only: people decide."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from scanning.models import Picture


@dataclass(frozen=True, slots=True)
class Advice:
    """The picture that all criteria speak for, or None; and why, in a sentence."""

    picture: int | None
    sentence: str


def advice(pictures: Iterable[Picture], held: Collection[int]) -> Advice:
    """What is on hold stays, whatever its size; among the rest the largest, if there is one.

    Pixels and bytes must speak for the same picture: more bytes alone may only mean that it was
    saved once more.
    """
    known = list(pictures)
    on_hold = [picture for picture in known if picture.pk in held]
    if len(on_hold) > 1:
        return Advice(None, _("Several of these pictures are on legal hold: all of them stay."))
    if on_hold:
        return Advice(on_hold[0].pk, _("It is on legal hold."))
    if not known:
        return Advice(None, "")
    pixels = max(picture.width * picture.height for picture in known)
    size = max(picture.byte_size for picture in known)
    best = [
        picture.pk
        for picture in known
        if picture.width * picture.height == pixels and picture.byte_size == size
    ]
    if not best:
        return Advice(
            None, _("No advice: the picture with the most pixels is not the largest file.")
        )
    if len(best) == len(known) > 1:
        return Advice(None, _("No advice: all have the same size."))
    return Advice(min(best), _("It has the most pixels and is the largest file."))
