"""What is sent from the group page, and what comes back."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.models import Decision, GroupDecision
from review.services import group_decisions, leases
from scanning.models import CandidatePair
from tests.conftest import MakePicture
from tests.review.conftest import MakeGroup, all_duplicates
from tests.review.group_forms import form_of, text_of, url

pytestmark = pytest.mark.django_db


ClientAs = Callable[[User], Client]


def test_a_verdict_leads_to_the_next_group(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group, following = make_group("a", "b", "c", "d"), make_group("x", "y", "z")
    client = client_as(reviewer)
    form = form_of(text_of(client, url(group)), verdict="duplicate", reason="rescan")

    answer = client.post(reverse("review:group_judge", args=[group.pk]), form, follow=True)

    assert answer.redirect_chain == [(url(following), 302)]
    assert "Saved: All duplicates. 6 pairs are settled." in answer.content.decode()
    assert set(Decision.objects.values_list("verdict", "reason")) == {("duplicate", "rescan")}


def test_all_but_these_sends_what_was_chosen(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup, make_picture: MakePicture
) -> None:
    group, odd = make_group("a", "b", "c"), make_picture("c")
    client = client_as(reviewer)
    form = form_of(
        text_of(client, url(group)),
        verdict="part",
        picture=[str(odd.pk)],
        reason_rest="derivative",
        reason_apart="similar_scene",
        note="Other sky.",
    )

    client.post(reverse("review:group_judge", args=[group.pk]), form)

    given = GroupDecision.objects.get()
    assert (given.reason, given.reason_apart, given.note) == (
        "derivative",
        "similar_scene",
        "Other sky.",
    )
    assert given.evidence["apart"] == [odd.pk]
    assert given.evidence["settled"] == {"duplicate": 1, "not_duplicate": 2}
    shown = text_of(client, url(group))
    assert "1 picture was in this group and has been set apart since." in shown
    assert "Group judged: All but these, by reviewer" in shown


def test_what_was_left_out_is_told_and_the_page_stays(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    leases.take(actor=second_reviewer, pair=CandidatePair.objects.earliest("pk"))
    client = client_as(reviewer)
    form = form_of(text_of(client, url(group)), verdict="duplicate", reason="same_picture")

    answer = client.post(reverse("review:group_judge", args=[group.pk]), form, follow=True)

    assert answer.redirect_chain == [(url(group), 302)]
    text = answer.content.decode()
    assert "1 pair was left open: somebody else is looking at it." in text


def test_a_refused_answer_comes_back_with_everything_chosen(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup, make_picture: MakePicture
) -> None:
    group, odd = make_group("a", "b", "c"), make_picture("c")
    client = client_as(reviewer)
    form = form_of(
        text_of(client, url(group)),
        verdict="part",
        picture=[str(odd.pk)],
        reason_rest="rescan",
        note="My note.",
    )

    answer = client.post(reverse("review:group_judge", args=[group.pk]), form)

    text = answer.content.decode()
    assert answer.status_code == 400
    assert "Choose a reason that belongs to the verdict." in text
    assert f'name="picture" value="{odd.pk}" data-pick checked' in text
    assert "My note." in text
    assert '<option value="rescan" selected>' in text


def test_an_answer_to_an_older_page_is_refused(
    reviewer: User, second_reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    client = client_as(reviewer)
    form = form_of(text_of(client, url(group)), verdict="duplicate", reason="same_picture")
    group_decisions.judge(actor=second_reviewer, group=group, answer=all_duplicates(group))

    answer = client.post(reverse("review:group_judge", args=[group.pk]), form)

    assert answer.status_code == 409
    assert "every pair of this group has been judged already" in answer.content.decode()


def test_undo_from_the_group_page(
    reviewer: User, second_reviewer: User, outsider: User, auditor: User,
    client_as: ClientAs, make_group: MakeGroup, client: Client
) -> None:  # fmt: skip
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    address = reverse("review:group_undo", args=[given.pk])

    assert client_as(outsider).post(address).status_code == 404
    assert client_as(auditor).post(address).status_code == 403
    assert client_as(second_reviewer).post(address).status_code == 403
    assert client.post(address).status_code == 302
    assert not GroupDecision.objects.filter(verdict="withdrawn").exists()
    answer = client_as(reviewer).post(address, follow=True)

    assert answer.redirect_chain == [(url(group), 302)]
    assert "Undone: All duplicates." in answer.content.decode()
    assert not Decision.objects.in_force().exists()


def test_undo_of_the_last_decision_takes_back_the_whole_group(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    answer = client_as(reviewer).post(reverse("review:undo_last"), headers={"X-Desk": "1"})

    assert "The pairs that it settled are undecided again." in answer.json()["message"]
    assert not Decision.objects.in_force().exists()


def test_the_history_tells_one_verdict_not_every_pair(
    reviewer: User, client_as: ClientAs, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    text = text_of(client_as(reviewer), reverse("review:history"))

    assert text.count("data-decision=") == 1
    assert f"Group {group.pk}: All duplicates" in text
    assert reverse("review:group_undo", args=[given.pk]) in text
