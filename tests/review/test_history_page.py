"""The history of decisions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dedup_site.accounts.models import User
from review.models import Decision, Verdict
from review.services import decisions
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def shown(client: Client, **query: Any) -> list[Decision]:
    answer = client.get(reverse("review:history"), query)
    return [decision for decision, _is_undoable in answer.context["lines"]]


def test_reviewers_see_their_own_auditors_and_admins_everybodys(
    reviewer: User,
    second_reviewer: User,
    auditor: User,
    admin: User,
    client_as: ClientAs,
    make_pair: MakePair,
    judge: Judge,
) -> None:
    mine = judge(reviewer, make_pair("a", "b"))
    theirs = judge(second_reviewer, make_pair("c", "d"))

    assert shown(client_as(reviewer)) == [mine]
    assert shown(client_as(auditor)) == [theirs, mine]
    assert shown(client_as(admin)) == [theirs, mine]


def test_decisions_in_libraries_not_given_are_not_shown(
    reviewer: User, auditor: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    judge(reviewer, make_pair())
    auditor.accesses.all().delete()

    assert shown(client_as(auditor)) == []


def test_filters(reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge) -> None:
    duplicate = judge(reviewer, make_pair("a", "b"))
    other = judge(reviewer, make_pair("c", "d"), Verdict.NOT_DUPLICATE, "other_record")
    client = client_as(reviewer)
    today = timezone.localdate().isoformat()

    assert shown(client, verdict="duplicate") == [duplicate]
    assert shown(client, since=today, until=today) == [other, duplicate]
    assert shown(client, since="2999-01-01") == []
    assert shown(client, since="soon") == []


def test_what_became_of_each_decision(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    taken_back = judge(reviewer, make_pair("a", "b"))
    decisions.undo(actor=reviewer, decision=taken_back)
    pair = make_pair("c", "d")
    changed = judge(reviewer, pair)
    decisions.decide(
        actor=second_reviewer,
        pair=pair,
        verdict="not_duplicate",
        reason="other_record",
        supersedes=changed.pk,
    )
    judge(reviewer, make_pair("e", "f"))

    answer = client_as(reviewer).get(reverse("review:history"))

    text = answer.content.decode()
    assert "Taken back by reviewer" in text
    assert "Changed by second_reviewer" in text
    assert "In force" in text
    assert [is_undoable for _decision, is_undoable in answer.context["lines"]] == [
        True,
        False,
        False,
        False,
    ]


def test_pages_lead_to_older_decisions(
    reviewer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    judge: Judge,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("review.views.history.PAGE", 2)
    made = [judge(reviewer, make_pair(f"l{n}", f"r{n}")) for n in range(3)]
    client = client_as(reviewer)

    first = client.get(reverse("review:history"))
    older = client.get(reverse("review:history") + first.context["older_url"])

    assert [line[0] for line in first.context["lines"]] == [made[2], made[1]]
    assert [line[0] for line in older.context["lines"]] == [made[0]]
    assert older.context["older_url"] == ""


def test_signed_out_and_wrong_role(client: Client, client_as: ClientAs) -> None:
    address = reverse("review:history")

    assert client.get(address).status_code == 302
    assert client_as(User.objects.create_user("nobody")).get(address).status_code == 403


@pytest.mark.parametrize("number", [1, 8])
def test_the_number_of_queries_does_not_grow(
    reviewer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    judge: Judge,
    django_assert_num_queries: DjangoAssertNumQueries,
    number: int,
) -> None:
    for name in range(number):
        judge(reviewer, make_pair(f"l{name}", f"r{name}"))
    client = client_as(reviewer)
    client.get(reverse("review:history"))

    with django_assert_num_queries(8):
        client.get(reverse("review:history"))
