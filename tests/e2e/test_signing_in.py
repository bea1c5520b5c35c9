"""Signing in and out."""

from playwright.sync_api import Page, expect

from dedup_site.accounts.models import User
from tests.e2e.conftest import PASSWORD, SignIn


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_only_the_right_password_opens_the_site(open_page: SignIn, reviewer: User) -> None:
    page = open_page()
    page.goto("/review/")
    expect(page).to_have_title("Sign in · Second Look")

    sign_in(page, reviewer.username, "guessed")
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")

    sign_in(page, reviewer.username, PASSWORD)
    expect(page).to_have_title("Review · Second Look")


def test_the_language_can_be_switched(open_page: SignIn, reviewer: User) -> None:
    page = open_page(reviewer)
    page.goto("/review/")
    page.get_by_role("button", name="繁體中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant-HK")
    expect(page).to_have_url("/review/")

    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")


def test_signed_out_is_out_even_for_the_back_button(open_page: SignIn, reviewer: User) -> None:
    page = open_page(reviewer)
    page.goto("/review/")
    page.locator("summary").filter(has_text=reviewer.username).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()

    page.go_back()
    expect(page).to_have_title("Sign in · Second Look")
    expect(page.get_by_role("table")).to_have_count(0)
