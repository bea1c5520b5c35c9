"""Matters: listed with their holds, opened by records officers."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.models import Matter, Verdict
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
NEW = {"reference": "HCA 1/2026", "title": "Chan v. Bank"}


def test_lists_matters_with_the_holds_that_one_may_see(
    reviewer: User,
    officer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    judge: Judge,
    matter: Matter,
) -> None:
    judge(reviewer, make_pair("a", "b"), Verdict.LEGAL_HOLD, "litigation", matter=matter)
    judge(officer, make_pair("a", "c"), Verdict.LEGAL_HOLD, "regulator", matter=matter)

    def counts(person: User) -> tuple[object, object]:
        (line,) = client_as(person).get(reverse("review:matters")).context["lines"]
        return line["holds"], line["pictures"]

    assert counts(officer) == (4, 3)
    officer.accesses.all().delete()
    assert counts(officer) == (0, 0)


def test_an_officer_opens_a_matter(officer: User, client_as: ClientAs) -> None:
    client = client_as(officer)

    answer = client.post(reverse("review:matters"), NEW, follow=True)

    assert "Opened: HCA 1/2026 Chan v. Bank." in answer.content.decode()
    assert Matter.objects.get(reference="HCA 1/2026").opened_by == officer


def test_a_reference_that_is_taken_comes_back_with_the_reason(
    officer: User, client_as: ClientAs
) -> None:
    client = client_as(officer)
    client.post(reverse("review:matters"), NEW)

    answer = client.post(reverse("review:matters"), NEW)

    assert answer.status_code == 400
    assert "already exists" in answer.content.decode()
    assert "Chan v. Bank" in answer.content.decode()


def test_a_matter_without_anything_filled_in_is_refused(officer: User, client_as: ClientAs) -> None:
    answer = client_as(officer).post(reverse("review:matters"), {})

    assert answer.status_code == 400
    assert "This field is required" in answer.content.decode()


def test_reviewers_look_but_do_not_open(reviewer: User, client_as: ClientAs) -> None:
    client = client_as(reviewer)

    assert "Open the matter" not in client.get(reverse("review:matters")).content.decode()
    assert client.post(reverse("review:matters"), NEW).status_code == 403
    assert Matter.objects.count() == 1


def test_signed_out_and_wrong_role(client: Client, client_as: ClientAs, admin: User) -> None:
    address = reverse("review:matters")

    assert client.get(address).status_code == 302
    assert client_as(admin).get(address).status_code == 403
