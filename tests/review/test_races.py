"""Two people at the same moment, over two connections: Postgres decides, and nobody is lost."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import NamedTuple

import pytest
from django.db import connection

from dedup_site.accounts.models import User
from review.models import Decision
from review.services import decisions, leases
from review.services.refusals import AlreadyDecided
from scanning.models import CandidatePair
from tests.conftest import MakePair
from tests.review.conftest import Judge
from tests.review.test_leases import queue_of


class Scene(NamedTuple):
    first: User
    second: User
    make_pair: MakePair
    judge: Judge


@pytest.fixture
def scene(real_database: str, request: pytest.FixtureRequest) -> Scene:
    """The cast in a database in which transactions really commit."""
    names = ("reviewer", "second_reviewer", "make_pair", "judge")
    return Scene(*(request.getfixturevalue(name) for name in names))


def at_once(*works: Callable[[], None]) -> None:
    """Run each in a thread of its own, all starting together."""
    start = Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_who_ask_for_pairs_at_once_each_get_their_own(scene: Scene) -> None:
    for number in range(8):
        scene.make_pair(f"left {number}", f"right {number}")
    got: list[int] = []

    def take_all(actor: User) -> None:
        mine: list[int] = []
        while claimed := leases.claim_next(
            actor=actor,
            queue=queue_of(actor),
            leave_out=mine,
        ):
            mine.append(claimed[0].pk)
        got.extend(mine)

    at_once(lambda: take_all(scene.first), lambda: take_all(scene.second))

    assert sorted(got) == sorted(CandidatePair.objects.values_list("pk", flat=True))


def test_one_pair_has_one_holder(scene: Scene) -> None:
    pair = scene.make_pair()
    got: list[User] = []

    def take(actor: User) -> None:
        if leases.take(actor=actor, pair=pair):
            got.append(actor)

    at_once(lambda: take(scene.first), lambda: take(scene.second))

    assert len(got) == 1


def test_two_changes_of_one_decision_make_one(scene: Scene) -> None:
    pair = scene.make_pair()
    old = scene.judge(scene.first, pair)
    results: list[str] = []

    def change(actor: User, verdict: str, reason: str) -> None:
        try:
            decisions.decide(
                actor=actor, pair=pair, verdict=verdict, reason=reason, supersedes=old.pk
            )
            results.append("saved")
        except AlreadyDecided:
            results.append("refused")

    at_once(
        lambda: change(scene.first, "not_duplicate", "other_record"),
        lambda: change(scene.second, "duplicate", "rescan"),
    )

    assert sorted(results) == ["refused", "saved"]
    assert Decision.objects.count() == 2


def test_one_answer_sent_twice_at_once_is_one_decision(scene: Scene) -> None:
    pair = scene.make_pair()
    lease = leases.take(actor=scene.first, pair=pair)
    assert lease is not None
    saved: list[Decision] = []

    def answer() -> None:
        saved.append(
            decisions.decide(
                actor=scene.first,
                pair=pair,
                verdict="duplicate",
                reason="same_picture",
                token=lease.token,
            )
        )

    at_once(answer, answer)

    assert len({decision.pk for decision in saved}) == 1
    assert Decision.objects.count() == 1
