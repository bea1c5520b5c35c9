"""What is in quarantine is deleted once its time is over, and only if nothing speaks for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dedup_site.accounts.models import User
from review.actions import execution
from review.models import ActionPlan, Matter, RetentionRuleVersion
from scanning.models import Library, SourceFile
from tests.review.actions.at_work import executing_plan, files_in, item_at, make_due, states
from tests.review.records import make_hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(admin: User, officer: User, duplicates: Library) -> ActionPlan:
    """A plan whose files are in quarantine."""
    plan = executing_plan(admin, officer, duplicates)
    execution.carry_out(plan.pk)
    return plan


def quarantined(plan: ActionPlan) -> dict[str, bytes]:
    found = files_in(plan.library.root)
    return {path: content for path, content in found.items() if path.startswith(".second")}


def test_nothing_is_deleted_before_its_time(plan: ActionPlan) -> None:
    execution.tend()
    assert sorted(quarantined(plan).values()) == [b"copy 0", b"copy 1"]


def test_it_is_deleted_when_its_time_is_over(plan: ActionPlan) -> None:
    make_due(plan)
    execution.tend()
    assert quarantined(plan) == {}
    assert set(states(plan).values()) == {("purged", "")}
    kinds = item_at(plan, "copies/0.jpg").certificates.values_list("kind", flat=True)
    assert list(kinds) == ["quarantined", "purged"]
    steps = item_at(plan, "copies/0.jpg").steps.filter(step="purge")
    assert list(steps.values_list("phase", "is_ok")) == [("intent", None), ("result", True)]


def test_a_hold_on_what_is_in_quarantine(plan: ActionPlan, officer: User, matter: Matter) -> None:
    make_due(plan)
    make_hold(officer, matter, source_file=SourceFile.objects.get(path="copies/0.jpg"))
    execution.tend()
    assert states(plan) == {
        "copies/0.jpg": ("quarantined", "blocked"),
        "copies/1.jpg": ("purged", ""),
    }
    assert list(quarantined(plan).values()) == [b"copy 0"]
    item = item_at(plan, "copies/0.jpg")
    assert item.purge_after is not None
    execution.tend()  # a day has to pass before it is asked again
    assert item.steps.filter(step="purge").count() == 1


def test_a_hold_on_its_keeper(plan: ActionPlan, officer: User, matter: Matter) -> None:
    make_due(plan)
    make_hold(officer, matter, source_file=SourceFile.objects.get(path="keep/0.jpg"))
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("quarantined", "blocked")


def test_retention_that_became_longer(plan: ActionPlan) -> None:
    make_due(plan)
    rule = RetentionRuleVersion.objects.get(rule__code="scraps")
    rule.pk, rule.number, rule.period = None, rule.number + 1, "P100Y"
    rule._state.adding = True
    rule.save()
    execution.tend()
    assert set(states(plan).values()) == {("quarantined", "blocked")}


def root_of(plan: ActionPlan) -> Path:
    return Path(plan.library.root)


TROUBLES: dict[str, Callable[[ActionPlan], object]] = {
    "keeper_missing": lambda plan: (root_of(plan) / "keep/0.jpg").unlink(),
    "keeper_changed": lambda plan: (root_of(plan) / "keep/0.jpg").write_bytes(b"changed"),
    "other_content": lambda plan: (
        root_of(plan) / item_at(plan, "copies/0.jpg").quarantine_path
    ).write_bytes(b"changed"),
    "replaced": lambda plan: SourceFile.objects.filter(path="copies/0.jpg").update(
        is_present=True, sha256=b"x" * 32
    ),
}


@pytest.mark.parametrize("outcome", TROUBLES)
def test_what_speaks_against_deleting(plan: ActionPlan, outcome: str) -> None:
    make_due(plan)
    TROUBLES[outcome](plan)
    execution.tend()
    assert states(plan) == {
        "copies/0.jpg": ("quarantined", outcome),
        "copies/1.jpg": ("purged", ""),
    }
    assert len(quarantined(plan)) == 1
