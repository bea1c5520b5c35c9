"""Nobody is shown a pair that somebody else is looking at."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dedup_site.accounts.models import User
from review.models import Order, PairReview, QueuePlace, Skip
from review.ordering import Queue
from review.paging import TIERS
from review.services import leases
from scanning.models import CandidatePair, Library
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db


def queue_of(actor: User, order: Order = Order.SURE) -> Queue:
    """Everything open that the person may see, look-alikes too."""
    libraries = list(Library.objects.visible_to(actor).values_list("pk", flat=True))
    return Queue(QueuePlace.objects.within(libraries), libraries, TIERS, order)


def claim(actor: User, *leave_out: int) -> CandidatePair | None:
    claimed = leases.claim_next(
        actor=actor,
        queue=queue_of(actor),
        leave_out=leave_out,
    )
    return claimed[0] if claimed else None


def let_lapse(pair: CandidatePair) -> None:
    PairReview.objects.filter(pk=pair.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_the_first_to_look_has_the_pair(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    pair = make_pair()

    lease = leases.take(actor=reviewer, pair=pair)

    assert lease is not None
    assert lease.token == 1
    assert lease.until > timezone.now() + timedelta(minutes=4)
    assert leases.take(actor=second_reviewer, pair=pair) is None


def test_looking_again_keeps_the_lease_and_its_token(reviewer: User, make_pair: MakePair) -> None:
    pair = make_pair()
    first = leases.take(actor=reviewer, pair=pair)
    let_lapse(pair)

    again = leases.take(actor=reviewer, pair=pair)

    assert first is not None
    assert again is not None
    assert again.token == first.token
    assert again.until > timezone.now()


def test_a_lapsed_lease_passes_on_with_a_higher_token(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=reviewer, pair=pair)
    let_lapse(pair)

    lease = leases.take(actor=second_reviewer, pair=pair)

    assert lease is not None
    assert lease.token == 2
    assert leases.take(actor=reviewer, pair=pair) is None


def test_a_released_pair_is_free_at_once(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=reviewer, pair=pair)

    leases.release(actor=second_reviewer, pair=pair)
    assert leases.take(actor=second_reviewer, pair=pair) is None

    leases.release(actor=reviewer, pair=pair)
    assert leases.take(actor=second_reviewer, pair=pair) is not None


def test_a_page_that_closes_late_does_not_give_back_what_its_reload_has_taken(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    before = leases.take(actor=reviewer, pair=pair)
    after = leases.take(actor=reviewer, pair=pair)
    assert before is not None
    assert after is not None

    leases.release(actor=reviewer, pair=pair, until=before.until)
    assert leases.take(actor=second_reviewer, pair=pair) is None

    leases.release(actor=reviewer, pair=pair, until=after.until)
    assert leases.take(actor=second_reviewer, pair=pair) is not None


def test_a_decided_pair_is_not_taken(reviewer: User, make_pair: MakePair, judge: Judge) -> None:
    pair = make_pair()
    judge(reviewer, pair)

    assert leases.take(actor=reviewer, pair=pair) is None


def test_only_who_may_judge_and_see_the_pair_takes_it(
    auditor: User, outsider: User, make_pair: MakePair
) -> None:
    pair = make_pair()

    for person in (auditor, outsider):
        with pytest.raises(PermissionDenied):
            leases.take(actor=person, pair=pair)
    with pytest.raises(PermissionDenied):
        claim(auditor)
    assert claim(outsider) is None
    assert not PairReview.objects.exists()


def test_the_queue_goes_by_tier_then_score(reviewer: User, make_pair: MakePair) -> None:
    low = make_pair("a", "b", score=700)
    lookalike = make_pair("c", "d", tier="lookalike", score=999)
    high = make_pair("e", "f", score=950)
    same = make_pair("g", "h", tier="same_pixels", distance=0, score=900)
    identical = make_pair("i", "i", tier="identical", distance=0, score=1000)

    order: list[int] = []
    while pair := claim(reviewer, *order):
        order.append(pair.pk)

    assert order == [identical.pk, same.pk, high.pk, low.pk, lookalike.pk]


def test_reviewers_get_different_pairs(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    first, second = make_pair("a", "b", score=950), make_pair("c", "d", score=900)

    assert claim(reviewer) == first
    assert claim(second_reviewer) == second
    assert claim(reviewer) == first
    assert claim(reviewer, first.pk) is None


def test_what_one_put_off_comes_last_and_only_for_oneself(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    put_off, other = make_pair("a", "b", score=950), make_pair("c", "d", score=900)
    Skip.objects.create(pair=put_off, user=reviewer)

    assert claim(reviewer) == other
    assert claim(reviewer, other.pk) == put_off
    leases.release(actor=reviewer, pair=put_off)
    assert claim(second_reviewer) == put_off
