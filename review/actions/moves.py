"""One item of a plan, from its place into quarantine: intent, move, a second look, result.

A trouble before the intent leaves everything as it was. After it, whatever happened, the file
system is asked (`facts`), by the same code for a live error and for an executor that died.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from dedup_site.audit.services import record
from review.actions import ledger, moving, opening, references, uploads
from review.actions.certificates import certify
from review.actions.checks import ask_again
from review.actions.facts import Facts, Next, Standing, look
from review.actions.opening import Opened, folder
from review.actions.places import (
    aside_path,
    aside_place,
    place_of,
    planned,
    reference_of,
    scratch_name,
)
from review.actions.troubles import Refused, Trouble
from review.models import ActionPlan, Certificate, PlanItem
from scanning.models import SourceFile

log = structlog.get_logger(__name__)

State = PlanItem.State
MOVE = "move"


def carry_out(item: PlanItem) -> None:
    """Move a claimed item's file into quarantine, or write down why not. Raises LostLease."""
    try:
        if not item.source_file.library.is_mounted:
            uploads.set_aside(item, arrived)
            return
        if _is_aside_already(item):
            settle(item)
            return
        with opening.opened(place_of(item.source_file)) as source:
            _check(item, source)
            _move(item, source)
    except IntegrityError:  # Postgres saw something that the checks before did not
        item.state = State.PLANNED
        leave(item, Refused(Trouble.PLAN_CHANGED))
    except Refused as refusal:
        if item.state == State.MOVING:
            settle(item, refusal.trouble)
        else:
            leave(item, refusal)


def _check(item: PlanItem, source: Opened) -> None:
    """Raises Refused unless file and keeper are as planned."""
    opening.check_source(source, planned(item))
    if item.keeper is None:
        raise Refused(Trouble.KEEPER_MISSING)
    opening.check_keeper(place_of(item.keeper), bytes(item.keeper_sha256 or b""), source)


def _move(item: PlanItem, source: Opened) -> None:
    with quarantine(item, make=True) as (aside, name):
        _intend(item, source)
        with transaction.atomic():
            ask_again(item)
            moving.take(source, aside, name)
            ledger.note(item, MOVE)
        moving.confirm(source, aside, name, bytes(item.sha256))
        reference = reference_of(item)
        if reference is not None:
            references.put(reference, source.folder, aside, scratch_name(item))
    arrived(item)


@contextmanager
def quarantine(item: PlanItem, *, make: bool = False) -> Iterator[tuple[int, bytes]]:
    """The folder in quarantine that takes the item's file, and the file's name there."""
    place = aside_place(item)
    with folder(place.root, place.folders, make=make) as aside:
        yield aside, place.name


def _intend(item: PlanItem, source: Opened) -> None:
    """Write down what will be moved where. Postgres refuses it for files that are blocked."""
    device, inode = source.identity
    path = aside_path(item)
    facts = {"inode": inode, "device": device, "to": path}
    with transaction.atomic():
        ask_again(item)
        ledger.intend(item, MOVE, facts, state=State.MOVING, quarantine_path=path)


@transaction.atomic
def leave(item: PlanItem, refusal: Refused) -> None:
    """Nothing was done: say why, and go on with the next. Raises LostLease.

    A library that is away is no answer: its files are tried again later.
    """
    ledger.hold(item)
    if refusal.trouble is Trouble.ROOT_GONE:
        ledger.put_down(item)
        return
    ledger.note(item, MOVE, refusal.trouble, reason=refusal.reason)
    ledger.put_down(
        item, state=State.SKIPPED, outcome=refusal.trouble.value, ended_at=timezone.now()
    )


@transaction.atomic
def arrived(item: PlanItem) -> None:
    """The file is in quarantine, whole, and what stands in for it is in its place."""
    ledger.hold(item)
    now = timezone.now()
    # If another file has been found in its place meanwhile, the row is that file's.
    SourceFile.objects.filter(pk=item.source_file_id, sha256=item.sha256).update(
        is_present=False, set_aside_at=now
    )
    ledger.note(item, "quarantined")
    ledger.put_down(
        item,
        state=State.QUARANTINED,
        quarantined_at=now,
        purge_after=now + timedelta(days=item.plan.cooling_off_days),
        outcome="",
    )
    certify(item, Certificate.Kind.QUARANTINED, at=now)


def settle(item: PlanItem, trouble: Trouble = Trouble.INTERRUPTED) -> None:
    """Bring a claimed item whose move was begun to an end, whatever happened to it.

    Where the file system does not answer, the item stays as it is, and is looked at again later.

    Raises:
        LostLease: somebody else has the item.
    """
    try:
        facts = _look(item)
        match facts.next:
            case Next.FORWARD:
                _finish(item, trouble)
            case Next.NOTHING_HAPPENED:
                _did_not_happen(item, trouble)
            case Next.PUT_BACK if not _is_home_gone(item):
                put_back(item)
                _did_not_happen(item, Trouble.CHANGED_MEANWHILE)
            case Next.PUT_BACK | Next.LEFT_ASIDE:
                fail(item, MOVE, Trouble.LEFT_ASIDE)
            case Next.LOST if trouble in (Trouble.MISSING, Trouble.CHANGED_MEANWHILE):
                _did_not_happen(item, Trouble.MISSING)  # somebody else took it away
            case Next.LOST:
                fail(item, MOVE, Trouble.LOST)
    except Refused as refusal:
        log.warning("an item cannot be settled now", item=item.pk, trouble=refusal.trouble)


def _look(item: PlanItem) -> Facts:
    inode = int(ledger.intent_of(item, MOVE).get("inode", 0))
    return look(place_of(item.source_file), aside_place(item), bytes(item.sha256), inode)


def _is_aside_already(item: PlanItem) -> bool:
    """Whoever tried before was given up, came to life again, and moved the file after all."""
    earlier = ledger.intent_of(item, MOVE)
    if not earlier or _look(item).aside is Standing.NOTHING:
        return False
    try:
        ledger.intend(item, MOVE, earlier, state=State.MOVING)
    except IntegrityError as error:  # it is blocked by now
        item.state = State.PLANNED
        put_back(item)
        raise Refused(Trouble.BLOCKED) from error
    return True


def _is_home_gone(item: PlanItem) -> bool:
    """Whether somebody removed the folder that the file came from. Raises Refused."""
    place = place_of(item.source_file)
    try:
        with folder(place.root, place.folders):
            return False
    except Refused as refusal:
        if refusal.trouble is Trouble.FOLDER_GONE:
            return True
        raise


def _finish(item: PlanItem, trouble: Trouble) -> None:
    """The file is in quarantine: put the reference in its place, or take all of it back."""
    place = place_of(item.source_file)
    reference = reference_of(item)
    if _is_home_gone(item):  # it was empty without the file
        if reference is None:
            arrived(item)
        else:
            fail(item, MOVE, Trouble.LEFT_ASIDE)
        return
    with quarantine(item) as (aside, _name), folder(place.root, place.folders) as home:
        moving.flush(home, aside)
        try:
            if reference is not None:
                references.put(reference, home, aside, scratch_name(item))
        except Refused as refusal:
            if refusal.trouble == Trouble.TAKEN:
                fail(item, MOVE, Trouble.LEFT_ASIDE)
            else:
                put_back(item)
                _did_not_happen(item, refusal.trouble)
            return
    arrived(item)


def put_back(item: PlanItem) -> None:
    """Move what lies in quarantine back to where it came from.

    Raises:
        Refused: TAKEN: something stands there; or as in `moving.rename`.
    """
    place = place_of(item.source_file)
    with quarantine(item) as (aside, name), folder(place.root, place.folders) as home:
        moving.rename(aside, name, home, place.name)
        moving.flush(home, aside)


@transaction.atomic
def _did_not_happen(item: PlanItem, trouble: Trouble) -> None:
    """The file is where it was. After an interruption it is tried again, otherwise left alone."""
    ledger.hold(item)
    ledger.note(item, MOVE, trouble)
    is_wanted = ActionPlan.objects.filter(pk=item.plan_id, state="executing").exists()
    if trouble is Trouble.INTERRUPTED and is_wanted:
        ledger.put_down(item, state=State.PLANNED)
    else:
        ledger.put_down(item, state=State.SKIPPED, outcome=trouble.value, ended_at=timezone.now())


@transaction.atomic
def fail(item: PlanItem, step: str, trouble: Trouble) -> None:
    """A person has to look: what was found is written down, and nothing more is done."""
    ledger.hold(item)
    ledger.note(item, step, trouble)
    ledger.put_down(item, state=State.FAILED, outcome=trouble.value, ended_at=timezone.now())
    record(
        "plan.item_failed",
        actor=None,
        target=item.plan,
        library_id=item.plan.library_id,
        data={
            "plan": item.plan_id,
            "item": item.pk,
            "file": item.source_file_id,
            "step": step,
            "trouble": trouble.value,
        },
        detail={"path": item.source_file.path, "quarantine": item.quarantine_path},
    )
