"""What the tests of the review desk share."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from uuid import uuid4

import pytest

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from review.grouping.groups import live
from review.models import Decision, Group, Matter, PairReview, Verdict
from review.services import decisions, grouping, leases
from review.services.group_decisions import GroupAnswer
from review.services.holds import UNASSIGNED
from scanning.models import CandidatePair, Library
from tests.audit.logs import sequence_all
from tests.conftest import MakePair
from tests.review.bundles import decide, exported

Judge = Callable[..., Decision]
MakeGroup = Callable[..., Group]


@pytest.fixture
def matter(db: None) -> Matter:
    """The matter that the database is born with."""
    return Matter.objects.get(reference=UNASSIGNED)


@pytest.fixture
def judge() -> Judge:
    """Take a pair and give a verdict on it, as the page does."""

    def give(
        actor: User,
        pair: CandidatePair,
        verdict: str = Verdict.DUPLICATE,
        reason: str = "same_picture",
        **more: object,
    ) -> Decision:
        lease = leases.take(actor=actor, pair=pair)
        assert lease is not None
        return decisions.decide(
            actor=actor,
            pair=pair,
            verdict=verdict,
            reason=reason,
            token=lease.token,
            **more,  # type: ignore[arg-type]  # note and matter
        )

    return give


@pytest.fixture
def make_group(library: Library, make_pair: MakePair) -> MakeGroup:
    """The group of the pictures with these names, each two of them a near pair."""

    def make(*names: str, score: int = 900) -> Group:
        pairs = [make_pair(*two, score=score) for two in combinations(names or "abc", 2)]
        grouping.regroup(library)
        return Group.objects.get(memberships__picture=pairs[0].left_id)

    return make


def all_duplicates(group: Group, **more: object) -> GroupAnswer:
    """“All duplicates”, as somebody says it who looks at the group now."""
    answer: dict[str, object] = {"verdict": "duplicate", "reason": "same_picture"}
    return GroupAnswer(seen=live(group).seen, nonce=uuid4(), **{**answer, **more})  # type: ignore[arg-type]  # by name


@pytest.fixture
def log(reviewer: User, officer: User, make_pair: MakePair) -> list[Decision]:
    """A verdict with a note, a verdict that was taken back, and a hold."""
    same = decide(
        reviewer, make_pair(), verdict="duplicate", reason="same_picture", note="=同一張相片"
    )
    wrong = decide(reviewer, make_pair("c", "d"), verdict="not_duplicate", reason="similar_scene")
    undone = decisions.undo(actor=reviewer, decision=wrong)
    matter = Matter.objects.create(reference="HCA 1/2026", title="A case", opened_by=officer)
    record("matter.opened", actor=officer, target=matter, data={"matter": matter.pk})
    held = decide(
        reviewer, make_pair("e", "f"), verdict="legal_hold", reason="litigation", matter=matter
    )
    sequence_all()
    return [same, wrong, undone, held]


@pytest.fixture
def bundle(log: list[Decision], tmp_path: Path) -> Path:
    return exported(tmp_path / "out" / "bundle")


def verdicts() -> dict[tuple[int, int], str]:
    """The verdict in force on each pair, by its pictures."""
    rows = PairReview.objects.exclude(verdict="")
    return {
        (min(left, right), max(left, right)): verdict
        for left, right, verdict in rows.values_list("pair__left", "pair__right", "verdict")
    }
