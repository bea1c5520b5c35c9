"""Who may do what with a pair. Capabilities come from roles; scope is `visible_to`."""

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review.models import Decision, Verdict
from review.querysets import shown_to
from scanning.models import CandidatePair


def may_give(user: User, verdict: str) -> bool:
    """A legal hold is for those who may place holds, every other verdict for reviewers."""
    return user.may(Can.PLACE_HOLDS if verdict == Verdict.LEGAL_HOLD else Can.REVIEW)


def may_judge(user: User) -> bool:
    """Whether there is any verdict that the person may give."""
    return user.may(Can.REVIEW) or user.may(Can.PLACE_HOLDS)


def may_undo(user: User, decision: Decision) -> bool:
    """One's own decision of today, by whoever could make it; anything older is changed openly."""
    return (
        decision.reviewer_id == user.pk
        and decision.verdict != Verdict.WITHDRAWN
        and timezone.localdate(decision.made_at) == timezone.localdate()
        and may_give(user, decision.verdict)
    )


def sees_all_decisions(user: User) -> bool:
    """Auditors and admins read everybody's decisions (in their libraries); others their own."""
    return user.may(Can.READ_AUDIT) or user.may(Can.MANAGE_ACCESS)


def check_visible(user: User, pair: CandidatePair) -> None:
    """Raise PermissionDenied unless the pair stands in a library that the person was given."""
    if not shown_to(user).filter(pk=pair.pk).exists():
        raise PermissionDenied
