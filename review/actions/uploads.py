"""Files that people uploaded: their content lies under its digest, where other rows may share it.

So nothing is moved: the row is set aside, and the content is deleted at the end of the cooling-off
time, if no other row needs it.
"""

from collections.abc import Callable

from django.db import transaction

from review.actions import ledger, moving, opening
from review.actions.checks import ask_again
from review.actions.places import place_of
from review.actions.troubles import Refused, Trouble
from review.models import PlanItem
from scanning.models import Library, SourceFile

State = PlanItem.State


def check_content(item: PlanItem) -> None:
    """Make sure that the content is there and whole. Raises Refused."""
    with opening.opened(place_of(item.source_file)) as found:
        if opening.hashed(found) != bytes(item.sha256):
            raise Refused(Trouble.OTHER_CONTENT)


def check_keeper(item: PlanItem) -> None:
    """Make sure that the keeper's content is there and whole. Raises Refused."""
    if item.keeper is None:
        raise Refused(Trouble.KEEPER_MISSING)
    try:
        with opening.opened(place_of(item.keeper)) as found:
            is_whole = opening.hashed(found) == bytes(item.keeper_sha256 or b"")
    except Refused as error:
        raise Refused(Trouble.KEEPER_MISSING, error.reason) from error
    if not is_whole:
        raise Refused(Trouble.KEEPER_CHANGED)


def set_aside(item: PlanItem, arrived: Callable[[PlanItem], None]) -> None:
    """Take the item's row out of its library, in one transaction. Raises Refused, LostLease."""
    check_content(item)
    check_keeper(item)
    with transaction.atomic():
        ask_again(item)
        ledger.intend(item, "move", {"to": "set aside"}, state=State.MOVING)
        ledger.note(item, "move")
        arrived(item)


def purge(
    item: PlanItem,
    check: Callable[[PlanItem], None],
    ask: Callable[[PlanItem], None],
    done: Callable[[PlanItem], None],
) -> None:
    """Delete the content if no other row needs it. Raises Refused, LostLease.

    check: writes the intent. ask: whether it is still right, under the locks that keep it so.
    """
    check_keeper(item)
    check(item)
    with transaction.atomic():
        # Uploads lock the row of their library: no content comes back while it is deleted.
        uploaded = Library.objects.filter(kind=Library.Kind.UPLOADED).order_by("pk")
        list(uploaded.select_for_update(no_key=True))
        ask(item)
        if not is_shared(item):
            _delete(item)
        done(item)


def is_shared(item: PlanItem) -> bool:
    """Whether another row needs the content: it is there, or could still be restored."""
    others = SourceFile.objects.filter(
        sha256=item.sha256, library__kind=Library.Kind.UPLOADED
    ).exclude(pk=item.source_file_id)
    waiting = PlanItem.objects.filter(
        sha256=item.sha256, state__in=[State.QUARANTINED, State.PURGING, State.RESTORING]
    ).exclude(pk=item.pk)
    return (
        others.filter(set_aside_at=None).exists()
        or waiting.filter(source_file__library__kind=Library.Kind.UPLOADED).exists()
    )


def _delete(item: PlanItem) -> None:
    try:
        with opening.opened(place_of(item.source_file)) as found:
            moving.remove(found, bytes(item.sha256))
    except Refused as refusal:
        if refusal.trouble != Trouble.MISSING:  # a deletion that was interrupted
            raise
