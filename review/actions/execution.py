"""Carrying out a plan: item by item, each claimed from the ledger; and what others left undone."""

from collections.abc import Callable

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from dedup_site.audit.grants import GrantsTooWide, require_narrow_grants
from dedup_site.audit.services import record
from review.actions import ledger, moves, moving, opening, purges, restores
from review.actions.certificates import certify_list
from review.actions.places import aside_place
from review.actions.troubles import Refused, Trouble
from review.models import ActionPlan, PlanItem
from review.services import plans
from review.services.plan_checks import check_still_valid
from scanning.services.ledger import LostLease

log = structlog.get_logger(__name__)

State = PlanItem.State
UNDER_WAY = (State.MOVING, State.PURGING, State.RESTORING)
# The whole plan is looked at before each of its last files, and now and then before: that takes the
# longer the more wait. What concerns a file itself is asked before each (`checks`).
FEW = 50
# So many files are deleted in one go; the rest a minute later.
AT_ONCE = 1000
# Then an owner of the files gets a list of what to do.
BY_HAND = (Trouble.READ_ONLY, Trouble.NO_SAFE_MOVE)
SETTLE: dict[str, Callable[[PlanItem], None]] = {
    State.MOVING: moves.settle,
    State.PURGING: purges.settle,
    State.RESTORING: restores.restore,  # twice is as good as once
}


def carry_out(plan_id: int) -> None:
    """Do what is left to do of a plan that was started. Any number of workers may, at once."""
    plan = ActionPlan.objects.select_related("library", "approved_by").get(pk=plan_id)
    if plan.state != ActionPlan.State.EXECUTING:
        return
    try:
        why = _by_hand(plan)
    except Refused as refusal:
        log.warning("the plan waits", plan=plan_id, trouble=refusal.trouble, reason=refusal.reason)
        return
    if why:
        list_to_do(plan, why)
        return
    planned = plan.items.filter(state=State.PLANNED).order_by("pk")
    waiting = list(planned.values_list("pk", flat=True))
    for number, item_id in enumerate(waiting):
        is_due = len(waiting) - number < FEW or number % FEW == 0
        if is_due and not _is_still_valid(plan_id):
            return
        act(item_id, moves.carry_out, State.PLANNED)
    end(plan_id)


@transaction.atomic
def _is_still_valid(plan_id: int) -> bool:
    """Whether the whole plan still says what is so; otherwise it becomes void."""
    plan = plans.locked(ActionPlan(pk=plan_id))
    if plan.state != ActionPlan.State.EXECUTING:
        return False
    changes = check_still_valid(plan)
    if changes:
        plans.void(plan=plan, changes=changes, actor=None)
    return not changes


def act(item_id: int, work: Callable[[PlanItem], None], *states: PlanItem.State) -> None:
    """Claim an item and do something with it; who finds it claimed leaves it."""
    item = ledger.claim(item_id, *states)
    if item is None:
        return
    try:
        work(item)
    except LostLease:
        log.info("the item is no longer ours", item=item_id)


def _by_hand(plan: ActionPlan) -> str:
    """Why nothing can be done to the files from here, as a code; empty where it can.

    Raises:
        Refused: it cannot be said now: the library is away, the disk is full.
    """
    if plan.action == ActionPlan.Action.TO_DO:
        return "to_do"
    item = plan.items.filter(state=State.PLANNED).select_related("source_file__library").first()
    if item is None or not item.source_file.library.is_mounted:
        return ""
    try:
        place = aside_place(item)
        opening.check_mounted(place.root)
        with opening.folder(place.root, place.folders, make=True) as aside:
            moving.try_out(aside)
    except Refused as refusal:
        if refusal.trouble not in BY_HAND:
            raise
        return refusal.trouble.value
    return ""


@transaction.atomic
def list_to_do(plan: ActionPlan, why: str) -> None:
    """Hand over what is left of the plan as a list: nothing is done to these files from here.

    The list is not signed by itself: its digest stands in the audit log, whose checkpoints are.
    """
    items = list(
        plan.items.filter(state=State.PLANNED)
        .select_for_update(of=("self",), no_key=True)
        .select_related("plan__library", "source_file", "keeper")
        .order_by("pk")
    )
    plan.refresh_from_db()
    if plan.state != ActionPlan.State.EXECUTING or not items:
        return
    now = timezone.now()
    certify_list(plan, items, why=why, at=now)
    for item in items:
        item.state, item.outcome, item.ended_at = State.SKIPPED, "to_do", now
        item.save(update_fields=["state", "outcome", "ended_at"])
    end(plan.pk)


@transaction.atomic
def end(plan_id: int) -> None:
    """The plan is done when no item of it is planned or under way."""
    plan = ActionPlan.objects.select_for_update(no_key=True).get(pk=plan_id)
    still = plan.items.filter(state__in=[State.PLANNED, State.MOVING]).exists()
    if plan.state != ActionPlan.State.EXECUTING or still:
        return
    plan.state, plan.ended_at = ActionPlan.State.DONE, timezone.now()
    plan.save(update_fields=["state", "ended_at"])
    states = list(plan.items.filter(fate="act").values_list("state", flat=True))
    record(
        "plan.done",
        actor=None,
        target=plan,
        library_id=plan.library_id,
        data={"plan": plan.pk} | {state: states.count(state) for state in sorted(set(states))},
    )


def tend() -> None:
    """Settle what dead executors left, go on with plans, restore what waits, delete what is due."""
    unheld = Q(lease_until=None) | Q(lease_until__lt=Now())
    left = PlanItem.objects.filter(unheld, state__in=UNDER_WAY).order_by("pk")
    for item_id, state in list(left.values_list("pk", "state")):
        act(item_id, SETTLE[state], State(state))
    in_hand = PlanItem.objects.filter(lease_until__gte=Now()).values("plan")
    executing = ActionPlan.objects.filter(state=ActionPlan.State.EXECUTING)
    for plan_id in list(executing.exclude(pk__in=in_hand).values_list("pk", flat=True)):
        carry_out(plan_id)
    due = PlanItem.objects.filter(
        unheld,
        state=State.QUARANTINED,
        purge_after__lte=Now(),
        plan__state__in=[ActionPlan.State.EXECUTING, ActionPlan.State.DONE],
    ).order_by("purge_after", "pk")
    for item_id in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        act(item_id, purges.purge, State.QUARANTINED)


def is_allowed() -> bool:
    """Whether this process may touch files at all; says why not in its log."""
    try:
        require_narrow_grants()
    except GrantsTooWide as error:
        log.error("no file is touched", reason=str(error))  # noqa: TRY400  no bug of ours
        return False
    return True
