"""When anything is not as it was approved, the file stays where it is, and the reason is kept."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.actions import execution, ledger, moves, moving, opening
from review.models import ActionPlan, Decision, Matter, PairReview, PlanItem
from scanning.models import Library, SourceFile
from tests.review.actions.at_work import (
    MODIFIED_NS,
    executing_plan,
    files_in,
    item_at,
    states,
)
from tests.review.plans import with_role
from tests.review.records import make_hold

pytestmark = pytest.mark.django_db

Change = Callable[[Path], object]


def changed_in_place(copy: Path) -> None:
    copy.write_bytes(b"COPY 0")
    os.utime(copy, ns=(MODIFIED_NS, MODIFIED_NS))


def exchanged(copy: Path) -> None:
    content = copy.read_bytes()
    copy.rename(copy.with_name("old.jpg"))
    copy.write_bytes(content)
    os.utime(copy, ns=(MODIFIED_NS, MODIFIED_NS))


def a_link(copy: Path) -> None:
    copy.rename(copy.with_name("old.jpg"))
    copy.symlink_to("old.jpg")


def a_link_for_its_folder(copy: Path) -> None:
    copy.parent.rename(copy.parent.with_name("elsewhere"))
    copy.parent.symlink_to("elsewhere")


def keeper_of(copy: Path) -> Path:
    return copy.parent.parent / "keep" / copy.name


CHANGES: dict[str, Change] = {
    "missing": lambda copy: copy.unlink(),
    "other_content": changed_in_place,
    "changed": exchanged,
    "not_a_file": a_link,
    "hard_linked": lambda copy: copy.with_name("second.jpg").hardlink_to(copy),
    "keeper_missing": lambda copy: keeper_of(copy).unlink(),
    "keeper_changed": lambda copy: keeper_of(copy).write_bytes(b"not the keeper"),
}


@pytest.mark.parametrize("outcome", CHANGES)
def test_what_changed_after_the_approval(
    admin: User, officer: User, duplicates: Library, outcome: str
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    CHANGES[outcome](Path(duplicates.root) / "copies/0.jpg")
    before = files_in(duplicates.root)
    execution.carry_out(plan.pk)
    item = item_at(plan, "copies/1.jpg")
    moved = {item.quarantine_path: b"copy 1"}
    left = {path: content for path, content in before.items() if path != "copies/1.jpg"}
    assert files_in(duplicates.root) == left | moved
    assert states(plan) == {
        "copies/0.jpg": ("skipped", outcome),
        "copies/1.jpg": ("quarantined", ""),
    }


def test_a_link_in_the_place_of_its_folder(admin: User, officer: User, duplicates: Library) -> None:
    plan = executing_plan(admin, officer, duplicates)
    a_link_for_its_folder(Path(duplicates.root) / "copies/0.jpg")
    before = files_in(duplicates.root)
    execution.carry_out(plan.pk)
    assert files_in(duplicates.root) == before
    assert set(states(plan).values()) == {("skipped", "not_a_file")}


def test_the_keeper_and_the_copy_are_one_file(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    copy = Path(duplicates.root) / "copies/0.jpg"
    keeper_of(copy).unlink()
    keeper_of(copy).hardlink_to(copy)
    execution.carry_out(plan.pk)
    assert states(plan)["copies/0.jpg"] == ("skipped", "hard_linked")
    assert copy.exists()


def test_something_in_the_way_in_quarantine(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    item = item_at(plan, "copies/0.jpg")
    there = Path(duplicates.root) / f".second-look-quarantine/{plan.pk}/{item.pk}-0.jpg"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"who put this here?")
    execution.carry_out(plan.pk)
    assert states(plan)["copies/0.jpg"] == ("failed", "left_aside")
    assert there.read_bytes() == b"who put this here?"
    assert (Path(duplicates.root) / "copies/0.jpg").read_bytes() == b"copy 0"


def test_a_quarantine_that_is_a_link_is_not_used(
    admin: User, officer: User, duplicates: Library, tmp_path: Path
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    (tmp_path / "elsewhere").mkdir()
    (Path(duplicates.root) / ".second-look-quarantine").symlink_to(tmp_path / "elsewhere")
    execution.carry_out(plan.pk)
    assert states(plan)["copies/0.jpg"] == ("planned", "")
    assert files_in(tmp_path / "elsewhere") == {}


def test_a_library_that_is_away_is_waited_for(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    root = Path(duplicates.root)
    root.rename(root.with_name("away"))
    execution.carry_out(plan.pk)
    assert set(states(plan).values()) == {("planned", "")}
    root.with_name("away").rename(root)
    execution.tend()
    assert set(states(plan).values()) == {("quarantined", "")}


def claimed(plan: ActionPlan) -> PlanItem:
    """The item of copies/0.jpg, claimed by this process."""
    item = ledger.claim(item_at(plan, "copies/0.jpg").pk, PlanItem.State.PLANNED)
    assert item is not None
    return item


def placed_during(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, place: Callable[[], object]
) -> None:
    """Something happens just before a function of the executor is called."""
    real = getattr(module, name)

    def first(*arguments: object, **more: object) -> object:
        monkeypatch.setattr(module, name, real)
        place()
        return real(*arguments, **more)

    monkeypatch.setattr(module, name, first)


def test_a_hold_between_approval_and_execution_voids_the_plan(
    admin: User, officer: User, duplicates: Library, matter: Matter
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    before = files_in(duplicates.root)
    make_hold(officer, matter, source_file=SourceFile.objects.get(path="copies/0.jpg"))
    execution.carry_out(plan.pk)
    plan.refresh_from_db()
    assert plan.state == "void"
    assert set(states(plan).values()) == {("dropped", "")}
    assert {path for path in files_in(duplicates.root) if not path.startswith(".")} == set(before)


@pytest.mark.parametrize("moment", ["check_source", "check_keeper"])
def test_a_hold_between_claim_and_intent(
    admin: User,
    officer: User,
    duplicates: Library,
    matter: Matter,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    item = claimed(executing_plan(admin, officer, duplicates))
    placed_during(
        monkeypatch, opening, moment, lambda: make_hold(officer, matter, library=duplicates)
    )
    moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "blocked")
    assert (Path(duplicates.root) / "copies/0.jpg").read_bytes() == b"copy 0"
    assert not item.steps.filter(phase="intent").exists()


def test_a_hold_between_intent_and_move(
    admin: User,
    officer: User,
    duplicates: Library,
    matter: Matter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    item = claimed(executing_plan(admin, officer, duplicates))
    intend = moves._intend

    def then_hold(*arguments: object) -> None:
        intend(*arguments)  # type: ignore[arg-type]  # the same arguments
        make_hold(officer, matter, library=duplicates)

    monkeypatch.setattr(moves, "_intend", then_hold)
    moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "blocked")
    assert (Path(duplicates.root) / "copies/0.jpg").read_bytes() == b"copy 0"
    assert item.steps.filter(phase="intent").count() == 1


def test_the_approver_lost_the_right_between_claim_and_move(
    admin: User, officer: User, duplicates: Library
) -> None:
    item = claimed(executing_plan(admin, officer, duplicates))
    with_role(officer, Role.REVIEWER)
    moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "not_approved")
    assert (Path(duplicates.root) / "copies/0.jpg").exists()


def test_the_approver_lost_the_right_before_the_execution(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    with_role(officer, Role.REVIEWER)
    execution.carry_out(plan.pk)
    plan.refresh_from_db()
    assert plan.state == "void"
    assert plan.void_reasons[0]["code"] == "approver"


def test_the_decision_was_taken_back_between_claim_and_move(
    admin: User, officer: User, duplicates: Library
) -> None:
    item = claimed(executing_plan(admin, officer, duplicates))
    decision = Decision.objects.get(pk=item.decision_id or 0)
    PairReview.objects.filter(pair=decision.pair_id).update(decision=None, verdict="")
    moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "plan_changed")
    assert (Path(duplicates.root) / "copies/0.jpg").exists()


def test_the_file_is_exchanged_between_hash_and_move(
    admin: User, officer: User, duplicates: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = claimed(executing_plan(admin, officer, duplicates))
    copy = Path(duplicates.root) / "copies/0.jpg"
    placed_during(monkeypatch, moving, "take", lambda: exchanged(copy))
    moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "changed_meanwhile")
    assert copy.read_bytes() == b"copy 0"


def test_the_file_is_exchanged_at_the_very_move(
    admin: User, officer: User, duplicates: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = claimed(executing_plan(admin, officer, duplicates))
    copy = Path(duplicates.root) / "copies/0.jpg"

    def exchange() -> None:
        copy.unlink()
        copy.write_bytes(b"somebody's new picture")

    placed_during(monkeypatch, moving, "rename", exchange)
    moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "changed_meanwhile")
    assert copy.read_bytes() == b"somebody's new picture"


def test_somebody_writes_to_the_file_while_it_moves(
    admin: User, officer: User, duplicates: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    item = claimed(plan)
    root = Path(duplicates.root)

    def write() -> None:
        item.refresh_from_db(fields=["quarantine_path"])
        (root / item.quarantine_path).write_bytes(b"written through an open descriptor")

    placed_during(monkeypatch, moving, "confirm", write)
    moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("skipped", "changed_meanwhile")
    assert (root / "copies/0.jpg").read_bytes() == b"written through an open descriptor"


@pytest.mark.parametrize("action", ["pointer", "symlink"])
def test_no_room_for_what_stands_in(
    admin: User, officer: User, duplicates: Library, action: str
) -> None:
    """The pointer's name is taken: the file stays in quarantine, and a person has to look."""
    plan = executing_plan(admin, officer, duplicates, action)
    item = claimed(plan)
    root = Path(duplicates.root)
    with pytest.MonkeyPatch.context() as patch:
        name = "0.jpg.second-look.json" if action == "pointer" else "0.jpg"
        placed_during(
            patch, moving, "confirm", lambda: (root / "copies" / name).write_bytes(b"in the way")
        )
        moves.carry_out(item)
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("failed", "left_aside")
    assert (root / item.quarantine_path).read_bytes() == b"copy 0"
    assert (root / "copies" / name).read_bytes() == b"in the way"
