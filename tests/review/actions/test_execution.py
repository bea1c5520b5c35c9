"""An approved plan is carried out file by file; nothing is overwritten, nothing is lost."""

import json
from pathlib import Path

import pytest

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.actions import execution
from review.models import ActionPlan, Certificate, PlanItem
from scanning.models import Library, SourceFile
from tests.review.actions.at_work import executing_plan, files_in, item_at, states

pytestmark = pytest.mark.django_db

KEPT = {
    "keep/0.jpg": b"keeper 0" * 9,
    "keep/1.jpg": b"keeper 1" * 9,
}


def aside(plan: ActionPlan, path: str) -> str:
    """Where a file of the plan lies in quarantine."""
    item = item_at(plan, path)
    return f".second-look-quarantine/{plan.pk}/{item.pk}-{Path(path).name}"


def test_the_copies_go_into_quarantine(admin: User, officer: User, duplicates: Library) -> None:
    plan = executing_plan(admin, officer, duplicates)
    execution.carry_out(plan.pk)
    assert files_in(duplicates.root) == KEPT | {
        aside(plan, "copies/0.jpg"): b"copy 0",
        aside(plan, "copies/1.jpg"): b"copy 1",
    }
    assert states(plan) == {
        "copies/0.jpg": ("quarantined", ""),
        "copies/1.jpg": ("quarantined", ""),
    }
    plan.refresh_from_db()
    assert plan.state == "done"
    assert plan.ended_at is not None


def test_each_step_is_written_before_and_after(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    execution.carry_out(plan.pk)
    item = item_at(plan, "copies/0.jpg")
    steps = list(item.steps.values_list("step", "phase", "is_ok", "token"))
    assert steps == [
        ("move", "intent", None, 1),
        ("move", "result", True, 1),
        ("quarantined", "result", True, 1),
    ]
    facts = item.steps.get(phase="intent").facts
    status = (Path(duplicates.root) / item.quarantine_path).stat()
    assert facts == {
        "device": status.st_dev,
        "inode": status.st_ino,
        "to": item.quarantine_path,
    }
    assert item.lease_until is None
    assert item.purge_after is not None
    assert item.quarantined_at is not None
    assert (item.purge_after - item.quarantined_at).days == 1


def test_the_file_leaves_the_library_and_keeps_its_row(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    execution.carry_out(plan.pk)
    file = SourceFile.objects.get(path="copies/0.jpg")
    assert (file.is_present, file.state) == (False, "read")
    assert file.set_aside_at is not None
    assert SourceFile.objects.filter(is_present=True).count() == 2


def test_carrying_out_twice_is_as_good_as_once(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    execution.carry_out(plan.pk)
    before = files_in(duplicates.root)
    execution.carry_out(plan.pk)
    execution.tend()
    assert files_in(duplicates.root) == before
    assert Certificate.objects.count() == 2
    assert PlanItem.objects.filter(state="quarantined", token=1).count() == 2


def test_a_pointer_record_stands_in(admin: User, officer: User, duplicates: Library) -> None:
    plan = executing_plan(admin, officer, duplicates, "pointer")
    execution.carry_out(plan.pk)
    pointer = Path(duplicates.root) / "copies/0.jpg.second-look.json"
    item = item_at(plan, "copies/0.jpg")
    assert json.loads(pointer.read_text()) == {
        "about": "Second Look put this record here in place of a duplicate picture.",
        "name": "0.jpg",
        "sha256": bytes(item.sha256).hex(),
        "size": 6,
        "modified_ns": 1_500_000_000_000_000_000,
        "keeper": {
            "library": "Land registry",
            "path": "keep/0.jpg",
            "sha256": bytes(item.keeper_sha256 or b"").hex(),
        },
        "plan": plan.pk,
        "certificate": f"{plan.pk}/{item.pk}",
    }
    assert not (Path(duplicates.root) / "copies/0.jpg").exists()
    assert item.state == "quarantined"


def test_a_relative_link_stands_in(admin: User, officer: User, duplicates: Library) -> None:
    plan = executing_plan(admin, officer, duplicates, "symlink")
    execution.carry_out(plan.pk)
    link = Path(duplicates.root) / "copies/0.jpg"
    assert link.readlink() == Path("../keep/0.jpg")
    assert link.read_bytes() == b"keeper 0" * 9
    assert item_at(plan, "copies/0.jpg").state == "quarantined"


def test_everything_is_in_the_log(admin: User, officer: User, duplicates: Library) -> None:
    plan = executing_plan(admin, officer, duplicates)
    execution.carry_out(plan.pk)
    events = AuditEvent.objects.filter(action__startswith="plan.").order_by("pk")
    assert list(events.values_list("action", flat=True))[-3:] == [
        "plan.file_quarantined",
        "plan.file_quarantined",
        "plan.done",
    ]
    done = json.loads(events.get(action="plan.done").body)
    assert done["data"] == {"plan": plan.pk, "quarantined": 2}


def test_a_plan_that_was_not_begun_is_left_alone(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    ActionPlan.objects.filter(pk=plan.pk).update(state="void")
    before = files_in(duplicates.root)
    execution.carry_out(plan.pk)
    assert files_in(duplicates.root) == before
    assert states(plan)["copies/0.jpg"] == ("planned", "")
