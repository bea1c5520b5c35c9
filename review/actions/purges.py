"""Deleting what has been in quarantine for as long as its plan says: at most once, never blindly.

Asked again before each file: no hold, no retention, the keeper there and whole, the quarantined
content as it was. Where something speaks against it, it stays, and is asked again a day later.
"""

from datetime import timedelta

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from review.actions import ledger, moving, opening, uploads
from review.actions.certificates import certify
from review.actions.checks import is_blocked
from review.actions.facts import Standing, standing_aside
from review.actions.moves import fail
from review.actions.places import aside_place, place_of
from review.actions.troubles import Refused, Trouble
from review.models import Certificate, PlanItem

log = structlog.get_logger(__name__)

State = PlanItem.State
PURGE = "purge"
ASK_AGAIN_AFTER = timedelta(days=1)


def purge(item: PlanItem) -> None:
    """Delete a claimed item's file from quarantine, or write down why not. Raises LostLease."""
    try:
        if item.source_file.library.is_mounted:
            _purge_mounted(item)
        else:
            uploads.purge(item, intend, lock_and_ask, done)
    except Refused as refusal:
        if item.state == State.PURGING:
            settle(item, refusal.trouble)
        else:
            postpone(item, refusal.trouble)


def _purge_mounted(item: PlanItem) -> None:
    with opening.opened(aside_place(item)) as aside:
        if opening.hashed(aside) != bytes(item.sha256):
            raise Refused(Trouble.OTHER_CONTENT)
        if item.keeper is None:
            raise Refused(Trouble.KEEPER_MISSING)
        opening.check_keeper(place_of(item.keeper), bytes(item.keeper_sha256 or b""), aside)
        intend(item)
        with transaction.atomic():
            lock_and_ask(item)
            moving.unlink(aside)
            done(item)


def intend(item: PlanItem) -> None:
    """Write the intent, unless something speaks against it. Raises Refused."""
    try:
        with transaction.atomic():
            lock_and_ask(item)
            ledger.intend(item, PURGE, {"from": item.quarantine_path}, state=State.PURGING)
    except IntegrityError as error:
        item.state = State.QUARANTINED
        raise Refused(Trouble.BLOCKED) from error


def lock_and_ask(item: PlanItem) -> None:
    _plan, file = ledger.lock_for_acting(item, by_approver=False)
    if file.is_present or bytes(file.sha256 or b"") != bytes(item.sha256):
        raise Refused(Trouble.REPLACED)
    if is_blocked(file):
        raise Refused(Trouble.BLOCKED)


def done(item: PlanItem) -> None:
    """Inside the transaction in which it was deleted."""
    now = timezone.now()
    ledger.note(item, PURGE)
    ledger.put_down(item, state=State.PURGED, ended_at=now, outcome="")
    certify(item, Certificate.Kind.PURGED, at=now)


def settle(item: PlanItem, trouble: Trouble = Trouble.INTERRUPTED) -> None:
    """Bring a claimed item whose deletion was begun to an end. Raises LostLease."""
    if not item.source_file.library.is_mounted:
        postpone(item, trouble)
        return
    try:
        found = standing_aside(aside_place(item), bytes(item.sha256))
    except Refused as refusal:
        log.warning("an item cannot be settled now", item=item.pk, trouble=refusal.trouble)
        return
    match found:
        case Standing.NOTHING:
            with transaction.atomic():
                ledger.hold(item)
                done(item)
        case Standing.OURS:
            postpone(item, trouble)
        case _:
            fail(item, PURGE, Trouble.OTHER_CONTENT)


@transaction.atomic
def postpone(item: PlanItem, trouble: Trouble) -> None:
    """It stays in quarantine; after an interruption it is due at once, otherwise a day later."""
    ledger.hold(item)
    ledger.note(item, PURGE, trouble)
    later = (
        {} if trouble is Trouble.INTERRUPTED else {"purge_after": timezone.now() + ASK_AGAIN_AFTER}
    )
    ledger.put_down(item, state=State.QUARANTINED, outcome=trouble.value, **later)
