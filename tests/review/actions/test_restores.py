"""A file comes back from quarantine in one step, held or not, and overwrites nothing."""

import json
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.actions import execution, services
from review.models import ActionPlan, Certificate, Matter
from review.tasks import restore_file
from scanning.models import Library, SourceFile
from tests.review.actions.at_work import executing_plan, files_in, item_at, make_due, states
from tests.review.records import make_hold

pytestmark = pytest.mark.django_db

ACTIONS = ("delete", "pointer", "symlink")


def carried_out(admin: User, officer: User, library: Library, action: str = "delete") -> ActionPlan:
    plan = executing_plan(admin, officer, library, action)
    execution.carry_out(plan.pk)
    return plan


def restore(actor: User, plan: ActionPlan, path: str) -> None:
    """Ask for it, and let a worker do it."""
    item = services.restore(actor=actor, item=item_at(plan, path))
    assert item.state == "restoring"
    restore_file(item.pk)


@pytest.mark.parametrize("action", ACTIONS)
def test_everything_is_as_it_was(
    admin: User, officer: User, duplicates: Library, action: str
) -> None:
    before = files_in(duplicates.root)
    plan = carried_out(admin, officer, duplicates, action)
    for path in ("copies/0.jpg", "copies/1.jpg"):
        restore(officer, plan, path)
    assert files_in(duplicates.root) == before
    assert set(states(plan).values()) == {("restored", "")}
    file = SourceFile.objects.get(path="copies/0.jpg")
    assert (file.is_present, file.set_aside_at) == (True, None)
    status = (Path(duplicates.root) / "copies/0.jpg").stat()
    assert (status.st_ino, status.st_mtime_ns) == (int(file.inode), file.modified_ns)


def test_who_asked_is_on_the_certificate(admin: User, officer: User, duplicates: Library) -> None:
    plan = carried_out(admin, officer, duplicates)
    restore(admin, plan, "copies/0.jpg")
    certificate = Certificate.objects.get(kind="restored")
    assert json.loads(bytes(certificate.body))["asked_by"] == {"id": admin.pk, "name": "admin"}
    assert AuditEvent.objects.filter(action="plan.restore_asked", actor_id=admin.pk).count() == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_something_else_stands_there_now(
    admin: User, officer: User, duplicates: Library, action: str
) -> None:
    plan = carried_out(admin, officer, duplicates, action)
    copy = Path(duplicates.root) / "copies/0.jpg"
    copy.unlink(missing_ok=True)
    copy.write_bytes(b"a new picture of that name")
    before = files_in(duplicates.root)
    restore(officer, plan, "copies/0.jpg")
    assert states(plan)["copies/0.jpg"] == ("quarantined", "taken")
    assert files_in(duplicates.root) == before
    copy.unlink()
    restore(officer, plan, "copies/0.jpg")
    assert states(plan)["copies/0.jpg"] == ("restored", "")
    assert copy.read_bytes() == b"copy 0"


def test_a_pointer_that_was_changed_stays(admin: User, officer: User, duplicates: Library) -> None:
    plan = carried_out(admin, officer, duplicates, "pointer")
    pointer = Path(duplicates.root) / "copies/0.jpg.second-look.json"
    pointer.write_text("somebody's notes")
    restore(officer, plan, "copies/0.jpg")
    assert pointer.read_text() == "somebody's notes"
    assert (Path(duplicates.root) / "copies/0.jpg").read_bytes() == b"copy 0"


def test_its_folder_is_gone(admin: User, officer: User, duplicates: Library) -> None:
    plan = carried_out(admin, officer, duplicates)
    (Path(duplicates.root) / "copies").rmdir()
    restore(officer, plan, "copies/0.jpg")
    assert states(plan)["copies/0.jpg"] == ("quarantined", "folder_gone")


def test_a_held_file_is_restored(
    admin: User, officer: User, duplicates: Library, matter: Matter
) -> None:
    plan = carried_out(admin, officer, duplicates)
    make_hold(officer, matter, library=duplicates)
    restore(officer, plan, "copies/0.jpg")
    assert states(plan)["copies/0.jpg"] == ("restored", "")


def test_what_was_left_aside_is_restored(admin: User, officer: User, duplicates: Library) -> None:
    plan = executing_plan(admin, officer, duplicates, "pointer")
    pointer = Path(duplicates.root) / "copies/0.jpg.second-look.json"
    pointer.write_text("in the way")
    execution.carry_out(plan.pk)
    assert states(plan)["copies/0.jpg"] == ("failed", "left_aside")
    restore(officer, plan, "copies/0.jpg")
    assert states(plan)["copies/0.jpg"] == ("restored", "")
    assert (Path(duplicates.root) / "copies/0.jpg").read_bytes() == b"copy 0"


def test_what_was_deleted_cannot_be_restored(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = carried_out(admin, officer, duplicates)
    make_due(plan)
    execution.tend()
    with pytest.raises(services.NotNow, match="not in quarantine"):
        services.restore(actor=officer, item=item_at(plan, "copies/0.jpg"))


def test_who_may_restore(
    admin: User, officer: User, reviewer: User, auditor: User, duplicates: Library
) -> None:
    plan = carried_out(admin, officer, duplicates)
    item = item_at(plan, "copies/0.jpg")
    for somebody in (reviewer, auditor):
        with pytest.raises(PermissionDenied):
            services.restore(actor=somebody, item=item)
    officer.accesses.all().delete()
    with pytest.raises(PermissionDenied):
        services.restore(actor=officer, item=item)
    assert states(plan)["copies/0.jpg"] == ("quarantined", "")
