"""From two judged pairs to a file that is replaced, certified, and restored again."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dedup_site.accounts.roles import Role
from review.models import ActionPlan, PairReview
from scanning.models import Library, LibraryAccess, SourceFile
from tests.e2e.conftest import MakePerson, SignIn, scan
from tests.e2e.desk import DeskPage
from tests.e2e.pictures import write_pair
from tests.review.actions.at_work import MODIFIED_NS, files_in
from tests.review.plans import free_to_act
from tests.scans import until


@pytest.fixture
def old_library(site: str, tmp_path: Path) -> Library:
    """Two pairs of pictures that nobody has to keep any more, scanned."""
    root = tmp_path / "library"
    root.mkdir()
    for name in ("one", "two"):
        write_pair(root, name)
    for path in root.rglob("*.jpg"):
        os.utime(path, ns=(MODIFIED_NS, MODIFIED_NS))
    library = Library.objects.create(name=f"Old {tmp_path.name}", kind="mounted", root=str(root))
    scan(library)
    return library


def reload_until_seen(page: Page, text: str, count: int) -> None:
    """The worker moves files while nobody looks; a page shows how things were when it was made."""

    def seen() -> bool:
        page.reload()
        return page.get_by_text(text, exact=True).count() == count

    until(seen, f"{count} times “{text}”")


def test_confirmed_planned_approved_carried_out_and_restored(
    open_page: SignIn, make_person: MakePerson, old_library: Library
) -> None:
    root = Path(old_library.root)
    before = files_in(root)
    reviewer, admin, officer, auditor = (
        make_person(role, old_library)
        for role in (Role.REVIEWER, Role.ADMIN, Role.RECORDS_OFFICER, Role.AUDITOR)
    )
    assert LibraryAccess.objects.filter(library=old_library).count() == 4
    free_to_act(old_library, officer, replacement="pointer", cooling_off_days=30)

    # One person confirms both pairs.
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    for _pair in range(2):
        judged = desk.pair
        desk.press("d", "1")
        desk.expect_other_than(judged)
    assert PairReview.objects.filter(pair__findings__library=old_library).count() == 2

    # Another makes a plan, which nobody carries out before it is approved.
    making = open_page(admin)
    making.goto(f"/review/plans/new/?library={old_library.pk}")
    making.get_by_label("Library").select_option(old_library.name)
    making.get_by_label("Replace them by a reference to the kept file").check()
    making.get_by_role("button", name="Show what it would do").click()
    making.get_by_role("button", name="Propose the plan").click()
    expect(making.get_by_text("Proposed. Somebody else")).to_be_visible()
    expect(making.get_by_role("button", name="Carry it out")).to_have_count(0)
    plan = ActionPlan.objects.get(library=old_library)
    address = f"/review/plans/{plan.pk}/"

    # A third approves it, and begins.
    second = open_page(officer)
    second.goto(address)
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text("Nothing has happened to a file yet")).to_be_visible()
    assert files_in(root) == before
    second.get_by_role("button", name="Carry it out").click()
    expect(second.get_by_text("Begun.")).to_be_visible()
    reload_until_seen(second, "In quarantine", 3)  # both files, and the plan's own figures
    after = files_in(root)
    for name in ("one", "two"):
        pointer = json.loads(after[f"supplier-b/{name}.jpg.second-look.json"])
        assert pointer["keeper"]["path"] == f"supplier-a/{name}.jpg"
        assert f"supplier-b/{name}.jpg" not in after
        assert after[f"supplier-a/{name}.jpg"] == before[f"supplier-a/{name}.jpg"]

    # An auditor reads the certificate; one file comes back.
    reading = open_page(auditor)
    reading.goto(address)
    row = reading.get_by_role("row", name="supplier-b/one.jpg")
    expect(row.get_by_role("button", name="Restore")).to_have_count(0)
    with reading.expect_download() as download:
        row.get_by_role("link", name="Certificate: Moved into quarantine").click()
    said = json.loads(json.loads(download.value.path().read_text())["body"])
    assert said["file"]["path"] == "supplier-b/one.jpg"
    assert said["approved_by"]["name"] == officer.username

    row = second.get_by_role("row", name="supplier-b/one.jpg")
    row.get_by_role("button", name="Restore").click()
    expect(second.get_by_text("The file is being restored")).to_be_visible()
    reload_until_seen(second, "In quarantine", 2)
    restored = files_in(root)
    assert restored["supplier-b/one.jpg"] == before["supplier-b/one.jpg"]
    assert "supplier-b/one.jpg.second-look.json" not in restored
    assert "supplier-b/two.jpg" not in restored
    assert SourceFile.objects.get(library=old_library, path="supplier-b/one.jpg").is_present
