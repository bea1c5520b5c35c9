"""What people ask for: carrying out an approved plan, and restoring a file."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.grants import GrantsTooWide, require_narrow_grants
from dedup_site.audit.services import record
from review.actions import ledger
from review.actions.restores import RESTORE
from review.actions.troubles import Trouble
from review.models import ActionPlan, PlanItem
from review.records.record_policies import current
from review.services import plan_checks, plans
from review.services.refusals import Refused

State = PlanItem.State


class NotNow(Refused):
    """The plan, or the file, is not in a state for this."""


def start(*, actor: User, plan: ActionPlan) -> ActionPlan:
    """Begin to carry out an approved plan; if anything has changed since, it becomes void.

    Raises:
        PermissionDenied: the person may neither make nor approve plans, or was not given its
            library.
        NotNow: it is not approved, became void just now, or the program may touch no file.
    """
    plan, changes = _begun(actor, plan)
    if changes:
        raise NotNow(_("The plan is void: something has changed since it was approved."))
    return plan


@transaction.atomic
def _begun(actor: User, plan: ActionPlan) -> tuple[ActionPlan, bool]:
    """The plan, and whether it is void."""
    actor = current(actor, Can.APPROVE_PLANS, Can.MAKE_PLANS)
    if not ActionPlan.objects.visible_to(actor).filter(pk=plan.pk).exists():
        raise PermissionDenied
    try:
        require_narrow_grants()
    except GrantsTooWide as error:
        raise NotNow(str(error)) from error
    plan = ActionPlan.objects.select_for_update(of=("self",), no_key=True).get(pk=plan.pk)
    if plan.state != ActionPlan.State.APPROVED:
        raise NotNow(_("This plan does not wait to be carried out."))
    changes = plan_checks.check_still_valid(plan)
    if changes:
        plans.void(plan=plan, changes=changes, actor=None)
        return plan, True
    plan.state, plan.begun_at = ActionPlan.State.EXECUTING, timezone.now()
    plan.save(update_fields=["state", "begun_at"])
    record(
        "plan.begun",
        actor=actor,
        target=plan,
        library_id=plan.library_id,
        data={"plan": plan.pk, "digest": plan.digest, "files": plan.acting_count},
    )
    publish(plan.pk)
    return plan, False


@transaction.atomic
def restore(*, actor: User, item: PlanItem) -> PlanItem:
    """Ask that a file comes back from quarantine to its place; a worker brings it, in seconds.

    A hold does not stand in the way: the file is kept either way.

    Raises:
        PermissionDenied: as in `start`.
        NotNow: the file is not in quarantine, or somebody is at work on it.
    """
    actor = current(actor, Can.APPROVE_PLANS, Can.MAKE_PLANS)
    if not PlanItem.objects.visible_to(actor).filter(pk=item.pk).exists():
        raise PermissionDenied
    # Nobody can be at work on it: every other state than these two ends a claim.
    item = PlanItem.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
    if item.state == State.FAILED and item.outcome == Trouble.LEFT_ASIDE:
        now = timezone.now()
        item.state, item.quarantined_at = State.QUARANTINED, item.quarantined_at or now
        item.purge_after = now + timedelta(days=item.plan.cooling_off_days)
        item.save(update_fields=["state", "quarantined_at", "purge_after"])
    if item.state != State.QUARANTINED:
        raise NotNow(_("This file is not in quarantine, so it cannot be restored."))
    item.token += 1  # whoever was about to delete it does not
    item.save(update_fields=["token"])
    ledger.intend(item, RESTORE, {"by": actor.pk, "from": item.quarantine_path})
    item.state, item.lease_until, item.lease_owner = State.RESTORING, None, ""
    item.save(update_fields=["state", "lease_until", "lease_owner"])
    record(
        "plan.restore_asked",
        actor=actor,
        target=item.plan,
        library_id=item.plan.library_id,
        data={"plan": item.plan_id, "item": item.pk, "file": item.source_file_id},
        detail={"path": item.source_file.path},
    )
    publish_restore(item.pk)
    return item


def publish(plan_id: int) -> None:
    """Tell a worker about the plan once this transaction is committed; beat does so again."""

    def send() -> None:
        from review.tasks import carry_out_plan

        try:
            carry_out_plan.apply_async((plan_id,))
        except OperationalError:
            return  # the broker is away; `tend_plans` finds it

    transaction.on_commit(send)


def publish_restore(item_id: int) -> None:
    """Tell a worker about the file to restore once this transaction is committed."""

    def send() -> None:
        from review.tasks import restore_file

        try:
            restore_file.apply_async((item_id,))
        except OperationalError:
            return

    transaction.on_commit(send)
