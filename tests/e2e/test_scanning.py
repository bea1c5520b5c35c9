"""An admin mounts a folder, scans it, and reads what was found."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dedup_site.accounts.models import User
from scanning.models import Chunk, Library, ScanJob, ScanRun
from scanning.services.runs import configuration_of
from tests.e2e.conftest import PAIRS, SignIn
from tests.e2e.pictures import write_pair


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pairs and a file that only looks like a picture by its name."""
    folder = tmp_path / f"pictures of {tmp_path.name}"
    folder.mkdir()
    for name in ("one", "two"):
        write_pair(folder, name)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and then nothing")
    return folder


def tile(page: Page, label: str) -> str:
    """The number under a label."""
    return page.get_by_role("listitem").filter(has_text=label).locator(".tile__value").inner_text()


def test_from_a_folder_to_what_was_found(open_page: SignIn, admin: User, folder: Path) -> None:
    page = open_page(admin)
    page.goto("/libraries/")
    page.get_by_role("link", name="Mount a folder").click()
    folders = page.get_by_role("region", name="Folders on the server")
    folders.get_by_role("listitem").first.get_by_role("link").click()
    expect(page.get_by_role("textbox", name="Folder")).not_to_have_value("")
    # Of so many tests, more folders lie beside this one than are listed.
    page.goto(f"/libraries/new/folder/?folder={quote(str(folder.parent))}")
    folders.get_by_role("link", name=folder.name, exact=True).click()
    expect(page.get_by_role("textbox", name="Folder")).to_have_value(str(folder))
    expect(page.get_by_label("Name")).to_have_value(folder.name)
    page.get_by_role("button", name="Create the library").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(folder.name)

    page.get_by_role("link", name="Set up a scan").click()
    page.get_by_role("button", name="Save and start the scan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Scan of {folder.name}")
    # From here on the page renews itself.
    progress = page.get_by_role("region", name="Progress")
    expect(progress.get_by_role("status")).to_have_text("Finished")
    expect(progress).to_contain_text("5 of 5 files read (100 %)")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    assert tile(page, "Near-duplicate") == "2"
    errors = page.get_by_role("region", name="Files that could not be read")
    expect(errors.get_by_role("row")).to_have_count(2)  # the head and one file
    expect(errors).to_contain_text("broken.jpg")

    library = Library.objects.get(root=str(folder))
    assert library.runs.get().started_by == admin


@pytest.fixture
def unheard_run(library: Library, admin: User) -> ScanRun:
    """A run that has begun and of which no worker was told."""
    job = ScanJob.objects.filter(library=library).first()
    assert job is not None
    run = ScanRun.objects.create(
        job=job, library=library, configuration=configuration_of(job), started_by=admin
    )
    later = timezone.now() + timedelta(hours=1)  # the sweeper publishes what is older
    Chunk.objects.create(run=run, kind=Chunk.Kind.WALK, ordinal=0, published_at=later)
    return run


def test_a_run_is_paused_and_resumed(open_page: SignIn, admin: User, unheard_run: ScanRun) -> None:
    page = open_page(admin)
    page.goto(f"/runs/{unheard_run.pk}/")
    state = page.get_by_role("region", name="Progress").get_by_role("status")
    expect(state).to_have_text("Listing files")
    page.get_by_role("button", name="Pause").click()
    expect(state).to_have_text("Paused")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel the scan")).to_be_visible()

    page.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("Finished")
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel the scan")).to_have_count(0)


def test_a_run_is_cancelled(open_page: SignIn, admin: User, unheard_run: ScanRun) -> None:
    page = open_page(admin)
    page.goto(f"/runs/{unheard_run.pk}/")
    page.get_by_role("button", name="Cancel the scan").click()
    state = page.get_by_role("region", name="Progress").get_by_role("status")
    expect(state).to_have_text("Cancelled")
    unheard_run.refresh_from_db()
    assert unheard_run.state == ScanRun.State.CANCELLED


def test_a_reviewer_watches_and_has_no_buttons(
    open_page: SignIn, reviewer: User, unheard_run: ScanRun
) -> None:
    page = open_page(reviewer)
    page.goto(f"/runs/{unheard_run.pk}/")
    expect(page.get_by_role("region", name="Progress")).to_contain_text("Listing files")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel the scan")).to_have_count(0)


def test_the_report_in_numbers_and_drawings(
    open_page: SignIn, admin: User, library: Library
) -> None:
    page = open_page(admin)
    page.goto(f"/libraries/{library.pk}/report/")
    assert tile(page, "Files") == str(2 * PAIRS)
    assert tile(page, "Copies, certain") == "0"
    assert tile(page, "Copies, possible") == str(PAIRS)
    charts = page.get_by_role("figure").locator("svg[role=img]")
    expect(charts).to_have_count(3)
    for chart in charts.all():
        expect(chart).to_be_visible()
        expect(chart).to_have_accessible_name(re.compile(r"."))
    suppliers = page.get_by_role("region", name="By supplier").get_by_role("row")
    expect(suppliers.filter(has_text="supplier-a")).to_contain_text(str(PAIRS))

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert "supplier-a" in download.value.path().read_text(encoding="utf-8")


def test_the_report_prints_without_the_site_around_it(
    open_page: SignIn, admin: User, library: Library
) -> None:
    page = open_page(admin, color_scheme="dark")
    page.goto(f"/libraries/{library.pk}/report/")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("link", name="Download as CSV")).to_be_hidden()
    expect(page.get_by_text("Printed ")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    assert page.pdf().startswith(b"%PDF")
