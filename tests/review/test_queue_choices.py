"""The order that a person keeps, and filters under a name."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.models import QueueChoice, SavedFilter
from review.services.queue_choices import MOST_FILTERS
from scanning.models import Library
from tests.conftest import MakePair, MakePicture

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]
QUEUE = reverse("review:queue")
SAVE = reverse("review:filter_save")


def test_the_order_is_kept_and_the_way_to_the_next_pair_goes_by_it(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, make_picture: MakePicture
) -> None:
    make_picture("big", byte_size=9_000)
    make_picture("bigger", byte_size=9_000)
    sure = make_pair("a", "b", score=950)
    large = make_pair("big", "bigger", score=700)
    client = client_as(reviewer)
    assert [row.pair for row in client.get(QUEUE).context["rows"]] == [sure, large]

    client.post(reverse("review:order"), {"order": "value"})

    assert QueueChoice.objects.get(user=reviewer).order == "value"
    assert [row.pair for row in client.get(QUEUE).context["rows"]] == [large, sure]
    assert client.get(reverse("review:next"), follow=True).context["pair"] == large
    client.post(reverse("review:order"), {"order": "by smell"})
    assert QueueChoice.objects.get(user=reviewer).order == "value"


def test_a_filter_is_saved_and_found_again(reviewer: User, client_as: ClientAs) -> None:
    client = client_as(reviewer)

    client.post(f"{SAVE}?score_min=80&tier=near&after=1.2.3&order=age", {"name": " Hard ones "})

    saved = SavedFilter.objects.get()
    assert (saved.name, saved.query) == ("Hard ones", "score_min=80&tier=near")
    page = client.get(f"{QUEUE}?{saved.query}")
    assert [(each.name, each.is_chosen, each.is_mine) for each in page.context["saved"]] == [
        ("Hard ones", True, True)
    ]
    client.post(reverse("review:filter_drop", args=[saved.pk]))
    assert not SavedFilter.objects.exists()


def test_a_shared_one_is_for_who_sees_the_library(
    reviewer: User,
    second_reviewer: User,
    outsider: User,
    library: Library,
    client_as: ClientAs,
) -> None:
    client_as(reviewer).post(f"{SAVE}?library={library.pk}", {"name": "Ours", "share": "1"})
    client_as(reviewer).post(f"{SAVE}?score_min=90", {"name": "Mine"})

    def names(user: User) -> list[tuple[str, str]]:
        return [(each.name, each.owner) for each in client_as(user).get(QUEUE).context["saved"]]

    assert names(reviewer) == [("Mine", ""), ("Ours", "")]
    assert names(second_reviewer) == [("Ours", "reviewer")]
    assert names(outsider) == []
    shared = SavedFilter.objects.get(name="Ours")
    drop = reverse("review:filter_drop", args=[shared.pk])
    assert client_as(second_reviewer).post(drop).status_code == 404
    away = client_as(outsider).post(f"{SAVE}?library={library.pk}", {"name": "x", "share": "1"})
    assert away.status_code == 404


def test_what_cannot_be_saved(reviewer: User, client_as: ClientAs) -> None:
    client = client_as(reviewer)

    assert (
        "Choose some filters first"
        in client.post(SAVE, {"name": "x"}, follow=True).content.decode()
    )
    nameless = client.post(f"{SAVE}?tier=near", {"name": " "}, follow=True)
    assert "Give the filter a name" in nameless.content.decode()
    SavedFilter.objects.bulk_create(
        SavedFilter(owner=reviewer, name=str(number), query="tier=near")
        for number in range(MOST_FILTERS)
    )
    client.post(f"{SAVE}?tier=near", {"name": "one more"})
    assert SavedFilter.objects.count() == MOST_FILTERS


def test_signed_out_or_without_the_role(client: Client, client_as: ClientAs, db: None) -> None:
    nobody = client_as(User.objects.create_user("nobody"))
    for address in (SAVE, reverse("review:order"), reverse("review:filter_drop", args=[1])):
        assert client.post(address).status_code == 302
        assert nobody.post(address).status_code == 403


def test_a_name_that_cannot_be_kept_is_refused(reviewer: User, client_as: ClientAs) -> None:
    answer = client_as(reviewer).post(
        reverse("review:filter_save") + "?tier=near", {"name": "a\0b"}, follow=True
    )
    assert "Null characters are not allowed." in answer.content.decode()
    assert not SavedFilter.objects.exists()
