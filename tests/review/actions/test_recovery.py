"""An executor that died, or came back too late: whoever comes next asks where the file is."""

from pathlib import Path

import pytest
from django.db.models.functions import Now

from dedup_site.accounts.models import User
from review.actions import execution, ledger, moves, places
from review.models import ActionPlan, Certificate, Matter, PlanItem
from scanning.models import Library
from scanning.services.ledger import LostLease
from tests.review.actions.at_work import executing_plan, files_in, item_at, states
from tests.review.records import make_hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(admin: User, officer: User, duplicates: Library) -> ActionPlan:
    return executing_plan(admin, officer, duplicates)


def begun(plan: ActionPlan) -> PlanItem:
    """The item of copies/0.jpg at the moment after its intent."""
    item = ledger.claim(item_at(plan, "copies/0.jpg").pk, PlanItem.State.PLANNED)
    assert item is not None
    inode = (Path(plan.library.root) / "copies/0.jpg").stat().st_ino
    path = places.aside_path(item)
    facts = {"inode": inode, "device": 0, "to": path}
    ledger.intend(item, moves.MOVE, facts, state=PlanItem.State.MOVING, quarantine_path=path)
    aside = Path(plan.library.root) / path
    aside.parent.mkdir(parents=True)
    return item


def move(plan: ActionPlan, item: PlanItem) -> Path:
    """The move itself; where the file is then."""
    aside = Path(plan.library.root) / item.quarantine_path
    (Path(plan.library.root) / "copies/0.jpg").rename(aside)
    return aside


def died(item: PlanItem) -> None:
    """Nobody has heard of its executor for longer than a lease."""
    PlanItem.objects.filter(pk=item.pk).update(lease_until=Now() - ledger.lease())


def test_it_died_before_the_move(plan: ActionPlan) -> None:
    item = begun(plan)
    died(item)
    execution.tend()
    assert set(states(plan).values()) == {("quarantined", "")}
    steps = item.steps.values_list("step", "phase", "problem", "token")
    assert list(steps) == [
        ("move", "intent", "", 1),
        ("move", "result", "interrupted", 2),
        ("move", "intent", "", 3),
        ("move", "result", "", 3),
        ("quarantined", "result", "", 3),
    ]


def test_it_died_after_the_move(plan: ActionPlan) -> None:
    item = begun(plan)
    aside = move(plan, item)
    died(item)
    execution.tend()
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("quarantined", "")
    assert aside.read_bytes() == b"copy 0"
    assert Certificate.objects.filter(item=item, kind="quarantined").count() == 1


def test_nobody_takes_over_while_it_lives(plan: ActionPlan) -> None:
    item = begun(plan)
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("moving", "")
    assert (Path(plan.library.root) / "copies/0.jpg").exists()
    assert item.steps.count() == 1


def test_a_hold_came_before_the_move_was_done_again(
    plan: ActionPlan, officer: User, matter: Matter
) -> None:
    item = begun(plan)
    died(item)
    make_hold(officer, matter, library=plan.library)
    execution.tend()
    plan.refresh_from_db()
    assert plan.state == "void"
    assert files_in(plan.library.root)["copies/0.jpg"] == b"copy 0"


def test_it_came_back_after_it_was_given_up(plan: ActionPlan) -> None:
    """Its token is old: what it writes is refused, and its file belongs to somebody else."""
    item = begun(plan)
    died(item)
    execution.tend()
    with pytest.raises(LostLease):
        moves.settle(item)
    with pytest.raises(LostLease):
        moves.arrived(item)
    assert states(plan)["copies/0.jpg"] == ("quarantined", "")


@pytest.mark.parametrize("is_held", [False, True])
def test_it_moved_the_file_after_it_was_given_up(
    plan: ActionPlan, officer: User, matter: Matter, is_held: bool
) -> None:
    """Only with its connection to Postgres lost between question and move."""
    item = begun(plan)
    PlanItem.objects.filter(pk=item.pk).update(state="planned", lease_until=None)
    aside = move(plan, item)
    if is_held:
        make_hold(officer, matter, library=plan.library)
    execution.act(item.pk, moves.carry_out, PlanItem.State.PLANNED)
    home = Path(plan.library.root) / "copies/0.jpg"
    assert states(plan)["copies/0.jpg"] == (
        ("skipped", "blocked") if is_held else ("quarantined", "")
    )
    assert (home if is_held else aside).read_bytes() == b"copy 0"
    assert not (aside if is_held else home).exists()


def test_the_file_is_in_neither_place(plan: ActionPlan) -> None:
    item = begun(plan)
    move(plan, item).unlink()
    died(item)
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("failed", "lost")


@pytest.mark.parametrize(
    ("action", "expected"),
    [("delete", ("quarantined", "")), ("pointer", ("failed", "left_aside"))],
)
def test_somebody_removed_the_empty_folder(
    admin: User, officer: User, duplicates: Library, action: str, expected: tuple[str, str]
) -> None:
    plan = executing_plan(admin, officer, duplicates, action)
    item = begun(plan)
    move(plan, item)
    home = Path(plan.library.root) / "copies"
    home.rename(home.with_name("elsewhere"))
    died(item)
    execution.tend()
    assert states(plan)["copies/0.jpg"] == expected


def test_something_else_was_moved_and_its_folder_is_gone(plan: ActionPlan) -> None:
    item = begun(plan)
    move(plan, item).write_bytes(b"somebody's new picture")
    home = Path(plan.library.root) / "copies"
    home.rename(home.with_name("elsewhere"))
    died(item)
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("failed", "left_aside")


def test_something_else_is_in_quarantine(plan: ActionPlan) -> None:
    """Somebody exchanged the file at the very move, and the executor died: theirs goes back."""
    item = begun(plan)
    aside = move(plan, item)
    aside.unlink()
    aside.write_bytes(b"somebody's new picture")
    died(item)
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("skipped", "changed_meanwhile")
    assert files_in(plan.library.root)["copies/0.jpg"] == b"somebody's new picture"


def test_the_library_is_away(plan: ActionPlan) -> None:
    """An empty mount point says nothing: the item waits, and nothing is called lost."""
    item = begun(plan)
    move(plan, item)
    died(item)
    root = Path(plan.library.root)
    root.rename(root.with_name("away"))
    root.mkdir()
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("moving", "")
    assert files_in(root) == {}
    root.rmdir()
    root.with_name("away").rename(root)
    died(item)
    execution.tend()
    assert states(plan)["copies/0.jpg"] == ("quarantined", "")
