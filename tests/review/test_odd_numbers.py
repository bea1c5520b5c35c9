"""Numbers as nobody types them: no page falls over one."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.numbers import number
from tests.conftest import MakePair
from tests.review.conftest import MakeGroup

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
# Python refuses to read more than 4,300 digits; Postgres has no id of more than nineteen.
LONG = "9" * 5000


@pytest.mark.parametrize(
    ("text", "meant"),
    [("7", 7), ("9" * 18, 10**18 - 1), *((odd, None) for odd in ("", "-1", "1.5", "\u00b2", LONG))],
)
def test_a_number_or_none(text: str, meant: int | None) -> None:
    assert number(text) == meant


@pytest.mark.parametrize("digits", [LONG, "9" * 30])
def test_pages_leave_a_long_number_aside(
    client_as: ClientAs, admin: User, reviewer: User, make_pair: MakePair, digits: str
) -> None:
    client, pair = client_as(reviewer), make_pair().pk
    for address in (
        reverse("review:history") + f"?before={digits}",
        reverse("review:next") + f"?without={digits}",
        reverse("review:pair", args=[pair]) + f"?right={digits}",
        reverse("review:groups") + f"?after={digits}.1",
        reverse("scanning:runs") + f"?library={digits}",
    ):
        assert client.get(address, follow=True).status_code == 200, address[:40]


def test_a_refused_answer_with_a_long_number_comes_back(
    client_as: ClientAs, reviewer: User, make_pair: MakePair, make_group: MakeGroup
) -> None:
    client, pair, group = client_as(reviewer), make_pair("x", "y"), make_group("a", "b", "c")

    decide = reverse("review:decide", args=[pair.pk])
    assert client.post(decide, {"matter": LONG}).status_code == 400
    judge = reverse("review:group_judge", args=[group.pk])
    answer = client.post(judge, {"picture": [LONG, "7"]})
    assert (answer.status_code, answer.context["chosen"]["pictures"]) == (400, {7})
    compare = reverse("review:group_compare", args=[group.pk])
    assert client.get(compare, {"left": LONG, "right": "7"}).status_code == 404
