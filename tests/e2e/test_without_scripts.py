"""Everything works without JavaScript, too: plain forms and full pages."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dedup_site.accounts.models import User
from review.models import Decision
from scanning.models import Library
from tests.e2e.conftest import PASSWORD, SignIn
from tests.e2e.pictures import draw
from tests.e2e.test_signing_in import sign_in


@pytest.fixture
def plain_page(open_page: SignIn, reviewer: User) -> Page:
    """Signed in through the form, in a browser that runs no script."""
    page = open_page(java_script_enabled=False)
    page.goto("/review/")
    sign_in(page, reviewer.username, PASSWORD)
    page.get_by_role("link", name="Start reviewing").click()
    return page


def judge(page: Page, verdict: str, reason: str) -> int:
    pair = int(page.locator("[data-desk]").get_attribute("data-pair") or 0)
    page.get_by_text(verdict, exact=True).first.click()
    page.get_by_role("button", name=reason).click()
    return pair


def test_pairs_are_judged_by_plain_forms(plain_page: Page, reviewer: User) -> None:
    page = plain_page
    first = judge(page, "Duplicate", "Same sheet scanned again")
    expect(page.get_by_text("Saved: Duplicate.")).to_be_visible()
    second = judge(page, "Not a duplicate", "Similar scene or product")
    expect(page.get_by_text("Saved: Not a duplicate.")).to_be_visible()
    made = Decision.objects.filter(reviewer=reviewer).order_by("pk")
    assert [(decision.pair_id, decision.reason) for decision in made] == [
        (first, "rescan"),
        (second, "similar_scene"),
    ]

    page.get_by_role("button", name="Undo the last").click()
    expect(page.get_by_text("Undone: Not a duplicate.")).to_be_visible()
    expect(page.locator("[data-desk]")).to_have_attribute("data-pair", str(second))

    page.get_by_role("button", name="Skip").click()
    expect(page.locator("[data-desk]")).not_to_have_attribute("data-pair", str(second))


def test_files_are_uploaded_by_a_plain_form(open_page: SignIn, admin: User, tmp_path: Path) -> None:
    files = [tmp_path / "one.jpg", tmp_path / "two.jpg"]
    for file in files:
        draw().save(file)
    page = open_page(admin, java_script_enabled=False)
    page.goto("/libraries/new/uploads/")
    page.get_by_label("Name").fill(f"Uploads of {admin.username}")
    page.get_by_role("button", name="Create the library").click()
    page.get_by_role("link", name="Upload files").first.click()
    page.get_by_label("Files (up to").set_input_files(files)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("2 files were uploaded.")).to_be_visible()
    library = Library.objects.get(name=f"Uploads of {admin.username}")
    assert sorted(file.path for file in library.files.all()) == ["one.jpg", "two.jpg"]
