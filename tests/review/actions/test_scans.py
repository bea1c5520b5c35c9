"""Scans pass over what plans leave behind, and bring nothing back that a plan set aside."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dedup_site.accounts.models import User
from dedup_site.database_roles import DatabaseRole
from review.actions import execution, ledger, purges, services, uploads
from review.actions.troubles import Refused
from review.models import ActionPlan, Matter, PlanItem
from review.tasks import restore_file
from scanning.models import Library, ScanRun, SourceFile
from scanning.services.uploads import add_upload
from scanning.storage import upload_path
from tests.databases import acting_as
from tests.review.actions.at_work import (
    add_file,
    confirm,
    executing_plan,
    item_at,
    make_due,
    states,
)
from tests.review.records import make_hold
from tests.scans import scan

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("action", ["delete", "pointer", "symlink"])
def test_a_scan_after_a_plan(admin: User, officer: User, duplicates: Library, action: str) -> None:
    plan = executing_plan(admin, officer, duplicates, action)
    execution.carry_out(plan.pk)
    found = scan(duplicates)
    assert (found.state, found.notices) == ("finished", [])
    assert found.files_found == 2
    assert set(SourceFile.objects.values_list("path", "is_present")) == {
        ("keep/0.jpg", True),
        ("keep/1.jpg", True),
        ("copies/0.jpg", False),
        ("copies/1.jpg", False),
    }


def test_another_file_in_its_place_is_found(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    execution.carry_out(plan.pk)
    (Path(duplicates.root) / "copies/0.jpg").write_bytes(b"a new picture")
    scan(duplicates)
    file = SourceFile.objects.get(path="copies/0.jpg")
    assert (file.is_present, file.set_aside_at, file.size) == (True, None, 13)


def test_large_files_are_no_pointers(duplicates: Library) -> None:
    root = Path(duplicates.root)
    (root / "large.second-look.json").write_bytes(b"x" * 70_000)
    (root / "small.second-look.json").write_bytes(b"x")
    (root / "copies/.second-look-quarantine").mkdir()
    (root / "copies/.second-look-quarantine/a.jpg").write_bytes(b"not at the root")
    scan(duplicates)
    paths = set(SourceFile.objects.values_list("path", flat=True))
    assert "large.second-look.json" in paths
    assert "small.second-look.json" not in paths
    assert "copies/.second-look-quarantine/a.jpg" in paths


def test_the_command_refuses_a_superuser_and_carries_out(
    admin: User, officer: User, duplicates: Library
) -> None:
    plan = executing_plan(admin, officer, duplicates)
    with pytest.raises(CommandError, match="No file is touched"):
        call_command("tend_plans")
    with acting_as(DatabaseRole.APPLICATION):
        call_command("tend_plans")
    assert set(states(plan).values()) == {("quarantined", "")}


# Uploaded files: the content lies under its digest, where other rows may share it.


@pytest.fixture
def uploaded(admin: User, officer: User, reviewer: User, run: ScanRun) -> Library:
    """An uploaded library: `copy.jpg` and `again.jpg` share a content, `keeper.jpg` is better."""
    library = Library.objects.create(name="Uploads", kind="uploaded")
    for user in (admin, officer, reviewer):
        library.accesses.create(user=user)
    mounted = run.library
    found = {}
    for name, content in (("keeper.jpg", b"keeper" * 9), ("copy.jpg", b"copy")):
        add_file(mounted, name, content, 1600 if name == "keeper.jpg" else 800)
        found[name] = add_upload(
            library=library, actor=None, name=name, content=io.BytesIO(content)
        )
    SourceFile.objects.filter(library=library).update(
        state="read", modified_ns=1_500_000_000_000_000_000
    )
    SourceFile.objects.filter(library=mounted).delete()
    run.library = library
    confirm(run, reviewer, found["keeper.jpg"], found["copy.jpg"])
    return library


def test_an_uploaded_file_is_set_aside_and_restored(
    admin: User, officer: User, uploaded: Library
) -> None:
    plan = executing_plan(admin, officer, uploaded)
    execution.carry_out(plan.pk)
    file = SourceFile.objects.get(path="copy.jpg")
    assert states(plan) == {"copy.jpg": ("quarantined", "")}
    assert file.is_present is False
    scan(uploaded)
    file.refresh_from_db()
    assert file.is_present is False
    services.restore(actor=officer, item=item_at(plan, "copy.jpg"))
    restore_file(item_at(plan, "copy.jpg").pk)
    file.refresh_from_db()
    assert (file.is_present, file.set_aside_at) == (True, None)
    assert states(plan) == {"copy.jpg": ("restored", "")}


def test_uploaded_content_is_deleted_when_it_is_due(
    admin: User, officer: User, uploaded: Library
) -> None:
    plan = executing_plan(admin, officer, uploaded)
    execution.carry_out(plan.pk)
    make_due(plan)
    execution.tend()
    assert states(plan) == {"copy.jpg": ("purged", "")}
    assert not upload_path(bytes(item_at(plan, "copy.jpg").sha256)).exists()
    assert upload_path(bytes(item_at(plan, "copy.jpg").keeper_sha256 or b"")).exists()


def test_uploaded_content_that_somebody_else_needs_stays(
    admin: User, officer: User, uploaded: Library
) -> None:
    plan: ActionPlan = executing_plan(admin, officer, uploaded)
    execution.carry_out(plan.pk)
    other = Library.objects.create(name="Other uploads", kind="uploaded")
    add_upload(library=other, actor=None, name="mine.jpg", content=io.BytesIO(b"copy"))
    item = item_at(plan, "copy.jpg")
    assert uploads.is_shared(item)
    make_due(plan)
    execution.tend()
    assert states(plan) == {"copy.jpg": ("purged", "")}
    assert upload_path(bytes(item.sha256)).exists()


def test_a_hold_that_comes_after_the_intent_keeps_the_content(
    admin: User, officer: User, uploaded: Library, matter: Matter
) -> None:
    plan = executing_plan(admin, officer, uploaded)
    execution.carry_out(plan.pk)
    make_due(plan)
    item = ledger.claim(item_at(plan, "copy.jpg").pk, PlanItem.State.QUARANTINED)
    assert item is not None

    def intend_and_be_held(due: PlanItem) -> None:
        purges.intend(due)
        make_hold(officer, matter, source_file=due.source_file)

    with pytest.raises(Refused, match="blocked"):
        uploads.purge(item, intend_and_be_held, purges.lock_and_ask, purges.done)
    assert upload_path(bytes(item.sha256)).exists()


def test_the_same_upload_once_more_brings_it_back(
    admin: User, officer: User, uploaded: Library
) -> None:
    plan = executing_plan(admin, officer, uploaded)
    execution.carry_out(plan.pk)
    add_upload(library=uploaded, actor=None, name="copy.jpg", content=io.BytesIO(b"copy"))
    file = SourceFile.objects.get(path="copy.jpg")
    assert (file.is_present, file.set_aside_at) == (True, None)
    make_due(plan)
    execution.tend()
    assert states(plan) == {"copy.jpg": ("quarantined", "replaced")}
    assert upload_path(bytes(file.sha256 or b"")).exists()
