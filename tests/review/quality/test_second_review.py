"""A pair that two people judge without knowing of each other, and a third where they differ."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.models import Decision, Matter, PairReview, SecondReview, Verdict
from review.quality import second
from review.querysets import settled
from review.services import decisions, leases
from review.services.quality_adjudication import Settled, adjudicate, disputes_for
from review.services.refusals import AlreadyDecided, TooLate
from scanning.models import CandidatePair
from tests.conftest import MakePair
from tests.review.conftest import Judge
from tests.review.quality.conftest import SetRule

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def verdict_of(pair: CandidatePair) -> str:
    return PairReview.objects.get(pk=pair.pk).verdict


def apart(judge: Judge, actor: User, pair: CandidatePair) -> Decision:
    return judge(actor, pair, Verdict.NOT_DUPLICATE, "other_record")


@pytest.fixture
def pair(set_rule: SetRule, make_pair: MakePair) -> CandidatePair:
    """A pair of a library in which everything is judged twice."""
    set_rule()
    return make_pair()


@pytest.fixture
def dispute(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge
) -> SecondReview:
    judge(reviewer, pair)
    apart(judge, second_reviewer, pair)
    return SecondReview.objects.get(pair=pair)


def test_without_a_rule_one_verdict_settles(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    judge(reviewer, pair)
    assert verdict_of(pair) == "duplicate"
    assert not SecondReview.objects.exists()


def test_the_first_verdict_waits_and_the_second_settles(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge
) -> None:
    first = judge(reviewer, pair)
    assert verdict_of(pair) == ""
    assert list(settled(CandidatePair.objects.all())) == []

    agreed = judge(second_reviewer, pair)
    review = PairReview.objects.get(pk=pair.pk)
    assert (review.decision, review.verdict) == (agreed, "duplicate")
    assert list(settled(CandidatePair.objects.all())) == [pair]
    found = SecondReview.objects.get()
    assert (found.first, found.second, found.settled) == (first, agreed, agreed)


def test_the_first_judge_is_not_given_the_pair_again(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge
) -> None:
    judge(reviewer, pair)
    assert leases.take(actor=reviewer, pair=pair) is None
    assert leases.take(actor=second_reviewer, pair=pair) is not None


def test_a_dispute_is_given_to_nobody(
    dispute: SecondReview, pair: CandidatePair, third_reviewer: User
) -> None:
    assert verdict_of(pair) == ""
    assert dispute.is_disputed
    assert leases.take(actor=third_reviewer, pair=pair) is None


def test_a_third_person_settles_a_dispute(
    dispute: SecondReview, pair: CandidatePair, third_reviewer: User
) -> None:
    assert list(disputes_for(third_reviewer)) == [dispute]
    made = adjudicate(
        actor=third_reviewer, review=dispute, verdict="duplicate", reason="derivative"
    )
    assert verdict_of(pair) == "duplicate"
    assert made.evidence["adjudicates"] == [dispute.first_id, dispute.second_id]
    assert list(disputes_for(third_reviewer)) == []
    dispute.refresh_from_db()
    assert (dispute.adjudicator, dispute.settled) == (third_reviewer, made)


def test_neither_of_the_two_adjudicates(
    dispute: SecondReview, reviewer: User, second_reviewer: User
) -> None:
    for judge_of_it in (reviewer, second_reviewer):
        assert list(disputes_for(judge_of_it)) == []
        with pytest.raises(PermissionDenied):
            adjudicate(
                actor=judge_of_it, review=dispute, verdict="duplicate", reason="same_picture"
            )


def test_who_may_not_adjudicate(
    dispute: SecondReview, auditor: User, officer: User, outsider: User
) -> None:
    for person in (auditor, officer, outsider):
        assert list(disputes_for(person)) == []
        with pytest.raises(PermissionDenied):
            adjudicate(actor=person, review=dispute, verdict="duplicate", reason="same_picture")


def test_an_adjudication_needs_a_reason_that_fits(dispute: SecondReview, admin: User) -> None:
    with pytest.raises(ValidationError):
        adjudicate(actor=admin, review=dispute, verdict="duplicate", reason="other_record")
    with pytest.raises(ValidationError):
        adjudicate(actor=admin, review=dispute, verdict="legal_hold", reason="litigation")


def test_a_dispute_is_settled_once(
    dispute: SecondReview, admin: User, third_reviewer: User
) -> None:
    adjudicate(actor=admin, review=dispute, verdict="duplicate", reason="same_picture")
    with pytest.raises(Settled):
        adjudicate(
            actor=third_reviewer, review=dispute, verdict="not_duplicate", reason="other_film"
        )


def test_every_verdict_stands_in_the_log_of_decisions(
    dispute: SecondReview, pair: CandidatePair, admin: User
) -> None:
    adjudicate(actor=admin, review=dispute, verdict="duplicate", reason="same_picture")
    verdicts = Decision.objects.filter(pair=pair).order_by("pk").values_list("verdict", flat=True)
    assert list(verdicts) == ["duplicate", "not_duplicate", "duplicate"]


def test_undo_of_the_first_verdict(pair: CandidatePair, reviewer: User, judge: Judge) -> None:
    decisions.undo(actor=reviewer, decision=judge(reviewer, pair))
    assert verdict_of(pair) == ""
    assert second.open_review(pair.pk) is None
    judge(reviewer, pair)
    assert second.open_review(pair.pk) is not None


def test_undo_of_the_second_verdict_leaves_the_first(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge
) -> None:
    first = judge(reviewer, pair)
    decisions.undo(actor=second_reviewer, decision=judge(second_reviewer, pair))
    assert verdict_of(pair) == ""
    waiting = second.open_review(pair.pk)
    assert waiting is not None
    assert (waiting.first, waiting.second) == (first, None)
    judge(second_reviewer, pair)
    assert verdict_of(pair) == "duplicate"


def test_undo_in_a_dispute(
    dispute: SecondReview, pair: CandidatePair, second_reviewer: User, judge: Judge
) -> None:
    given = dispute.second
    assert given is not None
    decisions.undo(actor=second_reviewer, decision=given)
    judge(second_reviewer, pair)
    assert verdict_of(pair) == "duplicate"


def test_the_first_verdict_cannot_be_undone_behind_the_second(
    dispute: SecondReview, reviewer: User
) -> None:
    with pytest.raises(TooLate):
        decisions.undo(actor=reviewer, decision=dispute.first)


def test_undo_of_an_adjudication_opens_the_dispute_again(
    dispute: SecondReview, pair: CandidatePair, third_reviewer: User
) -> None:
    made = adjudicate(
        actor=third_reviewer, review=dispute, verdict="duplicate", reason="same_picture"
    )
    decisions.undo(actor=third_reviewer, decision=made)
    assert verdict_of(pair) == ""
    assert list(disputes_for(third_reviewer)) == [dispute]


def test_the_first_judge_changes_their_mind_and_agrees(
    dispute: SecondReview, pair: CandidatePair, reviewer: User
) -> None:
    changed = decisions.decide(
        actor=reviewer,
        pair=pair,
        verdict="not_duplicate",
        reason="other_film",
        supersedes=dispute.first_id,
    )
    assert verdict_of(pair) == "not_duplicate"
    dispute.refresh_from_db()
    assert (dispute.first, dispute.settled) == (changed, changed)


def test_whoever_changes_a_settled_pair_waits_for_a_second_person_again(
    pair: CandidatePair, reviewer: User, second_reviewer: User, third_reviewer: User, judge: Judge
) -> None:
    judge(reviewer, pair)
    agreed = judge(second_reviewer, pair)
    decisions.decide(
        actor=third_reviewer,
        pair=pair,
        verdict="not_duplicate",
        reason="other_film",
        supersedes=agreed.pk,
    )
    assert verdict_of(pair) == ""
    apart(judge, reviewer, pair)
    assert verdict_of(pair) == "not_duplicate"


def test_the_same_answer_sent_twice_counts_once(pair: CandidatePair, reviewer: User) -> None:
    lease = leases.take(actor=reviewer, pair=pair)
    assert lease is not None
    answer = {"verdict": "duplicate", "reason": "same_picture", "token": lease.token}
    first = decisions.decide(actor=reviewer, pair=pair, **answer)  # type: ignore[arg-type]
    assert decisions.decide(actor=reviewer, pair=pair, **answer) == first  # type: ignore[arg-type]
    with pytest.raises(AlreadyDecided):
        decisions.decide(
            actor=reviewer, pair=pair, verdict="not_duplicate", reason="other_film", token=1
        )


def test_a_legal_hold_is_never_kept_waiting(
    pair: CandidatePair, reviewer: User, officer: User, judge: Judge, matter: Matter
) -> None:
    judge(reviewer, pair)
    held = judge(officer, pair, Verdict.LEGAL_HOLD, "litigation", matter=matter)
    assert verdict_of(pair) == "legal_hold"
    decisions.undo(actor=officer, decision=held)
    assert verdict_of(pair) == ""
    assert second.open_review(pair.pk) is not None


def test_what_waits_still_needs_a_second_person_when_the_rule_is_off(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge, set_rule: SetRule
) -> None:
    judge(reviewer, pair)
    set_rule("off")
    assert verdict_of(pair) == ""
    judge(second_reviewer, pair)
    assert verdict_of(pair) == "duplicate"


# What Postgres refuses, whoever asks.


def refused() -> "pytest.RaisesExc[DatabaseError]":
    return pytest.raises(DatabaseError)


def test_postgres_keeps_a_waiting_pair_undecided(
    pair: CandidatePair, reviewer: User, judge: Judge
) -> None:
    first = judge(reviewer, pair)
    with refused(), transaction.atomic():
        PairReview.objects.filter(pk=pair.pk).update(decision=first, verdict="duplicate")
    assert verdict_of(pair) == ""


def test_postgres_wants_another_person(pair: CandidatePair, reviewer: User, judge: Judge) -> None:
    first = judge(reviewer, pair)
    with refused(), transaction.atomic():
        SecondReview.objects.update(second=first, second_judge=reviewer)
    assert SecondReview.objects.get().second is None


def test_postgres_wants_a_third_person(dispute: SecondReview, reviewer: User) -> None:
    with refused(), transaction.atomic():
        SecondReview.objects.update(
            third=dispute.first, adjudicator=reviewer, settled=dispute.first
        )
    assert SecondReview.objects.get().settled is None


def test_postgres_does_not_settle_a_dispute_by_one_of_the_two(dispute: SecondReview) -> None:
    with refused(), transaction.atomic():
        SecondReview.objects.update(settled=dispute.second)
    assert SecondReview.objects.get().settled is None


def test_postgres_knows_whose_verdict_it_is(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge
) -> None:
    judge(reviewer, pair)
    with refused(), transaction.atomic():
        SecondReview.objects.update(first_judge=second_reviewer)
    assert SecondReview.objects.get().first_judge == reviewer


# What people see.


def test_the_second_person_sees_an_undecided_pair(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge, client_as: ClientAs
) -> None:
    fresh = client_as(second_reviewer).get(reverse("review:pair", args=[pair.pk]))
    leases.release(actor=second_reviewer, pair=pair)
    judge(reviewer, pair, note="the stamp is the same")
    page = client_as(second_reviewer).get(reverse("review:pair", args=[pair.pk]))
    assert page.context["decision"] is None
    assert page.context["past"] == []
    assert page.context["options"] == fresh.context["options"]
    assert "the stamp" not in page.text
    assert "Decided" not in page.text


def test_the_first_person_sees_their_verdict_as_any_other(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge, client_as: ClientAs
) -> None:
    first = judge(reviewer, pair)
    client = client_as(reviewer)
    page = client.get(reverse("review:pair", args=[pair.pk]))
    assert (page.context["decision"], page.context["may_undo"]) == (first, True)

    apart(judge, second_reviewer, pair)
    page = client.get(reverse("review:pair", args=[pair.pk]))
    assert page.context["decision"] == first
    assert page.context["past"] == [first]
    assert second_reviewer.username not in page.text
    history = client.get(reverse("review:history"))
    assert second_reviewer.username not in history.text
    assert "In force" in history.text


def test_the_queue_is_the_first_persons_own(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge, client_as: ClientAs
) -> None:
    judge(reviewer, pair)

    def pairs(user: User, state: str) -> list[int]:
        page = client_as(user).get(reverse("review:queue"), {"state": state})
        return [row.pair.pk for row in page.context["rows"]]

    assert pairs(reviewer, "undecided") == []
    assert pairs(reviewer, "duplicate") == [pair.pk]
    assert pairs(second_reviewer, "undecided") == [pair.pk]
    assert pairs(second_reviewer, "duplicate") == []


def test_the_next_pair_is_one_that_the_person_may_judge(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge, client_as: ClientAs
) -> None:
    judge(reviewer, pair)
    assert "Nothing left" in client_as(reviewer).get(reverse("review:next")).text
    answer = client_as(second_reviewer).get(reverse("review:next"))
    assert answer.headers["Location"] == reverse("review:pair", args=[pair.pk])


def test_auditors_read_everything(
    dispute: SecondReview, pair: CandidatePair, auditor: User, client_as: ClientAs
) -> None:
    page = client_as(auditor).get(reverse("review:pair", args=[pair.pk]))
    assert page.context["past"] == [dispute.second, dispute.first]


def test_the_day_of_the_first_person_keeps_its_count(
    dispute: SecondReview, reviewer: User, client_as: ClientAs
) -> None:
    page = client_as(reviewer).get(reverse("review:pair", args=[dispute.pair_id]))
    assert page.context["day"].done == 1
