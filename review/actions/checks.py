"""Whether it is still right to act on a file, asked under the locks that keep the answer true."""

from django.core.exceptions import PermissionDenied
from django.db import connection

from review.actions import ledger
from review.actions.troubles import Refused, Trouble
from review.models import PairReview, PlanItem, Verdict
from scanning.models import SourceFile


def ask_again(item: PlanItem) -> None:
    """Inside the transaction that stays open while the file is moved.

    Raises:
        Refused: NOT_APPROVED, PLAN_CHANGED, BLOCKED.
        LostLease: somebody else has the item.
    """
    try:
        plan, file = ledger.lock_for_acting(item)
    except PermissionDenied as error:
        raise Refused(Trouble.NOT_APPROVED) from error
    if plan.state != plan.State.EXECUTING:
        raise Refused(Trouble.PLAN_CHANGED)
    if is_blocked(file):
        raise Refused(Trouble.BLOCKED)
    if not is_as_planned(item, file):
        raise Refused(Trouble.PLAN_CHANGED)


def is_blocked(file: SourceFile) -> bool:
    """Whether Postgres says that the file is held, or to be kept, at this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT review_file_is_blocked(%s)", [file.pk])
        return bool(cursor.fetchone()[0])


def is_as_planned(item: PlanItem, file: SourceFile) -> bool:
    """Whether the decision is in force, and file and keeper are known as the plan has them."""
    is_confirmed = PairReview.objects.filter(
        decision=item.decision_id, verdict=Verdict.DUPLICATE
    ).exists()
    keeper = SourceFile.objects.readable().filter(pk=item.keeper_id or 0, sha256=item.keeper_sha256)
    is_known = file.is_present and bytes(file.sha256 or b"") == bytes(item.sha256)
    return is_confirmed and is_known and keeper.exists()
