"""Leases: nobody is shown a pair that somebody else is looking at.

A lease is a conditional UPDATE of the pair's review row; Postgres decides who gets it. The token
rises whenever the pair passes to another person, so that the earlier holder's answer is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from review import own_uploads, policies
from review.models import PairReview, QueuePlace, Referral
from review.ordering import Queue
from review.quality.second import waiting_for_others
from review.services.refusals import taken_over
from scanning.models import CandidatePair, Finding

LEASE = timedelta(minutes=5)
# How many pairs are looked at per attempt: several reviewers start at the same end of the queue.
CANDIDATES = 16
# Where somebody locks many, as a verdict on a group does.
MOST_CANDIDATES = 4_096


@dataclass(frozen=True, slots=True)
class Lease:
    """The pair is the holder's `until` then; answers must carry `token`."""

    pair_id: int
    token: int
    until: datetime


@transaction.atomic
def take(*, pair: CandidatePair, actor: User) -> Lease | None:
    """Take the undecided pair, or keep it. None: decided, with somebody else, or one's own upload.

    Raises:
        PermissionDenied: the person may not judge, or was not given the pair's libraries.
    """
    if not policies.may_judge(actor):
        raise PermissionDenied
    policies.check_visible(actor, pair)
    return _take(pair.pk, actor)


@transaction.atomic
def release(*, pair: CandidatePair, actor: User, until: datetime | None = None) -> None:
    """Give the pair back to the queue, if the person has it.

    until: only the lease that ends then, and none that was renewed since.
    """
    held = PairReview.objects.filter(pk=pair.pk, lease_holder=actor)
    if until is not None:
        held = held.filter(lease_until=until)
    held.update(lease_holder=None, lease_until=None, token=F("token") + 1)


@transaction.atomic
def take_over(*, pair: CandidatePair, actor: User) -> Lease | None:
    """Take an undecided pair from whoever has it; that person's answer will be refused.

    None: it is decided, was judged by the person and waits for another, or is their own upload.

    Raises:
        PermissionDenied: the person may not judge, or was not given the pair's libraries.
    """
    if not policies.may_judge(actor):
        raise PermissionDenied
    policies.check_visible(actor, pair)
    review = locked(pair)
    before = review.lease_holder_id
    is_theirs = before not in (None, actor.pk) and (review.lease_until or timezone.now()) > (
        timezone.now()
    )
    has_judged = PairReview.objects.filter(waiting_for_others(actor), pk=pair.pk).exists()
    if review.verdict or not is_theirs or has_judged or own_uploads.is_own(actor, pair.pk):
        return _take(pair.pk, actor)
    until = timezone.now() + LEASE
    token = review.token + 1
    PairReview.objects.filter(pk=pair.pk).update(
        token=token, lease_holder=actor, lease_until=until, taken_from=before
    )
    record(
        "pair.taken_over",
        actor=actor,
        target=pair,
        library_id=Finding.objects.filter(pair=pair).values_list("library", flat=True).first(),
        data={"pair": pair.pk, "from": before},
    )
    return Lease(pair.pk, token, until)


def why_lost(user: User, pair: CandidatePair) -> str:
    """What to tell somebody whose pair has passed on."""
    review = PairReview.objects.select_related("lease_holder").filter(pk=pair.pk).first()
    if review and review.lease_holder and review.taken_from_id == user.pk:
        return taken_over(review.lease_holder)
    return gettext(
        "Somebody else has this pair now. Your note stays here, but answers are refused."
    )


def claim_next(
    *, actor: User, queue: Queue, leave_out: Iterable[int] = ()
) -> tuple[CandidatePair, Lease] | None:
    """Take the next open pair: what colleagues referred to the person comes first, what the
    person put off comes last.

    queue: what the filters leave of the pairs that the person may see, in an order.
    leave_out: ids of pairs that the page already has. None: there is nothing left.
    """
    if not policies.may_judge(actor):
        raise PermissionDenied
    # Few, and read beforehand: as a condition it would be asked of every pair on the way.
    asked = dict(Referral.objects.in_force().values_list("pair", "asked"))
    mine = [pair for pair, person in asked.items() if person == actor.pk]
    away = [*(pair for pair, person in asked.items() if person != actor.pk), *leave_out]
    free = queue.places.free_for(actor).exclude(pair__in=away)
    parts = [free.not_put_off_by(actor), free.put_off_by(actor)]
    if mine:
        parts.insert(0, parts[0].filter(pair__in=mine))
    for places in parts:
        if claimed := _claim(actor, replace(queue, places=places)):
            return claimed
    return None


def _claim(actor: User, queue: Queue) -> tuple[CandidatePair, Lease] | None:
    """The first pair of the queue that can be had; those that others take now are passed over."""
    passed: list[int] = []
    count = CANDIDATES
    while True:
        rest = replace(queue, places=queue.places.exclude(pair__in=passed))
        pairs = [place.pair for place in rest.first(count)]
        if not pairs:
            return None
        with transaction.atomic():
            pair_id = _lock_one(pairs)
            if pair_id is not None and (lease := _take(pair_id, actor)):
                pair = CandidatePair.objects.select_related("left", "right").get(pk=pair_id)
                return pair, lease
        passed += pairs if pair_id is None else [pair_id]
        count = min(4 * count, MOST_CANDIDATES) if pair_id is None else count


def _lock_one(pairs: list[int]) -> int | None:
    """The first of the pairs whose place nobody else locks now, locked.

    Fifty people who ask at once would otherwise wait for each other at the head of the queue.
    """
    rank = Case(*(When(pair=pair, then=Value(rank)) for rank, pair in enumerate(pairs)))
    places = QueuePlace.objects.filter(pair__in=pairs).select_for_update(skip_locked=True)
    return places.order_by(rank, "library_id").values_list("pair", flat=True).first()


def locked(pair: CandidatePair) -> PairReview:
    """The pair's review row, locked.

    Without joins: whoever had to wait for the lock would join what stood there before the wait.
    """
    PairReview.objects.bulk_create([PairReview(pair=pair)], ignore_conflicts=True)
    return PairReview.objects.select_for_update().get(pk=pair.pk)


def _take(pair_id: int, user: User) -> Lease | None:
    if own_uploads.is_own(user, pair_id):
        return None
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
            taken_from=Case(When(mine, then=F("taken_from")), default=None),
        )
    )
    if not taken:
        return None
    token = PairReview.objects.values_list("token", flat=True).get(pk=pair_id)
    return Lease(pair_id, token, until)
