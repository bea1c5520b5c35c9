"""Why an answer was not taken, in words for the person who gave it. Nothing was written."""

from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext

from dedup_site.accounts.models import User
from review.models import Decision, PairReview


class Refused(Exception):
    """`str()` is a translated sentence for the page."""


class LeaseLost(Refused):
    """The pair has passed to somebody else, or back to the queue."""


class AlreadyDecided(Refused):
    """Another decision on the pair came first."""


class OwnUpload(Refused):
    """The person uploaded a file of what is to be judged."""


class TooLate(Refused):
    """The decision can no longer be undone."""


class GroupChanged(Refused):
    """The group is not the one that was on the page."""


class NothingOpen(Refused):
    """There is no pair in the group that this person may decide now."""


def lease_lost(review: PairReview, user: User) -> LeaseLost:
    """The refusal for an answer whose lease is no longer in force."""
    holder = review.lease_holder
    if holder is not None and review.taken_from_id == user.pk:
        return LeaseLost(taken_over(holder))
    if holder is None or review.lease_until is None or holder == user:
        return LeaseLost(
            gettext(
                "Your time for this pair ran out, so that it went back to the queue. "
                "Your answer was not saved. Open the pair again to judge it."
            )
        )
    return LeaseLost(
        gettext("%(name)s has this pair until %(time)s. Your answer was not saved.")
        % {"name": holder.display_name, "time": time_format(localtime(review.lease_until))}
    )


def taken_over(holder: User) -> str:
    """The notice for the person whose pair somebody took over."""
    return gettext(
        "%(name)s has taken over this pair. Answers of yours are refused; what you wrote is "
        "still here, to copy or to tell."
    ) % {"name": holder.display_name}


def already_decided(decision: Decision, user: User) -> AlreadyDecided:
    """The refusal for an answer that did not know of the decision in force."""
    if decision.reviewer == user:
        message = gettext(
            "You have already judged this pair: %(verdict)s. This answer was not saved."
        )
    else:
        message = gettext(
            "%(name)s has judged this pair in the meantime: %(verdict)s. Your answer was not saved."
        )
    return AlreadyDecided(
        message
        % {"name": decision.reviewer.display_name, "verdict": decision.get_verdict_display()}
    )
