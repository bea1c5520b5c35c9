"""The page on which admins keep the reasons."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review import reasons

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
PAGE = reverse("review:reasons")
CHANGE = reverse("review:reason_change")
RENAMED = {
    "verdict": "duplicate",
    "code": "rescan",
    "words": "Scanned twice",
    "words_zh": "掃描兩次",
    "place": "1",
}


def test_admins_and_auditors_read_it(client_as: ClientAs, admin: User, auditor: User) -> None:
    for person in (admin, auditor):
        text = client_as(person).get(PAGE).content.decode()
        assert "Same template, other record" in text
        assert "範本相同" in text
    assert "Add a reason" in client_as(admin).get(PAGE).content.decode()


def test_others_do_not(client: Client, client_as: ClientAs, reviewer: User, auditor: User) -> None:
    assert client.get(PAGE).status_code == 302
    assert client_as(reviewer).get(PAGE).status_code == 403
    assert client_as(reviewer).post(CHANGE, RENAMED).status_code == 403
    assert client_as(auditor).post(CHANGE, RENAMED).status_code == 403


def test_the_keys_are_shown_before_anything_is_saved(client_as: ClientAs, admin: User) -> None:
    answer = client_as(admin).post(CHANGE, RENAMED | {"preview": "1"})

    assert answer.status_code == 200
    assert "Nothing is saved yet" in answer.content.decode()
    shown = next(each for each in answer.context["verdicts"] if each["preview"])
    assert [line.code for _number, line in shown["preview"]] == [
        *("rescan", "same_picture", "derivative"),
    ]
    assert reasons.codes("duplicate") == ["same_picture", "derivative", "rescan"]


def test_a_change_is_saved(client_as: ClientAs, admin: User) -> None:
    answer = client_as(admin).post(CHANGE, RENAMED, follow=True)

    assert "Earlier decisions keep the words" in answer.content.decode()
    assert reasons.of("duplicate")[0].words == "Scanned twice"
    again = client_as(admin).post(CHANGE, RENAMED, follow=True)
    assert "Nothing has changed" in again.content.decode()


def test_what_is_wrong_is_said(client_as: ClientAs, admin: User) -> None:
    client = client_as(admin)

    assert client.post(CHANGE, RENAMED | {"words_zh": ""}).status_code == 400
    answer = client.post(CHANGE, RENAMED | {"verdict": "legal_hold"})
    assert answer.status_code == 400
    assert "belongs to another verdict" in answer.content.decode()
