"""The queue page: filters, counts, order, and who sees what."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from dedup_site.accounts.models import User
from review.models import Hold, Matter, Skip, Verdict
from review.services import leases
from scanning.models import CandidatePair, Library, SourceFile
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def page(client: Client, **query: Any) -> Any:
    return client.get(reverse("review:queue"), query)


def shown(client: Client, **query: Any) -> list[int]:
    """The ids of the pairs on the page."""
    return [row.pair.pk for row in page(client, **query).context["rows"]]


def test_shows_the_undecided_pairs_in_order(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    near = make_pair("a", "b", score=912)
    identical = make_pair("c", "c", tier="identical", score=1000)
    lookalike = make_pair("d", "e", tier="lookalike")

    answer = page(client_as(reviewer))

    assert answer.status_code == 200
    assert [row.pair for row in answer.context["rows"]] == [identical, near]
    text = answer.content.decode()
    assert "91.2\N{NO-BREAK SPACE}%" in text
    assert "a.jpg" in text
    assert reverse("review:next") in text
    assert f'data-pair="{lookalike.pk}"' not in text


def test_signed_out_people_sign_in_first(client: Client) -> None:
    answer = page(client)

    assert answer.status_code == 302
    assert "sign-in" in answer.url


def test_without_the_role_it_is_refused(client_as: ClientAs, db: None) -> None:
    assert page(client_as(User.objects.create_user("nobody"))).status_code == 403


def test_pairs_of_libraries_not_given_are_neither_shown_nor_counted(
    outsider: User, library: Library, client_as: ClientAs, make_pair: MakePair
) -> None:
    make_pair()
    client = client_as(outsider)

    answer = page(client)
    assert list(answer.context["rows"]) == []
    assert answer.context["counts"].is_empty
    assert "No candidate pairs yet" in answer.content.decode()
    assert shown(client, library=library.pk) == []
    assert library.name not in page(client, library=library.pk).content.decode()


def test_filters(
    reviewer: User,
    library: Library,
    client_as: ClientAs,
    make_pair: MakePair,
    make_picture: MakePicture,
) -> None:
    low = make_pair("a", "b", score=700)
    make_picture("c")
    SourceFile.objects.filter(path="c.jpg").update(attributes={"supplier": "A=12"})
    high = make_pair("c", "d", score=955)
    lookalike = make_pair("e", "f", tier="lookalike", score=600)
    other = Library.objects.create(name="Other", kind="uploaded")
    client = client_as(reviewer)

    assert shown(client, library=library.pk) == [high.pk, low.pk]
    assert shown(client, library=other.pk) == []
    assert shown(client, score_min=70, score_max=95) == [low.pk]
    assert shown(client, score_min="95.5") == [high.pk]
    assert shown(client, tier="lookalike") == [lookalike.pk]
    assert shown(client, attribute="supplier=A=12") == [high.pk]
    assert shown(client, attribute="supplier=B") == []
    CandidatePair.objects.filter(pk=low.pk).update(transform="mirror crop=0.81")
    assert shown(client, transform="crop") == [low.pk]
    assert shown(client, transform="same") == [high.pk]
    assert shown(client, transform="crop", state="all") == [low.pk]


def test_a_filter_that_makes_no_sense_shows_nothing_and_says_so(
    reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    make_pair()
    client = client_as(reviewer)

    for query in ({"attribute": "supplier"}, {"score_min": "x"}, {"tier": "best"}, {"state": "x"}):
        answer = page(client, **query)
        assert list(answer.context["rows"]) == []
        assert "This filter does not work" in answer.content.decode()
    assert "name=value" in page(client, attribute="supplier").content.decode()


def test_a_hold_on_a_library_not_given_does_not_show(
    reviewer: User,
    officer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    matter: Matter,
) -> None:
    pair = make_pair("a", "b")
    other = Library.objects.create(name="Other", kind="uploaded")
    SourceFile.objects.create(
        library=other,
        path="copy.jpg",
        path_key=b"copy",
        size=1,
        modified_ns=1,
        sha256=pair.left.sha256,
    )
    Hold.objects.create(matter=matter, library=other, reason="regulator", placed_by=officer)
    client = client_as(reviewer)

    assert shown(client, state="on_hold") == []
    assert page(client).context["counts"].by_state["on_hold"].number == 0
    reviewer.accesses.create(library=other)
    assert shown(client, state="on_hold") == [pair.pk]
    assert page(client).context["counts"].by_state["on_hold"].number == 1


def test_states_and_their_counts(
    reviewer: User,
    second_reviewer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    judge: Judge,
    matter: Matter,
) -> None:
    duplicate = make_pair("a", "b")
    judge(second_reviewer, duplicate)
    held = make_pair("c", "d")
    judge(second_reviewer, held, Verdict.LEGAL_HOLD, "regulator", matter=matter)
    put_off = make_pair("e", "f")
    Skip.objects.create(pair=put_off, user=reviewer)
    touches_a_held_picture = make_pair("c", "g", score=800)
    client = client_as(reviewer)

    assert shown(client) == [put_off.pk, touches_a_held_picture.pk]
    assert shown(client, state="skipped") == [put_off.pk]
    assert shown(client, state="duplicate") == [duplicate.pk]
    assert shown(client, state="legal_hold") == [held.pk]
    assert shown(client, state="on_hold") == [held.pk, touches_a_held_picture.pk]
    assert len(shown(client, state="all")) == 4
    counts = page(client).context["counts"]
    assert {state: count.number for state, count in counts.by_state.items()} == {
        "undecided": 2,
        "referred": 0,
        "skipped": 1,
        "duplicate": 1,
        "not_duplicate": 0,
        "legal_hold": 1,
        "on_hold": 2,
        "all": 4,
    }
    assert page(client).context["counts"].by_tier["near"].number == 2


def test_a_pair_that_somebody_looks_at_says_who(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    leases.take(actor=second_reviewer, pair=make_pair())

    assert "In review" in page(client_as(reviewer)).content.decode()


def test_pages_lead_on(
    reviewer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("review.views.queue.PAGE", 2)
    pairs = [make_pair(f"l{n}", f"r{n}", score=900 - n).pk for n in range(3)]
    client = client_as(reviewer)

    first = page(client)
    second = client.get(reverse("review:queue") + first.context["next_url"])

    assert [row.pair.pk for row in first.context["rows"]] == pairs[:2]
    assert [row.pair.pk for row in second.context["rows"]] == pairs[2:]
    assert second.context["next_url"] == ""


def test_empty_states(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, judge: Judge
) -> None:
    client = client_as(reviewer)
    assert "No candidate pairs yet" in page(client).content.decode()
    judge(reviewer, make_pair())
    assert "Everything is judged" in page(client).content.decode()
    assert "No pair passes these filters" in page(client, score_min=99).content.decode()
    assert "No pair is in this state" in page(client, state="legal_hold").content.decode()


def test_readers_cannot_start(
    auditor: User, reviewer: User, client_as: ClientAs, make_pair: MakePair
) -> None:
    make_pair()

    assert "data-start" in page(client_as(reviewer)).content.decode()
    assert "data-start" not in page(client_as(auditor)).content.decode()


@pytest.mark.parametrize("pairs", [1, 12])
def test_the_number_of_queries_does_not_grow(
    reviewer: User,
    client_as: ClientAs,
    make_pair: MakePair,
    django_assert_num_queries: DjangoAssertNumQueries,
    pairs: int,
) -> None:
    for number in range(pairs):
        make_pair(f"l{number}", f"r{number}")
    client = client_as(reviewer)
    page(client)

    with django_assert_num_queries(QUERIES):
        page(client)


# Session, user, permissions, roles, menu; order, libraries, uploads, second reviews, places, pairs,
# files, counts, saved filters, names of attributes.
QUERIES = 19
