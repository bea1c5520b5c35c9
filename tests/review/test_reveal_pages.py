"""The bar that reveals: on the page of a pair, while its pictures are sensitive and blurred."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from scanning.models import CandidatePair, Library
from tests.conftest import MakePair

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


@pytest.fixture
def pair(make_pair: MakePair, library: Library) -> CandidatePair:
    library.is_sensitive = True
    library.save()
    return make_pair()


def page(client: Client, pair: CandidatePair) -> str:
    answer = client.get(reverse("review:pair", args=[pair.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_ordinary_pair_has_nothing_to_reveal(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    shown = page(client_as(reviewer), make_pair())

    assert "data-reveal" not in shown
    assert "data-concealed" not in shown


def test_the_first_reveal_asks_for_a_purpose(
    reviewer: User, client_as: ClientAs, pair: CandidatePair
) -> None:
    shown = page(client_as(reviewer), pair)

    assert "Sensitive: blurred until you reveal it." in shown
    assert '<option value="">Choose a purpose</option><option value="judging">' in shown
    assert shown.count("data-concealed=") == 2
    assert 'data-full="' not in shown  # nothing to zoom into
    assert 'data-part="' not in shown


def test_both_are_revealed_at_once_and_the_next_pair_asks_nothing(
    reviewer: User, client_as: ClientAs, pair: CandidatePair, make_pair: MakePair
) -> None:
    client = client_as(reviewer)
    both = {"picture": [pair.left_id, pair.right_id], "purpose": "judging"}
    client.post(reverse("pictures:reveal"), both)

    revealed = page(client, pair)
    another = page(client, make_pair("c", "d"))

    assert "data-reveal" not in revealed
    assert revealed.count('data-full="') == 2
    assert "data-reveal" in another
    assert "<option value=" not in another.partition("data-reveal")[2].partition("</form>")[0]


def test_who_sees_all_libraries_is_told_whom_to_ask(
    auditor: User, client_as: ClientAs, pair: CandidatePair
) -> None:
    auditor.sees_all_libraries = True
    auditor.save()
    auditor.accesses.all().delete()

    shown = page(client_as(auditor), pair)

    assert "Only people who were given this library by name may reveal its pictures." in shown
    assert 'data-action="reveal"' not in shown


def test_a_kept_page_is_asked_for_anew(
    reviewer: User, client_as: ClientAs, pair: CandidatePair
) -> None:
    """Whoever signs out leaves nothing behind that the back button shows."""
    client = client_as(reviewer)
    shown = client.get(reverse("review:pair", args=[pair.pk]))
    left = client.post(reverse("accounts:sign_out"))

    assert 'src="/static/js/fresh.js"' in shown.content.decode()
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_the_way_back_is_an_address_and_nothing_else(
    reviewer: User, client_as: ClientAs, pair: CandidatePair
) -> None:
    client = client_as(reviewer)
    odd = client.post(reverse("pictures:reveal"), {"back": "no such page"})
    foreign = client.post(reverse("pictures:reveal"), {"back": "https://example.org/"})
    assert (odd.status_code, odd.headers["Location"]) == (302, "no%20such%20page")
    assert (foreign.status_code, foreign.headers["Location"]) == (302, "/")
