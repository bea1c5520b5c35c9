"""An admin makes an account, gives it a library, and takes the library back."""

from playwright.sync_api import expect

from dedup_site.accounts.models import User
from scanning.models import Library
from tests.e2e.browser import Complaints
from tests.e2e.conftest import SignIn
from tests.e2e.test_signing_in import sign_in


def test_a_new_reviewer_sees_a_library_while_it_is_given(
    open_page: SignIn, admin: User, library: Library, complaints: Complaints
) -> None:
    complaints.allow("status of 404")
    name, password = f"chan.{library.pk}", "nine quiet ferries"
    office = open_page(admin)
    office.goto("/people/")
    office.get_by_role("link", name="New account").click()
    office.get_by_label("User name").fill(name)
    office.get_by_label("Name", exact=False).nth(1).fill("陳大文")
    office.get_by_label("Reviewer").check()
    office.get_by_role("button", name="Make the account").click()
    link = office.get_by_label("Link").input_value()

    desk = open_page()
    desk.goto(link)
    for field in ("New password", "New password confirmation"):
        desk.get_by_label(field, exact=True).fill(password)
    desk.get_by_role("button", name="Set password").click()
    sign_in(desk, name, password)
    expect(desk.get_by_text("You were not given a library yet.")).to_be_visible()

    office.get_by_role("link", name="Choose libraries").click()
    office.get_by_label("Another library").select_option(library.name)
    office.get_by_role("button", name="Give").click()
    desk.reload()
    expect(desk.get_by_role("link", name=library.name, exact=True)).to_be_visible()
    desk.goto(f"/libraries/{library.pk}/")
    expect(desk.get_by_role("heading", level=1)).to_have_text(library.name)

    given = office.get_by_role("row", name=library.name)
    given.get_by_role("button", name="Take back").click()
    expect(office.get_by_text("No library yet: this person sees no pictures.")).to_be_visible()
    answer = desk.reload()
    assert answer is not None
    assert answer.status == 404
    desk.goto("/")
    expect(desk.get_by_text("You were not given a library yet.")).to_be_visible()
