"""Asking a colleague, taking a pair over, and one's own sitting: by keys, in the browser."""

from playwright.sync_api import expect

from dedup_site.accounts.models import User
from review.models import Decision, Referral
from scanning.models import CandidatePair
from tests.e2e.browser import Complaints
from tests.e2e.conftest import SignIn
from tests.e2e.desk import DeskPage
from tests.scans import until


def test_a_pair_is_referred_by_keys_and_comes_first_to_the_colleague(
    open_page: SignIn, reviewer: User, second_reviewer: User
) -> None:
    first = DeskPage(open_page(reviewer))
    first.open_next()
    first.expect_prefetched()
    pair = first.pair

    first.press("r")
    first.page.keyboard.press("Tab")
    first.page.keyboard.type("Which year is this?")
    first.press("Enter")
    first.expect_other_than(pair)
    expect(first.status).to_have_text(f"Referred to {second_reviewer.username}.")
    assert until(lambda: Referral.objects.filter(pair=pair).first(), "the question")

    second = DeskPage(open_page(second_reviewer))
    second.open_next()
    assert second.pair == pair
    expect(second.desk.locator("[data-referral]")).to_contain_text("Which year is this?")
    second.expect_prefetched()
    second.press("d", "1")
    second.expect_other_than(pair)
    until(lambda: Referral.objects.get(pair=pair).outcome == "answered", "the answer")


def test_escape_closes_the_question(
    open_page: SignIn, reviewer: User, second_reviewer: User
) -> None:
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    whom = desk.desk.get_by_label("Whom to ask")

    desk.press("r")
    expect(whom).to_be_focused()
    desk.press("Escape")
    expect(whom).to_be_hidden()
    assert not Referral.objects.filter(asked_by=reviewer).exists()


def test_a_pair_is_taken_over_and_the_first_one_is_told(
    open_page: SignIn, reviewer: User, second_reviewer: User, complaints: Complaints
) -> None:
    complaints.allow("409")
    first = DeskPage(open_page(reviewer))
    first.open_next()
    first.expect_prefetched()
    pair = CandidatePair.objects.get(pk=first.pair)
    first.press("d", "w")
    first.page.keyboard.type("Not lost")

    second = DeskPage(open_page(second_reviewer))
    second.open_pair(pair)
    second.press("t")
    expect(second.desk.get_by_role("button", name="Take over")).to_be_focused()
    second.press("Enter")
    expect(second.page.get_by_text("The pair is yours now.")).to_be_visible()

    first.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    notice = f"{second_reviewer.username} has taken over this pair."
    expect(first.problem).to_contain_text(notice)
    expect(first.desk.get_by_label("Note (optional)")).to_have_value("Not lost")
    first.press("Escape", "1")
    expect(first.problem).to_contain_text(notice)
    expect(first.desk.get_by_label("Note (optional)")).to_have_value("Not lost")
    assert not Decision.objects.filter(pair=pair).exists()


def test_the_sitting_counts_and_its_reminder_takes_no_key(
    open_page: SignIn, reviewer: User
) -> None:
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    desk.expect_prefetched()
    sitting = desk.page.locator("[data-session]")
    expect(sitting.locator("[data-session-done]")).to_have_text("0")
    judged = desk.pair

    desk.press("d", "1")
    desk.expect_other_than(judged)
    expect(sitting.locator("[data-session-done]")).to_have_text("1")
    expect(sitting.locator("[data-break]")).to_be_hidden()
    desk.page.evaluate(
        """sessionStorage.setItem("second-look:session",
          JSON.stringify({ begun: Date.now() - 51 * 60000, last: Date.now(), done: 40 }))"""
    )
    desk.expect_prefetched()
    judged = desk.pair
    desk.press("n", "1")
    desk.expect_other_than(judged)
    expect(sitting.locator("[data-break]")).to_be_visible()
    expect(sitting.locator("[data-session-rate]")).not_to_have_text("–")
    sitting.get_by_label("Remind me of a break").select_option("never")
    expect(sitting.locator("[data-break]")).to_be_hidden()
