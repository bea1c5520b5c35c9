"""Asking a colleague: whose queue the pair is in, and how it comes back."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.models import Referral
from review.services import decisions, leases, referrals
from review.services.refusals import AlreadyDecided, LeaseLost, Refused
from scanning.models import CandidatePair
from tests.conftest import MakePair
from tests.review.conftest import Judge
from tests.review.test_leases import claim

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def ask(actor: User, pair: CandidatePair, to: User, note: str = "") -> Referral:
    """As the page does: with the lease that looking at the pair gave."""
    lease = leases.take(actor=actor, pair=pair)
    return referrals.refer(
        actor=actor, pair=pair, to=to, note=note, token=lease.token if lease else None
    )


def test_it_leaves_ones_own_queue_and_is_first_in_the_other(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    best, asked = make_pair("a", "b", score=950), make_pair("c", "d", score=700)

    ask(reviewer, asked, second_reviewer, "Which year?")

    assert claim(reviewer) == best
    assert claim(reviewer, best.pk) is None
    assert claim(second_reviewer) == asked
    actions = AuditEvent.objects.filter(action__startswith="pair.").values_list("action", flat=True)
    assert list(actions) == ["pair.referred"]


def test_an_answer_closes_it(reviewer: User, second_reviewer: User, make_pair: MakePair) -> None:
    pair = make_pair()
    referral = ask(reviewer, pair, second_reviewer)
    lease = leases.take(actor=second_reviewer, pair=pair)
    assert lease is not None

    decisions.decide(
        actor=second_reviewer,
        pair=pair,
        verdict="duplicate",
        reason="rescan",
        token=lease.token,
    )

    referral.refresh_from_db()
    assert referral.outcome == "answered"
    assert referral.closed_at is not None
    assert AuditEvent.objects.filter(action="pair.referral_closed").count() == 1


def test_it_is_sent_back_with_a_note(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    referral = ask(reviewer, pair, second_reviewer)

    referrals.send_back(actor=second_reviewer, referral=referral, note="Not my district.")

    referral.refresh_from_db()
    assert (referral.outcome, referral.answer) == ("sent_back", "Not my district.")
    assert claim(reviewer) == pair
    with pytest.raises(Refused, match="already"):
        referrals.send_back(actor=second_reviewer, referral=referral)


def test_who_asked_takes_it_back_and_nobody_else(
    reviewer: User, second_reviewer: User, officer: User, make_pair: MakePair
) -> None:
    referral = ask(reviewer, make_pair(), second_reviewer)

    with pytest.raises(PermissionDenied):
        referrals.send_back(actor=officer, referral=referral)
    assert referrals.send_back(actor=reviewer, referral=referral).outcome == "taken_back"


def test_passing_it_on_closes_the_first_question(
    reviewer: User, second_reviewer: User, officer: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    first = ask(reviewer, pair, second_reviewer)
    ask(second_reviewer, pair, officer)

    first.refresh_from_db()
    assert first.outcome == "passed_on"
    assert claim(officer) == pair
    assert claim(second_reviewer) is None


@pytest.mark.parametrize("loss", ["deactivated", "library", "role"])
def test_whoever_may_no_longer_judge_leaves_it_to_everybody(
    reviewer: User, second_reviewer: User, make_pair: MakePair, loss: str
) -> None:
    pair = make_pair()
    ask(reviewer, pair, second_reviewer)
    assert claim(reviewer) is None

    if loss == "deactivated":
        User.objects.filter(pk=second_reviewer.pk).update(is_active=False)
    elif loss == "library":
        second_reviewer.accesses.all().delete()
    else:
        second_reviewer.groups.clear()

    assert claim(reviewer) == pair
    assert referrals.open_for(pair) is None


def test_only_colleagues_who_may_judge_the_pair(
    reviewer: User,
    second_reviewer: User,
    officer: User,
    auditor: User,
    outsider: User,
    make_pair: MakePair,
) -> None:
    pair = make_pair()

    assert referrals.colleagues(pair, reviewer) == [officer, second_reviewer]
    for person in (auditor, outsider, reviewer):
        with pytest.raises(ValidationError):
            ask(reviewer, pair, person)
    with pytest.raises(PermissionDenied):
        referrals.refer(actor=auditor, pair=pair, to=reviewer)


def test_a_lost_lease_or_a_verdict_comes_first(
    reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    leases.take(actor=second_reviewer, pair=pair)

    with pytest.raises(LeaseLost):
        referrals.refer(actor=reviewer, pair=pair, to=second_reviewer, token=0)
    judge(second_reviewer, pair)
    with pytest.raises(AlreadyDecided):
        referrals.refer(actor=reviewer, pair=pair, to=second_reviewer, token=1)


def test_from_the_page(
    client_as: ClientAs, reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    lease = leases.take(actor=reviewer, pair=pair)
    assert lease is not None
    sent = {"to": second_reviewer.pk, "refer_note": "Which year?", "token": lease.token}

    answer = client_as(reviewer).post(
        reverse("review:refer", args=[pair.pk]), sent, headers={"X-Desk": "1"}
    )
    assert answer.json() == {"message": "Referred to second_reviewer."}

    theirs = client_as(second_reviewer)
    queue = theirs.get(reverse("review:queue"), {"state": "referred"})
    assert [row.pair for row in queue.context["rows"]] == [pair]
    assert queue.context["counts"].by_state["referred"].number == 1
    text = theirs.get(reverse("review:pair", args=[pair.pk])).content.decode()
    assert "reviewer asks you to judge this pair" in text
    assert "Which year?" in text
    referral = Referral.objects.get()
    back = theirs.post(reverse("review:send_back", args=[referral.pk]), follow=True)
    assert "in everybody&#x27;s queue again" in back.content.decode()


def test_who_may_not(
    client: Client, client_as: ClientAs, auditor: User, outsider: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    for name in ("review:refer", "review:take_over"):
        address = reverse(name, args=[pair.pk])
        assert client.post(address).status_code == 302
        assert client_as(auditor).post(address).status_code == 403
        assert client_as(outsider).post(address).status_code == 404
