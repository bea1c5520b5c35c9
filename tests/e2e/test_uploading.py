"""Uploading many files at once, good and bad ones."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from dedup_site.accounts.models import User
from scanning.models import Library
from tests.e2e.browser import Complaints
from tests.e2e.conftest import SignIn
from tests.e2e.pictures import draw


@pytest.fixture
def uploads(database: None, admin: User) -> Library:
    library = Library.objects.create(
        name=f"Uploads of {admin.username}", kind=Library.Kind.UPLOADED, created_by=admin
    )
    library.accesses.create(user=admin)
    return library


def test_a_bad_file_does_not_stop_the_others(
    open_page: SignIn, admin: User, uploads: Library, tmp_path: Path
) -> None:
    files = [tmp_path / f"photo {number}.jpg" for number in range(1, 6)]
    for file in files:
        draw().save(file)
    empty = tmp_path / "empty.jpg"
    empty.touch()
    page = open_page(admin)
    page.goto(f"/libraries/{uploads.pk}/upload/")
    page.get_by_label("Choose files").set_input_files([*files[:2], empty, *files[2:]])

    total = page.get_by_role("progressbar", name="All files")
    expect(total).to_be_visible()
    expect(page.get_by_text("5 of 6 files done, 1 not taken")).to_be_visible()
    rows = page.get_by_role("list", name="Files of this upload").get_by_role("listitem")
    expect(rows.filter(has_text="done")).to_have_count(5)
    expect(rows.filter(has_text="empty.jpg")).to_contain_text("It is empty (0 bytes).")
    stored = uploads.files.order_by("path").values_list("path", flat=True)
    assert list(stored) == [file.name for file in files]


def test_a_file_whose_connection_broke_is_sent_again(
    open_page: SignIn, admin: User, uploads: Library, tmp_path: Path, complaints: Complaints
) -> None:
    complaints.allow("ERR_FAILED")
    draw().save(tmp_path / "photo.jpg")
    page = open_page(admin)
    page.goto(f"/libraries/{uploads.pk}/upload/")
    page.route("**/upload/file/*", lambda route: route.abort(), times=1)
    page.get_by_label("Choose files").set_input_files(tmp_path / "photo.jpg")
    expect(page.get_by_text("The connection broke. Try this file again.")).to_be_visible()
    assert not uploads.files.exists()

    page.get_by_role("button", name="Try again: photo.jpg").click()
    expect(page.get_by_text("1 of 1 files done, 0 not taken")).to_be_visible()
    assert uploads.files.get().path == "photo.jpg"
