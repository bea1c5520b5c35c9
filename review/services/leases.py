"""Leases: nobody is shown a pair that somebody else is looking at.

A lease is a conditional UPDATE of the pair's review row; Postgres decides who gets it. The token
rises whenever the pair passes to another person, so that the earlier holder's answer is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from dedup_site.accounts.models import User
from review import paging, policies
from review.models import PairReview
from review.querysets import free_for, undecided, was_skipped_by
from scanning.models import CandidatePair

LEASE = timedelta(minutes=5)
# How many pairs are looked at per attempt: several reviewers start at the same end of the queue.
CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Lease:
    """The pair is the holder's `until` then; answers must carry `token`."""

    pair_id: int
    token: int
    until: datetime


@transaction.atomic
def take(*, pair: CandidatePair, actor: User) -> Lease | None:
    """Take the undecided pair, or keep it. None: it is decided, or somebody else has it.

    Raises:
        PermissionDenied: the person may not judge, or was not given the pair's libraries.
    """
    if not policies.may_judge(actor):
        raise PermissionDenied
    policies.check_visible(actor, pair)
    return _take(pair.pk, actor)


@transaction.atomic
def release(*, pair: CandidatePair, actor: User) -> None:
    """Give the pair back to the queue, if the person has it."""
    PairReview.objects.filter(pk=pair.pk, lease_holder=actor).update(
        lease_holder=None, lease_until=None, token=F("token") + 1
    )


def claim_next(
    *,
    actor: User,
    pairs: QuerySet[CandidatePair],
    tiers: Iterable[str],
    leave_out: Iterable[int] = (),
) -> tuple[CandidatePair, Lease] | None:
    """Take the next undecided pair of `pairs`: by tier and score, those put off at the end.

    pairs: what the filters leave of the pairs that the person may see.
    leave_out: ids of pairs that the page already has. None: there is nothing left.
    """
    if not policies.may_judge(actor):
        raise PermissionDenied
    open_pairs = free_for(undecided(pairs), actor).exclude(pk__in=list(leave_out))
    waiting = open_pairs.filter(~was_skipped_by(actor))
    put_off = open_pairs.filter(skips__user=actor).order_by("skips__at", "pk")
    tiers = list(tiers)
    while True:
        candidates = paging.first(waiting, tiers, CANDIDATES) or list(
            put_off.filter(tier__in=tiers)[:CANDIDATES]
        )
        if not candidates:
            return None
        for pair in candidates:
            with transaction.atomic():
                lease = _take(pair.pk, actor)
            if lease is not None:
                return pair, lease


def _take(pair_id: int, user: User) -> Lease | None:
    now = timezone.now()
    PairReview.objects.bulk_create([PairReview(pair_id=pair_id)], ignore_conflicts=True)
    mine = Q(lease_holder=user)
    until = now + LEASE
    taken = (
        PairReview.objects.free_for(user)
        .filter(pk=pair_id, verdict="")
        .update(
            token=Case(When(mine, then=F("token")), default=F("token") + Value(1)),
            lease_holder=user,
            lease_until=until,
        )
    )
    if not taken:
        return None
    token = PairReview.objects.values_list("token", flat=True).get(pk=pair_id)
    return Lease(pair_id, token, until)
