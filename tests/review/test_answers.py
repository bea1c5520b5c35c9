"""What people send from the pair page: with plain forms, and with the page's script."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.models import Decision, Hold, Matter, PairReview, Skip, Verdict
from review.services import decisions, leases
from scanning.models import CandidatePair
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
SCRIPT = {"X-Desk": "1"}


def answer(client: Client, pair: CandidatePair, headers: Any = None, **fields: Any) -> Any:
    """Take the pair and send the form."""
    client.get(reverse("review:pair", args=[pair.pk]))
    token = PairReview.objects.get(pk=pair.pk).token
    data = {"verdict": "duplicate", "reason": "rescan", "note": "", "token": token, **fields}
    return client.post(
        reverse("review:decide", args=[pair.pk]) + "?score_min=50", data, headers=headers
    )


def test_a_plain_form_saves_and_leads_to_the_next_pair(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()

    response = answer(client_as(reviewer), pair, note="Seen.")

    assert response.status_code == 302
    assert response.url == reverse("review:next") + "?score_min=50"
    assert Decision.objects.get().note == "Seen."


def test_the_script_gets_a_message(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    response = answer(client_as(reviewer), make_pair(), SCRIPT)

    assert response.status_code == 200
    assert response.json() == {
        "message": "Saved: Duplicate.",
        "decision": Decision.objects.get().pk,
    }


def test_a_refused_plain_answer_comes_back_with_the_note(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=second_reviewer, pair=pair)

    response = answer(client_as(reviewer), pair, token=0, note="Look at the stamp.")

    text = response.content.decode()
    assert response.status_code == 409
    assert "second_reviewer has this pair until" in text
    assert "Look at the stamp." in text
    assert not Decision.objects.exists()


def test_a_refused_answer_of_the_script_says_why(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    judge(second_reviewer, pair)

    response = answer(client_as(reviewer), pair, SCRIPT)

    assert response.status_code == 409
    assert response.json()["message"].startswith("second_reviewer has judged this pair")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reason": "litigation"}, "Choose a reason that belongs to the verdict."),
        ({"reason": ""}, "Choose a reason."),
        ({"verdict": ""}, "Choose a verdict."),
        ({"verdict": "withdrawn"}, "withdrawn is not one of the available choices"),
        ({"verdict": "legal_hold", "reason": "regulator"}, "Choose the matter"),
        ({"note": "x" * 2001}, "The note has 2001 characters; 2000 fit."),
    ],
)
def test_a_wrong_answer_says_what_is_wrong(
    reviewer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    fields: dict[str, str],
    message: str,
) -> None:
    response = answer(client_as(reviewer), make_pair(), SCRIPT, **fields)

    assert response.status_code == 400
    assert message in response.json()["message"]


def test_a_legal_hold_from_the_page(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, matter: Matter
) -> None:
    answer(
        client_as(reviewer),
        make_pair(),
        verdict="legal_hold",
        reason="investigation",
        matter=matter.pk,
    )

    assert Hold.objects.filter(matter=matter, reason="investigation").count() == 2


def test_changing_a_decision_stays_on_the_pair(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    first = judge(reviewer, pair)

    response = answer(client_as(reviewer), pair, supersedes=first.pk)

    assert response.url == reverse("review:pair", args=[pair.pk]) + "?score_min=50"
    assert Decision.objects.in_force().get().supersedes == first


def test_skipping(reviewer: User, client_as: ClientAs, make_pair: MakePair) -> None:
    pair = make_pair()
    client = client_as(reviewer)

    plain = client.post(reverse("review:skip", args=[pair.pk]) + "?tier=near")
    script = client.post(reverse("review:skip", args=[pair.pk]), headers=SCRIPT)

    assert plain.headers["Location"] == reverse("review:next") + "?tier=near"
    assert script.json() == {"message": "Skipped. It comes again after the others."}
    assert Skip.objects.count() == 1


def test_undoing_the_last_leads_back_to_its_pair(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    judge(reviewer, pair)
    client = client_as(reviewer)

    response = client.post(reverse("review:undo_last"), headers=SCRIPT)

    assert response.json() == {
        "message": "Undone: Duplicate. The pair is undecided again.",
        "url": reverse("review:pair", args=[pair.pk]),
    }
    again = client.post(reverse("review:undo_last"), headers=SCRIPT)
    assert again.status_code == 409
    assert "nothing to undo" in again.json()["message"]


def test_undoing_a_hold_says_that_the_hold_stays(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge, matter: Matter
) -> None:
    decision = judge(reviewer, make_pair(), Verdict.LEGAL_HOLD, "litigation", matter=matter)

    response = client_as(reviewer).post(reverse("review:undo", args=[decision.pk]), headers=SCRIPT)

    assert "The hold on its pictures stays until it is released." in response.json()["message"]
    assert Hold.objects.count() == 2


def test_undoing_too_late_says_so(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    decision = judge(reviewer, make_pair())
    decisions.undo(actor=reviewer, decision=decision)
    address = reverse("review:undo", args=[decision.pk])
    client = client_as(reviewer)

    assert client.post(address, headers=SCRIPT).status_code == 409
    assert client.post(address).headers["Location"] == reverse("review:history")


def test_somebody_elses_decision_is_not_undone(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    decision = judge(second_reviewer, make_pair())

    response = client_as(reviewer).post(reverse("review:undo", args=[decision.pk]))

    assert response.status_code == 403


def test_the_heartbeat_says_when_the_pair_is_lost(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=second_reviewer, pair=pair)

    response = client_as(reviewer).post(reverse("review:lease", args=[pair.pk]))

    assert response.status_code == 409


def test_closing_the_page_gives_the_pair_back(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=reviewer, pair=pair)

    response = client_as(reviewer).post(reverse("review:release", args=[pair.pk]))

    assert response.status_code == 204
    assert PairReview.objects.get().lease_holder is None


def addresses(pair: CandidatePair, decision: Decision) -> list[str]:
    return [
        *(
            reverse(f"review:{name}", args=[pair.pk])
            for name in ("decide", "skip", "lease", "release")
        ),
        reverse("review:undo", args=[decision.pk]),
    ]


def test_signed_out_wrong_role_and_library_not_given(
    reviewer: User,
    auditor: User,
    outsider: User,
    client: Client,
    client_as: ClientAs,
    make_pair: MakePair,
    judge: Judge,
) -> None:
    pair = make_pair()
    decision = judge(reviewer, pair)

    for address in addresses(pair, decision):
        assert client.post(address).status_code == 302, address
        assert client_as(auditor).post(address).status_code == 403, address
        assert client_as(outsider).post(address).status_code == 404, address
        assert client_as(reviewer).get(address).status_code == 405, address


def test_a_form_from_elsewhere_is_refused(reviewer: User, make_pair: MakePair) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)

    response = client.post(reverse("review:skip", args=[make_pair().pk]))

    assert response.status_code == 403
