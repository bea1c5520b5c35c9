"""What Celery calls for the people's side."""

import uuid

from celery import shared_task

from dedup_site.audit.context import request_scope
from review.actions import execution, restores
from review.models import PlanItem
from review.services import grouping

# Large files are hashed three times; each item is claimed by itself, so nothing waits for this.
LONGEST = 24 * 60 * 60


@shared_task(soft_time_limit=60 * 60, time_limit=60 * 60 + 60)
def bring_groups_up_to_date() -> None:
    """Groups follow finished scans and verdicts; runs every 15 s, and does nothing as a rule."""
    grouping.bring_up_to_date()


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def carry_out_plan(plan_id: int) -> None:
    """Do what is left to do of a plan. A doubled message finds every item claimed or done."""
    if execution.is_allowed():
        with request_scope(uuid.uuid4()):
            execution.carry_out(plan_id)


@shared_task
def restore_file(item_id: int) -> None:
    """Bring a file back from quarantine, where somebody asked for it."""
    with request_scope(uuid.uuid4()):
        execution.act(item_id, restores.restore, PlanItem.State.RESTORING)


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def tend_plans() -> None:
    """Settle what dead executors left, go on with plans, delete what is due; runs every minute."""
    if execution.is_allowed():
        with request_scope(uuid.uuid4()):
            execution.tend()
