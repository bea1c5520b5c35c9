"""A verdict on a whole group where pairs are judged twice."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.grouping.groups import live
from review.models import Group, PairReview, SecondReview
from review.services import group_decisions, grouping
from review.services.group_decisions import GroupAnswer
from review.services.refusals import NothingOpen
from tests.review.conftest import MakeGroup
from tests.review.quality.conftest import SetRule

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def answer(group: Group, user: User, verdict: str = "duplicate") -> GroupAnswer:
    is_same = verdict == "duplicate"
    return GroupAnswer(
        verdict=verdict,
        seen=live(group, user).seen,
        nonce=uuid4(),
        reason="same_picture" if is_same else "",
        reason_apart="" if is_same else "other_film",
    )


def verdicts() -> list[str]:
    return sorted(PairReview.objects.values_list("verdict", flat=True))


@pytest.fixture
def group(set_rule: SetRule, make_group: MakeGroup) -> Group:
    """Three pictures, of which each two are a pair, in a library where all is judged twice."""
    set_rule()
    return make_group("a", "b", "c")


def test_the_first_verdict_on_a_group_waits(group: Group, reviewer: User) -> None:
    given = group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    assert verdicts() == ["", "", ""]
    assert given.evidence["settled"] == {"duplicate": 3}
    assert SecondReview.objects.filter(first__implied_by=given).count() == 3


def test_the_second_person_settles_it(group: Group, reviewer: User, second_reviewer: User) -> None:
    group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    group_decisions.judge(actor=second_reviewer, group=group, answer=answer(group, second_reviewer))
    assert verdicts() == ["duplicate"] * 3


def test_where_they_differ_a_third_person_is_needed(
    group: Group, reviewer: User, second_reviewer: User
) -> None:
    group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    group_decisions.judge(
        actor=second_reviewer,
        group=group,
        answer=answer(group, second_reviewer, "not_duplicate"),
    )
    assert verdicts() == ["", "", ""]
    assert [review.is_disputed for review in SecondReview.objects.all()] == [True] * 3


def test_nobody_judges_a_group_twice(group: Group, reviewer: User) -> None:
    group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    grouping.bring_up_to_date()
    with pytest.raises(NothingOpen):
        group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))


def test_undo_of_a_verdict_that_waits(group: Group, reviewer: User) -> None:
    given = group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    group_decisions.undo(actor=reviewer, given=given)
    assert not SecondReview.objects.filter(ended=False).exists()
    again = group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    assert SecondReview.objects.filter(first__implied_by=again, ended=False).count() == 3


def test_undo_of_the_second_verdict_leaves_the_first(
    group: Group, reviewer: User, second_reviewer: User
) -> None:
    group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    agreed = group_decisions.judge(
        actor=second_reviewer, group=group, answer=answer(group, second_reviewer)
    )
    group_decisions.undo(actor=second_reviewer, given=agreed)
    assert verdicts() == ["", "", ""]
    assert SecondReview.objects.filter(ended=False, second=None).count() == 3


def test_the_second_person_finds_the_group_untouched(
    group: Group, reviewer: User, second_reviewer: User, client_as: ClientAs
) -> None:
    group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    grouping.bring_up_to_date()
    group.refresh_from_db()
    assert group.open_pairs == 3
    address = reverse("review:group", args=[group.pk])
    theirs = client_as(second_reviewer).get(address)
    assert (theirs.context["open_count"], theirs.context["past"]) == (3, [])
    own = client_as(reviewer).get(address)
    assert (own.context["open_count"], len(own.context["past"])) == (0, 1)
