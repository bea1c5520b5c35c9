"""Who may do what with matters, holds, releases and retention."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review.models import Hold, Matter

ON_ONE_THING = (Hold.Kind.PICTURE, Hold.Kind.FILE)
ONE_THING = _(
    "You may hold single pictures and files. Ask a records officer to hold more than that."
)
EVERYWHERE = _(
    "A hold in all libraries is placed and ended by a records officer who sees all libraries."
)


def current(actor: User, *cans: Can) -> User:
    """The person as they are now, locked until the transaction ends.

    A role or an account that was taken away a moment ago counts, whatever the page knew.
    Raises PermissionDenied unless they may do one of `cans`.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if not any(person.may(can) for can in cans):
        raise PermissionDenied
    return person


def knows(user: User, matter: Matter) -> bool:
    """Whether the person may read the matter's names."""
    return Matter.objects.known_to(user).filter(pk=matter.pk).exists()


def may_place(user: User, kind: Hold.Kind) -> bool:
    """One picture or file is held by whoever judges; what holds many is for records officers."""
    return user.may(Can.PLACE_HOLDS) and (kind in ON_ONE_THING or user.may(Can.MANAGE_MATTERS))


def may_release(user: User) -> bool:
    """Whether the person may propose releases, and withdraw them."""
    return user.may(Can.MANAGE_MATTERS)


def may_reach(user: User, hold: Hold) -> bool:
    """A hold in all libraries, given or not, is placed and ended by whoever sees all of them."""
    return user.sees_all_libraries or not (
        hold.kind == Hold.Kind.ATTRIBUTE and hold.library_id is None
    )


def check_hold(user: User, hold: Hold) -> None:
    """Raise PermissionDenied unless the person sees what is held, and knows of the matter."""
    if not Hold.objects.visible_to(user).filter(pk=hold.pk).exists():
        raise PermissionDenied
    if not knows(user, hold.matter):
        raise PermissionDenied
