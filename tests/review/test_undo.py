"""Undo is a new decision; nothing is removed."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.models import Decision, Hold, Matter, PairReview, Verdict
from review.services import decisions, leases
from review.services.refusals import TooLate
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db


def test_undoing_makes_the_pair_undecided_and_gives_it_back(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    decision = judge(reviewer, make_pair())

    withdrawal = decisions.undo(actor=reviewer, decision=decision)

    review = PairReview.objects.get()
    assert (withdrawal.verdict, withdrawal.supersedes) == ("withdrawn", decision)
    assert withdrawal.evidence == {"v": 2, "withdraws": decision.pk}
    assert Decision.objects.filter(pk=decision.pk).exists()
    assert (review.decision, review.verdict) == (None, "")
    assert review.lease_holder == reviewer
    assert list(Decision.objects.in_force()) == []
    assert AuditEvent.objects.filter(action="decision.undone").count() == 1


def test_after_an_undo_the_chain_goes_on(reviewer: User, make_pair: MakePair, judge: Judge) -> None:
    pair = make_pair()
    withdrawal = decisions.undo(actor=reviewer, decision=judge(reviewer, pair))

    again = judge(reviewer, pair, Verdict.NOT_DUPLICATE, "similar_scene")

    assert again.supersedes == withdrawal
    assert list(Decision.objects.in_force()) == [again]


def test_an_answer_from_before_the_undo_is_refused(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    lease = leases.take(actor=reviewer, pair=pair)
    decisions.undo(actor=reviewer, decision=judge(reviewer, pair))

    assert lease is not None
    assert PairReview.objects.get().token > lease.token


def test_a_hold_stays(reviewer: User, make_pair: MakePair, judge: Judge, matter: Matter) -> None:
    decision = judge(reviewer, make_pair(), Verdict.LEGAL_HOLD, "regulator", matter=matter)

    decisions.undo(actor=reviewer, decision=decision)

    assert Hold.objects.count() == 2


def test_only_ones_own_decisions_are_undone(
    reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    decision = judge(reviewer, make_pair())

    with pytest.raises(PermissionDenied):
        decisions.undo(actor=second_reviewer, decision=decision)


def test_a_decision_is_undone_once(reviewer: User, make_pair: MakePair, judge: Judge) -> None:
    decision = judge(reviewer, make_pair())
    decisions.undo(actor=reviewer, decision=decision)

    with pytest.raises(TooLate, match="changed since"):
        decisions.undo(actor=reviewer, decision=decision)


def test_yesterdays_decision_is_not_undone(
    reviewer: User, make_pair: MakePair, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = judge(reviewer, make_pair())
    tomorrow = timezone.localdate() + timedelta(days=1)
    monkeypatch.setattr(
        timezone,
        "localdate",
        lambda moment=None: tomorrow if moment is None else timezone.localtime(moment).date(),
    )

    with pytest.raises(TooLate, match="Only decisions of today"):
        decisions.undo(actor=reviewer, decision=decision)


def test_the_last_decision_is_the_latest_in_force(
    reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    first = judge(reviewer, make_pair("a", "b"))
    second = judge(reviewer, make_pair("c", "d"))
    judge(second_reviewer, make_pair("e", "f"))

    assert decisions.last_of_today(reviewer) == second
    decisions.undo(actor=reviewer, decision=second)
    assert decisions.last_of_today(reviewer) == first
    decisions.undo(actor=reviewer, decision=first)
    assert decisions.last_of_today(reviewer) is None
