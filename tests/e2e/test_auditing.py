"""The auditor reads everything, exports it, and can change nothing."""

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from scanning.models import CandidatePair, Library
from tests.e2e.browser import Complaints
from tests.e2e.conftest import MakePerson, SignIn
from tests.e2e.desk import DeskPage, latest_decision
from tests.e2e.pictures import draw


def decide(open_page: SignIn, reviewer: User) -> int:
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    pair = desk.pair
    desk.press("d", "1")
    desk.expect_other_than(pair)
    return latest_decision(pair).pair_id


def export(page: Page, form: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Export {form}").click()
    return download.value.path().read_text(encoding="utf-8-sig")


def test_a_decision_is_found_and_read(
    open_page: SignIn, reviewer: User, auditor: User, library: Library
) -> None:
    pair = decide(open_page, reviewer)
    page = open_page(auditor)
    page.goto("/audit/")
    page.get_by_label("User name").fill(reviewer.username)
    page.get_by_label("Action").select_option("decision.made")
    page.get_by_label("Library").select_option(library.name)
    page.get_by_role("button", name="Filter", exact=True).click()
    events = page.get_by_role("table").get_by_role("row")
    expect(events).to_have_count(2)  # the head and one event

    events.nth(1).get_by_role("link").click()
    expect(page.get_by_text("Unchanged")).to_be_visible()
    body = json.loads(page.locator("pre").inner_text())
    assert (body["action"], body["data"]["pair"]) == ("decision.made", pair)


def test_what_is_filtered_is_exported_as_jsonl(
    open_page: SignIn, reviewer: User, auditor: User
) -> None:
    pair = decide(open_page, reviewer)
    page = open_page(auditor)
    page.goto(f"/audit/?person={reviewer.username}")
    lines = [json.loads(line) for line in export(page, "JSONL").splitlines()]
    known = AuditEvent.objects.filter(actor_id=reviewer.pk).order_by("pk")
    assert [line["id"] for line in lines] == [event.pk for event in known]
    bodies = [json.loads(line["body"]) for line in lines]
    assert [body["data"]["pair"] for body in bodies if body["action"] == "decision.made"] == [pair]

    page.reload()
    exported = AuditEvent.objects.filter(action="export.audit", actor_id=auditor.pk)
    assert exported.count() == 1


def test_a_spreadsheet_gets_no_formula(
    open_page: SignIn, make_person: MakePerson, auditor: User, library: Library, tmp_path: Path
) -> None:
    admin = make_person(Role.ADMIN, sees_all_libraries=True)
    uploads = Library.objects.create(name=f"Uploads {admin.pk}", kind=Library.Kind.UPLOADED)
    uploads.accesses.create(user=auditor)
    draw().save(tmp_path / "=cmd.jpg")
    page = open_page(admin)
    page.goto(f"/libraries/{uploads.pk}/upload/")
    page.get_by_label("Choose files").set_input_files(tmp_path / "=cmd.jpg")
    expect(page.get_by_text("1 of 1 files done")).to_be_visible()

    page = open_page(auditor)
    page.goto(f"/audit/?library={uploads.pk}")
    [row] = csv.DictReader(io.StringIO(export(page, "CSV"), newline=""))
    assert row["action"] == "library.file_uploaded"
    assert row["target"] == "'=cmd.jpg"
    [line] = export(page, "JSONL").splitlines()
    assert json.loads(line)["detail"]["target"] == "=cmd.jpg"


@pytest.mark.parametrize("address", ["/review/next/", "settings/", "upload/", "jobs/new/"])
def test_what_changes_things_is_closed(
    open_page: SignIn, auditor: User, library: Library, complaints: Complaints, address: str
) -> None:
    complaints.allow("status of 403")
    page = open_page(auditor)
    url = address if address.startswith("/") else f"/libraries/{library.pk}/{address}"
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_pair_can_be_looked_at_but_not_judged(
    open_page: SignIn, auditor: User, library: Library
) -> None:
    pair = CandidatePair.objects.filter(findings__library=library).earliest("pk")
    desk = DeskPage(open_page(auditor))
    desk.open_pair(pair)
    expect(desk.desk.get_by_role("figure")).to_have_count(2)
    expect(desk.desk.get_by_role("radio")).to_have_count(0)
    expect(desk.desk.get_by_role("button", name="Skip")).to_have_count(0)
