"""Bringing a file back from quarantine to its place. Held files may be restored."""

from contextlib import suppress

import structlog
from django.db import transaction
from django.utils import timezone

from dedup_site.accounts.models import User
from review.actions import ledger, moving, opening, references, uploads
from review.actions.certificates import certify
from review.actions.facts import Standing, standing, standing_aside
from review.actions.moves import fail, quarantine
from review.actions.opening import folder
from review.actions.places import aside_place, place_of, reference_of, scratch_name
from review.actions.troubles import Refused, Trouble
from review.models import Certificate, PlanItem
from scanning.models import SourceFile

log = structlog.get_logger(__name__)

State = PlanItem.State
RESTORE = "restore"


def restore(item: PlanItem) -> None:
    """Bring a claimed item's file back, or write down why not. Raises LostLease."""
    try:
        if item.source_file.library.is_mounted:
            _bring_back(item)
        else:
            uploads.check_content(item)
    except Refused as refusal:
        settle(item, refusal.trouble)
    else:
        _is_back(item)


def _bring_back(item: PlanItem) -> None:
    """The reference makes room, the file comes back in one step, and is hashed once more."""
    place, reference = place_of(item.source_file), reference_of(item)
    sha256 = bytes(item.sha256)
    with (
        quarantine(item) as (aside, name),
        folder(place.root, place.folders) as home,
        opening.opened_in(aside, name) as found,
    ):
        if opening.hashed(found) != sha256:
            raise Refused(Trouble.OTHER_CONTENT)
        try:
            if reference is not None:
                references.take_away(reference, home, aside, scratch_name(item))
            moving.rename(aside, name, home, place.name)
        except Refused:
            if reference is not None:
                with suppress(Refused):  # it stands in again, unless somebody took its place
                    references.put(reference, home, aside, scratch_name(item))
            raise
        moving.flush(home, aside)
        if opening.hashed(found) != sha256:
            raise Refused(Trouble.OTHER_CONTENT)


def settle(item: PlanItem, trouble: Trouble) -> None:
    """Write down how a restoring ended, by what stands where. Raises LostLease."""
    if not item.source_file.library.is_mounted:
        _stays(item, trouble)
        return
    sha256 = bytes(item.sha256)
    try:
        if standing_aside(aside_place(item), sha256) is not Standing.NOTHING:
            _stays(item, trouble)
        elif standing(place_of(item.source_file), sha256) is Standing.OURS:
            _is_back(item)
        else:
            fail(item, RESTORE, Trouble.LOST)
    except Refused as refusal:
        log.warning("an item cannot be settled now", item=item.pk, trouble=refusal.trouble)


@transaction.atomic
def _stays(item: PlanItem, trouble: Trouble) -> None:
    """It stays in quarantine, and whoever asked reads why (`wording`)."""
    ledger.hold(item)
    ledger.note(item, RESTORE, trouble)
    ledger.put_down(item, state=State.QUARANTINED, outcome=trouble.value)


@transaction.atomic
def _is_back(item: PlanItem) -> None:
    ledger.hold(item)
    now = timezone.now()
    SourceFile.objects.filter(pk=item.source_file_id, sha256=item.sha256).update(
        is_present=True, set_aside_at=None
    )
    asked_by = User.objects.filter(pk=ledger.intent_of(item, RESTORE).get("by", 0)).first()
    ledger.note(item, RESTORE)
    ledger.put_down(item, state=State.RESTORED, ended_at=now, outcome="")
    certify(item, Certificate.Kind.RESTORED, actor=asked_by, at=now)
