"""A page that is refused says what to do, where there is something to be done."""

from collections.abc import Callable

import pytest
from django.test import Client

from dedup_site.accounts.models import User
from review.models import Matter

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def test_a_page_of_another_role(client_as: ClientAs, reviewer: User) -> None:
    answer = client_as(reviewer).get("/people/")

    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Your roles do not allow this" in page
    assert "ask an admin to change your roles" in page


def test_closing_ones_own_account(client_as: ClientAs, admin: User) -> None:
    answer = client_as(admin).post(f"/people/{admin.pk}/activity/", {"active": "no"})

    assert answer.status_code == 403
    assert "You cannot close your own account" in answer.content.decode()


def test_holding_a_whole_library_as_a_reviewer(client_as: ClientAs, reviewer: User) -> None:
    matter = Matter.objects.get(reference="UNASSIGNED")

    answer = client_as(reviewer).get(f"/review/matters/{matter.pk}/hold/?kind=library")

    assert answer.status_code == 403
    assert "Ask a records officer to hold more than that." in answer.content.decode()
