"""A hold from its preview to its end: placed, proposed for release, approved by a second person."""

from playwright.sync_api import expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import Hold, HoldRelease
from review.records.hold_querysets import held_files
from scanning.models import Library
from tests.e2e.conftest import MakePerson, SignIn


def test_a_hold_is_placed_proposed_for_release_and_approved_by_another(
    open_page: SignIn, officer: User, library: Library, make_person: MakePerson
) -> None:
    reference = f"CACV {library.pk}/2026"
    page = open_page(officer)
    page.goto("/review/matters/")
    page.get_by_label("Reference").fill(reference)
    page.get_by_label("Title").fill("A tender 投標爭議")
    page.get_by_label("Custodian").fill("Registry")
    page.get_by_role("button", name="Open the matter").click()
    page.get_by_role("link", name=reference).click()

    page.get_by_role("link", name="Place a hold").click()
    page.get_by_role("link", name="Attribute").click()
    page.get_by_label("Attribute", exact=True).fill("supplier")
    page.get_by_label("Value").fill("supplier-a")
    page.get_by_label(library.name).check()
    page.get_by_label("Reason").select_option("Litigation or dispute")
    expect(page.get_by_role("button", name="Place the hold")).to_have_count(0)
    page.get_by_role("button", name="Show what it covers").click()
    expect(page.get_by_role("status").get_by_text("4 files")).to_be_visible()
    assert not Hold.objects.filter(matter__reference=reference).exists()
    page.get_by_role("button", name="Place the hold").click()

    row = page.get_by_role("row", name="supplier=supplier-a")
    expect(row.get_by_text("In force")).to_be_visible()
    expect(row.get_by_text("catches new files")).to_be_visible()
    assert held_files().filter(library=library).count() == 4
    row.get_by_role("link", name="Release").click()
    page.get_by_label("Reason").fill("The dispute was settled.")
    page.get_by_role("button", name="Propose the release").click()
    expect(page.get_by_text("another records officer has to approve it")).to_be_visible()
    expect(page.get_by_role("button", name="Approve the release")).to_have_count(0)

    second = open_page(make_person(Role.RECORDS_OFFICER, library))
    second.goto("/review/matters/")
    waiting = second.get_by_role("article").filter(has_text=reference)
    expect(waiting.get_by_text("The dispute was settled.")).to_be_visible()
    waiting.get_by_role("button", name="Approve the release").click()
    expect(second.get_by_text("Until the delay is over it still holds")).to_be_visible()
    row = second.get_by_role("row", name="supplier=supplier-a")
    expect(row.get_by_text("Approved, still holds")).to_be_visible()

    assert HoldRelease.objects.with_state().get(hold__matter__reference=reference).state == (
        "approved"
    )
    assert held_files().filter(library=library).count() == 4
