"""The group pages: who may open them, what they show, and what is sent from them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from dedup_site.accounts.models import User
from review.grouping.groups import live
from review.models import Group, Matter
from review.services import group_decisions, grouping, holds, leases
from scanning.models import CandidatePair, Finding, Library, SourceFile
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import MakeGroup, all_duplicates
from tests.review.group_forms import text_of, url

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def test_the_list_shows_open_groups_the_largest_first(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    small = make_group("x", "y", "z")
    large = make_group("a", "b", "c", "d")
    pair = make_group("p", "q")

    text = text_of(client_as(reviewer), reverse("review:groups"))

    assert text.index(url(large)) < text.index(url(small))
    assert url(pair) not in text
    assert url(pair) in text_of(client_as(reviewer), reverse("review:groups") + "?size=2")


def test_the_list_by_state_and_library(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup, library: Library
) -> None:
    group = make_group("a", "b", "c")
    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    client, here = client_as(reviewer), reverse("review:groups")

    assert url(group) not in text_of(client, here)
    assert url(group) in text_of(client, f"{here}?state=done&library={library.pk}")
    assert "No group passes these filters" in text_of(client, f"{here}?state=done&size=10")
    assert url(group) not in text_of(client, f"{here}?library=999&state=all")


def test_the_list_goes_on_page_by_page(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review.views.groups.PAGE", 1)
    small, large = make_group("x", "y", "z"), make_group("a", "b", "c", "d")
    client, here = client_as(reviewer), reverse("review:groups")

    first = text_of(client, here)
    assert url(large) in first
    assert url(small) not in first
    second = text_of(client, f"{here}?after=4.{large.pk}")
    assert url(large) not in second
    assert url(small) in second
    assert url(large) in text_of(client, f"{here}?after=nonsense")


@pytest.mark.parametrize("groups", [1, 4])
def test_the_list_asks_the_same_number_of_questions_for_any_number_of_groups(
    reviewer: User,
    client_as: ClientAs,
    make_group: MakeGroup,
    django_assert_num_queries: DjangoAssertNumQueries,
    groups: int,
) -> None:
    for number in range(groups):
        make_group(*(f"{letter}{number}" for letter in "abc"))
    client = client_as(reviewer)
    client.get(reverse("review:groups"))

    with django_assert_num_queries(12):
        client.get(reverse("review:groups"))


@pytest.mark.parametrize("names", ["abc", "abcdefgh"])
def test_a_group_asks_the_same_number_of_questions_for_any_number_of_pictures(
    reviewer: User,
    client_as: ClientAs,
    make_group: MakeGroup,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    names: str,
) -> None:
    group = make_group(*names)
    client = client_as(reviewer)
    client.get(url(group))

    with django_assert_max_num_queries(24):
        client.get(url(group))


def test_a_group_shows_its_pictures_its_weakest_pair_and_advice(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, make_picture: MakePicture
) -> None:
    large = make_picture("a", width=1600, byte_size=90_000)
    make_pair("a", "b", score=950)
    weakest = make_pair("b", "c", score=701)
    grouping.bring_up_to_date()

    text = text_of(client_as(reviewer), url(Group.objects.get()))

    for name in "abc":
        assert reverse("pictures:show", args=[make_picture(name).pk, "thumb"]) in text
        assert f"{name}.jpg" in text
    assert "Group of 3 pictures" in text
    assert "70.1\N{NO-BREAK SPACE}%" in text
    assert reverse("review:pair", args=[weakest.pk]) in text
    assert "The keep rule chooses it: larger." in text
    # The picture to keep comes first.
    assert text.index(f'name="picture" value="{large.pk}"') < text.index("Keep this one?")
    assert text.count('name="picture"') == 3


def test_holds_and_other_reviewers_are_told(
    reviewer: User,
    second_reviewer: User,
    client_as: ClientAs,
    make_group: MakeGroup,
    make_picture: MakePicture,
    matter: Matter,
) -> None:
    group = make_group("a", "b", "c")
    holds.place_hold(actor=reviewer, matter=matter, picture=make_picture("a"), reason="litigation")
    free = live(group).open
    pair = next(link for link in free if make_picture("a").pk not in (link.left, link.right))
    leases.take(actor=second_reviewer, pair=CandidatePair.objects.get(pk=pair.pair))

    text = text_of(client_as(reviewer), url(group))

    assert "2 open pairs stay open: a picture of each is on legal hold." in text
    assert "1 open pair is with somebody else at the moment." in text
    assert "The keep rule chooses it: on hold." in text


def test_who_may_look_and_who_may_judge(
    make_group: MakeGroup,
    client_as: ClientAs,
    auditor: User,
    admin: User,
    officer: User,
    outsider: User,
    client: Client,
) -> None:
    group = make_group("a", "b", "c")

    for person in (auditor, admin, officer):
        assert 'value="not_duplicate"' not in text_of(client_as(person), url(group))
        judged = client_as(person).post(reverse("review:group_judge", args=[group.pk]))
        assert judged.status_code == 403
    theirs = client_as(outsider)
    assert theirs.get(url(group)).status_code == 404
    assert url(group) not in text_of(theirs, reverse("review:groups"))
    for name in ("group_judge", "group_compare"):
        assert theirs.post(reverse(f"review:{name}", args=[group.pk])).status_code == 404
    for name in ("group", "group_compare"):
        signed_out = client.get(reverse(f"review:{name}", args=[group.pk]))
        assert signed_out.status_code == 302
        assert "/sign-in/" in signed_out["Location"]


def test_a_file_of_a_library_not_given_is_not_shown(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup, make_picture: MakePicture
) -> None:
    group = make_group("a", "b", "c")
    hidden_library = Library.objects.create(name="Hidden", kind="uploaded")
    SourceFile.objects.create(
        library=hidden_library,
        path_key=b"x" * 32,
        path="0 secret.jpg",
        size=1,
        modified_ns=0,
        sha256=make_picture("a").sha256,
        state="read",
    )

    text = text_of(client_as(reviewer), url(group))

    assert "secret" not in text
    assert "identical file" not in text


def test_two_pictures_with_a_pair_are_compared_on_its_page(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group, pair = make_group("a", "b", "c"), CandidatePair.objects.earliest("pk")
    address = reverse("review:group_compare", args=[group.pk])
    two = [str(pair.right_id), str(pair.left_id)]

    answer = client_as(reviewer).post(address, {"picture": two}, follow=True)

    assert answer.redirect_chain[-1] == (reverse("review:pair", args=[pair.pk]), 302)


def test_two_pictures_without_a_pair_are_only_shown(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, make_picture: MakePicture
) -> None:
    make_pair("a", "b")
    make_pair("b", "c")
    grouping.bring_up_to_date()
    group = Group.objects.get()
    a, c = make_picture("a").pk, make_picture("c").pk
    address = reverse("review:group_compare", args=[group.pk])

    text = text_of(client_as(reviewer), f"{address}?left={a}&right={c}")

    assert "These two have not been compared" in text
    for picture in (a, c):
        assert reverse("pictures:show", args=[picture, "view"]) in text


@pytest.mark.parametrize("query", ["", "?left=1", "?left=x&right=y", "?left=0&right=0"])
def test_pictures_that_are_not_of_the_group_are_not_compared(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup, query: str
) -> None:
    group = make_group("a", "b", "c")
    address = reverse("review:group_compare", args=[group.pk])

    assert client_as(reviewer).get(address + query).status_code == 404


def test_a_pair_of_another_library_is_not_told_of(
    reviewer: User, client_as: ClientAs, make_pair: MakePair, make_picture: MakePicture
) -> None:
    """Both pictures are also in a library not given, where a scan found them to be a pair."""
    make_pair("a", "b")
    make_pair("b", "c")
    hidden_pair = make_pair("a", "c")
    Finding.objects.filter(pair=hidden_pair).delete()
    grouping.bring_up_to_date()
    address = reverse("review:group_compare", args=[Group.objects.get().pk])
    two = f"?left={make_picture('a').pk}&right={make_picture('c').pk}"

    assert "have not been compared" in text_of(client_as(reviewer), address + two)


def test_three_pictures_are_not_compared(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    address = reverse("review:group_compare", args=[group.pk])
    pictures = [str(pk) for pk in live(group).members]

    answer = client_as(reviewer).post(address, {"picture": pictures})

    assert answer.status_code == 400
    assert "Choose two pictures to compare." in answer.content.decode()


def test_the_way_from_a_verdict_to_its_group(
    reviewer: User, outsider: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    address = reverse("review:group_look", args=[given.pk])

    assert client_as(reviewer).get(address)["Location"] == url(group)
    assert client_as(outsider).get(address).status_code == 404
    Group.objects.all().delete()
    assert client_as(reviewer).get(address)["Location"] == reverse("review:groups")


def test_the_pair_page_tells_of_the_group_and_of_what_implied_its_verdict(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group, pair = make_group("a", "b", "c"), CandidatePair.objects.earliest("pk")
    client = client_as(reviewer)
    address = reverse("review:pair", args=[pair.pk])

    text = text_of(client, address)
    assert "One pair of a group of 3 pictures." in text
    assert url(group) in text
    client.post(reverse("review:release", args=[pair.pk]))

    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    text = text_of(client, address)
    assert "a verdict on its whole group settled it" in text
    assert "implied by a verdict on the group" in text


def test_a_group_is_one_thing_done_today(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup, make_pair: MakePair
) -> None:
    group = make_group("a", "b", "c")
    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    pair = make_pair("x", "y")

    text = text_of(client_as(reviewer), reverse("review:pair", args=[pair.pk]))

    assert "<strong data-done>1</strong>" in text
