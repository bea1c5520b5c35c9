"""Taking a pair over from somebody who has it."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.models import Decision
from review.services import decisions, leases
from review.services.refusals import LeaseLost
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def test_the_first_one_is_told_and_refused(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    first = leases.take(actor=reviewer, pair=pair)
    assert first is not None

    second = leases.take_over(actor=second_reviewer, pair=pair)

    assert second is not None
    assert second.token == first.token + 1
    again = leases.take(actor=second_reviewer, pair=pair)  # by looking at it
    assert again is not None
    assert again.token == second.token
    heartbeat = client_as(reviewer).post(reverse("review:lease", args=[pair.pk]))
    assert heartbeat.status_code == 409
    assert heartbeat.json()["message"].startswith("second_reviewer has taken over this pair.")
    with pytest.raises(LeaseLost, match="second_reviewer has taken over this pair"):
        decisions.decide(
            actor=reviewer,
            pair=pair,
            verdict="duplicate",
            reason="rescan",
            note="Not lost",
            token=first.token,
        )
    assert not Decision.objects.exists()
    event = AuditEvent.objects.get(action="pair.taken_over")
    assert event.actor_id == second_reviewer.pk


def test_a_refused_answer_comes_back_with_its_note(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    first = leases.take(actor=reviewer, pair=pair)
    assert first is not None
    leases.take_over(actor=second_reviewer, pair=pair)

    answer = client_as(reviewer).post(
        reverse("review:decide", args=[pair.pk]),
        {"verdict": "duplicate", "reason": "rescan", "note": "Not lost", "token": first.token},
    )

    assert answer.status_code == 409
    assert "Not lost" in answer.content.decode()


def test_what_nobody_has_is_simply_taken(reviewer: User, make_pair: MakePair) -> None:
    lease = leases.take_over(actor=reviewer, pair=make_pair())

    assert lease is not None
    assert not AuditEvent.objects.filter(action="pair.taken_over").exists()


def test_a_decided_pair_is_not_taken_over(
    reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    judge(reviewer, pair)

    assert leases.take_over(actor=second_reviewer, pair=pair) is None


def test_only_who_may_judge(
    reviewer: User, auditor: User, outsider: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=reviewer, pair=pair)

    for person in (auditor, outsider):
        with pytest.raises(PermissionDenied):
            leases.take_over(actor=person, pair=pair)


def test_the_page_asks_first(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=reviewer, pair=pair)
    client = client_as(second_reviewer)

    text = client.get(reverse("review:pair", args=[pair.pk])).content.decode()
    assert "reviewer is told, and an answer of theirs is refused" in text
    after = client.post(reverse("review:take_over", args=[pair.pk]), follow=True)
    assert "The pair is yours now" in after.content.decode()
    assert after.context["lease"] is not None
