"""The ledger of a plan: items are claimed, and every step is written before it and after it.

As in `scanning.services.ledger`, Postgres is the only truth: whoever claims an item raises its
token under a row lock, and writes for it later only while the token is still its own.
"""

from datetime import timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models.functions import Now

from dedup_site.accounts.roles import Can
from review.actions.troubles import Trouble
from review.models import ActionPlan, PlanItem, PlanStep
from review.records.record_policies import current
from scanning.models import SourceFile
from scanning.services import ledger as chunks
from scanning.services.ledger import LostLease, worker_name

# A large file is hashed several times while nobody prolongs the lease. Who loses it does no harm.
LEASE_FACTOR = 10
# Shared by whatever makes a file untouchable (review/migrations/0013_holds_before_moves.py).
HOLDS_LOCK = 7720902


def lease() -> timedelta:
    """How long an executor may be silent before another one looks after its item."""
    return LEASE_FACTOR * chunks.LEASE


@transaction.atomic
def claim(item_id: int, *states: PlanItem.State) -> PlanItem | None:
    """Take an item that is in one of these states and that nobody works on, or None."""
    item = (
        PlanItem.objects.select_for_update(of=("self",), no_key=True)
        .select_related("plan", "source_file__library", "keeper__library")
        .filter(pk=item_id, state__in=states)
        .filter(models.Q(lease_until=None) | models.Q(lease_until__lt=Now()))
        .first()
    )
    if item is None:
        return None
    item.token += 1
    item.lease_owner, item.lease_until = worker_name(), Now() + lease()
    item.save(update_fields=["token", "lease_owner", "lease_until"])
    item.refresh_from_db(fields=["lease_until"])
    return item


def hold(item: PlanItem) -> PlanItem:
    """Lock the item's row inside the caller's transaction.

    Raises:
        LostLease: somebody else has it.
    """
    current_row = (
        PlanItem.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=item.pk, token=item.token, state=item.state)
        .first()
    )
    if current_row is None:
        raise LostLease
    return current_row


@transaction.atomic
def intend(item: PlanItem, step: str, facts: dict[str, Any], **changes: Any) -> None:
    """Write down what is about to be done, before it is. Raises LostLease."""
    hold(item)
    _write(item, step, PlanStep.Phase.INTENT, facts=facts)
    _change(item, lease_until=Now() + lease(), **changes)


def note(
    item: PlanItem, step: str, trouble: Trouble | None = None, **facts: str | int | None
) -> None:
    """Write down how a step went, inside the caller's transaction that holds the item."""
    _write(
        item,
        step,
        PlanStep.Phase.RESULT,
        is_ok=trouble is None,
        problem=trouble or "",
        facts=facts,
    )


def put_down(item: PlanItem, **changes: Any) -> None:
    """Give the claim back, inside the caller's transaction that holds the item."""
    _change(item, lease_owner="", lease_until=None, **changes)


def intent_of(item: PlanItem, step: str) -> dict[str, Any]:
    """The facts of the newest intent of that step; empty where there was none."""
    newest = item.steps.filter(step=step, phase=PlanStep.Phase.INTENT).order_by("-id").first()
    return newest.facts if newest else {}


def _write(item: PlanItem, step: str, phase: PlanStep.Phase, **fields: Any) -> None:
    PlanStep.objects.create(item=item, token=item.token, step=step, phase=phase, **fields)


def _change(item: PlanItem, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(item, name, value)
    item.save(update_fields=list(changes))
    expressions = [name for name, value in changes.items() if hasattr(value, "resolve_expression")]
    if expressions:
        item.refresh_from_db(fields=expressions)


def lock_for_acting(item: PlanItem, *, by_approver: bool = True) -> tuple[ActionPlan, SourceFile]:
    """Lock everything that speaks for or against acting on the item's file, for this transaction.

    Last of all the lock that whoever places a hold shares: a hold either is there by now and seen
    by the caller's next question, or waits until this transaction is over. Nothing may be waited
    for after it.

    Raises:
        LostLease: somebody else has the item.
        PermissionDenied: whoever approved the plan may not do so any more.
    """
    plan = ActionPlan.objects.select_for_update(no_key=True).get(pk=item.plan_id)
    hold(item)
    if by_approver and plan.approved_by is not None:
        current(plan.approved_by, Can.APPROVE_PLANS)
    file = lock_file(item)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HOLDS_LOCK])
    return plan, file


def lock_file(item: PlanItem) -> SourceFile:
    """The row of the item's file, locked for this transaction."""
    return SourceFile.objects.select_for_update(no_key=True).get(pk=item.source_file_id)
