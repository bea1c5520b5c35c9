"""The pair page and the way to it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dedup_site.accounts.models import User
from review.models import Matter, PairReview, Verdict
from review.services import leases
from scanning.models import CandidatePair, Library, SourceFile
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
FRAGMENT = {"X-Desk": "1"}


def url(pair: CandidatePair) -> str:
    return reverse("review:pair", args=[pair.pk])


def test_shows_both_pictures_the_evidence_and_what_differs(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair("a", "b", distance=12, score=953)

    text = client_as(reviewer).get(url(pair)).content.decode()

    for picture in (pair.left_id, pair.right_id):
        assert reverse("pictures:show", args=[picture, "view"]) in text
    assert "12 of 256 bits differ" in text
    assert "95.3\N{NO-BREAK SPACE}%" in text
    assert "64 of 256 bits" in text
    assert "a.jpg" in text
    assert "A verdict changes no file." in text
    assert pair.left.digest in text


def test_looking_takes_the_pair(reviewer: User, client_as: ClientAs, make_pair: MakePair) -> None:
    pair = make_pair()

    text = client_as(reviewer).get(url(pair)).content.decode()

    assert PairReview.objects.get().lease_holder == reviewer
    assert '<input type="hidden" name="token" value="1">' in text


def test_a_pair_that_somebody_else_has_is_for_looking_only(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=second_reviewer, pair=pair)

    text = client_as(reviewer).get(url(pair)).content.decode()

    assert "second_reviewer is looking at this pair until" in text
    assert "data-answer" not in text


def test_readers_look_without_taking_the_pair(
    auditor: User, admin: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()

    for person in (auditor, admin):
        answer = client_as(person).get(url(pair))
        assert answer.status_code == 200
        assert "data-answer" not in answer.content.decode()
    assert not PairReview.objects.exists()


def test_an_officer_may_only_hold(officer: User, client_as: ClientAs, make_pair: MakePair) -> None:
    text = client_as(officer).get(url(make_pair())).content.decode()

    assert 'value="legal_hold"' in text
    assert 'value="not_duplicate"' not in text


def test_signed_out_people_sign_in_first(client: Client, make_pair: MakePair) -> None:
    for address in (url(make_pair()), reverse("review:next")):
        assert client.get(address).status_code == 302


def test_without_the_role_it_is_refused(
    auditor: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    assert client_as(User.objects.create_user("nobody")).get(url(make_pair())).status_code == 403
    assert client_as(auditor).get(reverse("review:next")).status_code == 403


def test_a_pair_of_a_library_not_given_is_not_there(
    outsider: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    assert client_as(outsider).get(url(make_pair())).status_code == 404


def test_a_decided_pair_shows_the_decision_and_offers_to_change_it(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    decision = judge(second_reviewer, pair, note="Same stock photo.")

    text = client_as(reviewer).get(url(pair)).content.decode()

    assert "Decided: Duplicate, by second_reviewer" in text
    assert "Same stock photo." in text
    assert f'<input type="hidden" name="supersedes" value="{decision.pk}">' in text
    assert "Undo this decision" not in text
    assert "Undo this decision" in client_as(second_reviewer).get(url(pair)).content.decode()


def test_holds_on_a_picture_are_shown(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge, matter: Matter
) -> None:
    judge(reviewer, make_pair("a", "b"), Verdict.LEGAL_HOLD, "regulator", matter=matter)

    text = client_as(reviewer).get(url(make_pair("a", "c"))).content.decode()

    assert "On legal hold" in text
    assert "UNASSIGNED" in text


def test_the_files_of_an_identical_pair_are_listed(
    reviewer: User, library: Library, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair("a", "a", tier="identical")
    files = [
        SourceFile.objects.create(
            library=library,
            path_key=f"{number}".encode().ljust(32),
            path=f"copy {number}.jpg",
            size=1,
            modified_ns=0,
            sha256=pair.left.sha256,
            state="read",
        )
        for number in range(12)
    ]
    client = client_as(reviewer)

    first = client.get(url(pair))
    chosen = client.get(url(pair), {"right": files[7].pk})

    assert "copy 11.jpg" in first.content.decode()
    assert first.context["left"].shown.path == "a.jpg"
    assert first.context["right"].shown == files[0]
    assert chosen.context["right"].shown == files[7]


def test_next_leads_to_a_pair_and_keeps_the_filters(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    make_pair("a", "b", score=900)
    low = make_pair("c", "d", score=700)

    answer = client_as(reviewer).get(reverse("review:next"), {"score_max": "80", "after": "x"})

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{url(low)}?score_max=80"


def test_next_for_the_script_is_a_leased_desk_that_is_not_yet_on_the_page(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    first, second = make_pair("a", "b", score=900), make_pair("c", "d", score=700)
    client = client_as(reviewer)

    answer = client.get(reverse("review:next"), {"without": first.pk}, headers=FRAGMENT)
    nothing = client.get(
        reverse("review:next"), {"without": [first.pk, second.pk]}, headers=FRAGMENT
    )

    assert f'data-pair="{second.pk}"' in answer.content.decode()
    assert "without=" not in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert PairReview.objects.get(pk=second.pk).lease_holder == reviewer
    assert nothing.status_code == 204


def test_at_the_end_there_is_a_page_that_says_so(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    client = client_as(reviewer)
    judge(reviewer, make_pair("a", "b"))

    text = client.get(reverse("review:next")).content.decode()
    assert "Nothing left to review here" in text
    assert "You have made 1 decision today." in text

    leases.take(actor=second_reviewer, pair=make_pair("c", "d"))
    text = client.get(reverse("review:next")).content.decode()
    assert "1 pair of this filter is with somebody else" in text


def test_the_day_is_counted(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair("a", "b"))
    pair = make_pair("c", "d")
    make_pair("e", "f", tier="lookalike")

    day = client_as(reviewer).get(url(pair)).context["day"]

    assert (day.done, day.left, day.left_is_more) == (1, 1, False)


def test_after_the_lease_has_lapsed_the_page_takes_it_again(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    pair = make_pair()
    client = client_as(reviewer)
    client.get(url(pair))
    PairReview.objects.update(lease_until=timezone.now() - timedelta(minutes=1))

    answer = client.post(reverse("review:lease", args=[pair.pk]))

    assert answer.status_code == 200
    assert answer.json()["token"] == 1
    assert PairReview.objects.filter(lease_until__gt=timezone.now()).exists()


def test_the_number_of_queries_is_bounded(
    reviewer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    pair = make_pair()
    client = client_as(reviewer)
    client.get(url(pair))

    with django_assert_max_num_queries(38):
        client.get(url(pair))
