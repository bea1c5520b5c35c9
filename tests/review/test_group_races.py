"""Two people at one group, or a group and one of its pairs, at the same moment."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from dedup_site.accounts.models import User
from review.models import Decision, Group, GroupDecision, PairReview
from review.services import decisions, group_decisions, grouping, leases
from review.services.group_decisions import GroupAnswer
from review.services.refusals import Refused
from scanning.models import CandidatePair
from tests.review.conftest import MakeGroup, all_duplicates
from tests.scans import at_once


class Scene(NamedTuple):
    first: User
    second: User
    group: Group


@pytest.fixture
def scene(real_database: str, request: pytest.FixtureRequest) -> Scene:
    """Two reviewers and a group of five in a database in which transactions really commit."""
    first, second = (request.getfixturevalue(name) for name in ("reviewer", "second_reviewer"))
    make_group: MakeGroup = request.getfixturevalue("make_group")
    return Scene(first, second, make_group(*"abcde"))


def outcome(work: Callable[[], object]) -> str:
    try:
        work()
    except Refused as error:
        return type(error).__name__
    return "saved"


def judging(actor: User, group: Group, answer: GroupAnswer) -> Callable[[], str]:
    return lambda: outcome(lambda: group_decisions.judge(actor=actor, group=group, answer=answer))


def test_two_verdicts_on_one_group_are_one(scene: Scene) -> None:
    answers = [all_duplicates(scene.group), all_duplicates(scene.group)]

    found = at_once(
        judging(scene.first, scene.group, answers[0]),
        judging(scene.second, scene.group, answers[1]),
    )

    assert sorted(found) == ["NothingOpen", "saved"]
    assert GroupDecision.objects.count() == 1
    assert Decision.objects.count() == 10


def test_the_same_answer_over_two_connections_counts_once(scene: Scene) -> None:
    answer = all_duplicates(scene.group)

    found = at_once(*[judging(scene.first, scene.group, answer)] * 2)

    assert found == ["saved", "saved"]
    assert GroupDecision.objects.count() == 1


def test_a_group_and_one_of_its_pairs(scene: Scene) -> None:
    """Whoever comes first, the pair is decided once and stays so."""
    pair = CandidatePair.objects.earliest("pk")
    lease = leases.take(actor=scene.second, pair=pair)
    assert lease is not None
    answer = all_duplicates(scene.group)

    def judge_pair() -> str:
        return outcome(
            lambda: decisions.decide(
                actor=scene.second,
                pair=pair,
                verdict="duplicate",
                reason="rescan",
                token=lease.token,
            )
        )

    found = at_once(judging(scene.first, scene.group, answer), judge_pair)

    assert found == ["saved", "saved"]
    assert Decision.objects.filter(pair=pair).count() == 1
    assert Decision.objects.get(pair=pair).reviewer == scene.second
    assert PairReview.objects.exclude(verdict="").count() == 10


def test_groups_are_brought_up_to_date_by_one_at_a_time(scene: Scene) -> None:
    PairReview.objects.bulk_create(
        PairReview(pair=pair, regroup=True) for pair in CandidatePair.objects.all()
    )

    at_once(*[grouping.bring_up_to_date] * 3)

    assert not PairReview.objects.filter(regroup=True).exists()
    assert list(Group.objects.values_list("size", "open_pairs")) == [(5, 10)]
