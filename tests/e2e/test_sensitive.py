"""Sensitive pictures in a real browser: blurred, revealed by one key, gone after signing out."""

import pytest
from playwright.sync_api import Locator, Page, expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from scanning.models import Library
from tests.e2e.conftest import MakePerson, SignIn
from tests.e2e.desk import DeskPage


@pytest.fixture(autouse=True)
def sensitive(library: Library) -> Library:
    library.is_sensitive = True
    library.save()
    return library


def expect_widths(images: Locator, *widths: int) -> None:
    """How many pixels the browser has of each picture, as soon as it has them."""
    for number, width in enumerate(widths):
        expect(images.nth(number)).to_have_js_property("naturalWidth", width)


def pictures(desk: DeskPage) -> Locator:
    return desk.desk.locator("[data-sheet] > img")


def revealed() -> int:
    return AuditEvent.objects.filter(action="picture.revealed").count()


def purpose_of(page: Page) -> Locator:
    return page.locator("[data-desk]:visible [data-purpose]")


def test_one_key_reveals_and_the_next_pair_asks_no_purpose(
    open_page: SignIn, reviewer: User
) -> None:
    before = revealed()
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    expect_widths(pictures(desk), 12, 12)

    purpose_of(desk.page).select_option("quality")
    desk.desk.get_by_label("More about it").fill("Sample of November")
    desk.desk.locator("[data-action=reveal]").click()
    expect(desk.desk.locator("[data-reveal]")).to_have_count(0)
    expect(desk.desk.locator("img[data-concealed]")).to_have_count(0)
    expect_sharp(desk)

    desk.expect_prefetched()
    first = desk.pair
    desk.press("d", "1")
    desk.expect_other_than(first)
    expect_widths(pictures(desk), 12, 12)
    expect(purpose_of(desk.page)).to_have_count(0)
    desk.press("y")
    expect_sharp(desk)
    assert revealed() == before + 4
    latest = AuditEvent.objects.filter(action="picture.revealed").latest("pk")
    assert latest.detail["note"] == "Sample of November"


def expect_sharp(desk: DeskPage) -> None:
    """One is the other at half its size."""
    desk.page.wait_for_function(
        """() => {
          const images = document.querySelectorAll("[data-desk]:not([hidden]) [data-sheet] > img");
          return [...images].map(image => image.naturalWidth).sort().join() === "320,640";
        }"""
    )


def test_without_scripts_the_form_does_the_same(open_page: SignIn, reviewer: User) -> None:
    page = open_page(reviewer, java_script_enabled=False)
    page.goto("/review/next/")

    page.locator("[data-purpose]").select_option("judging")
    page.get_by_role("button", name="Reveal").click()

    expect(page.get_by_role("button", name="Reveal")).to_have_count(0)
    expect(page.get_by_role("heading", name="Pair")).to_be_visible()


def test_whoever_was_not_given_the_library_by_name_is_told_so(
    open_page: SignIn, make_person: MakePerson, reviewer: User
) -> None:
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    address = desk.page.url
    everything = make_person(Role.AUDITOR, sees_all_libraries=True)

    page = open_page(everything)
    page.goto(address)

    expect(page.get_by_text("Only people who were given this library by name")).to_be_visible()
    expect(page.get_by_role("button", name="Reveal")).to_have_count(0)


def test_after_signing_out_the_back_button_shows_nothing(open_page: SignIn, reviewer: User) -> None:
    page = open_page(reviewer)
    page.goto("/review/next/")
    page.locator("[data-purpose]").first.select_option("judging")
    page.locator("[data-action=reveal]").first.click()
    expect(page.locator("[data-desk]:visible img[data-concealed]")).to_have_count(0)
    page.locator(".site-tools details").last.locator("summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    page.go_back()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator("[data-desk]")).to_have_count(0)
