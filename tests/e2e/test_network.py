"""The connection breaks, or the pair has gone to somebody else: nothing that was typed is lost."""

import pytest
from playwright.sync_api import Route, expect

from dedup_site.accounts.models import User
from review.models import Decision, PairReview
from tests.e2e.browser import Complaints
from tests.e2e.conftest import SignIn
from tests.e2e.desk import DeskPage, latest_decision

NOTE = "The second one was cut at the left edge."


@pytest.fixture
def desk(open_page: SignIn, reviewer: User) -> DeskPage:
    """A pair that is about to be judged: the note is written, only the reason is missing."""
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    desk.expect_prefetched()
    desk.press("d", "w")
    desk.page.keyboard.type(NOTE)
    desk.press("Escape")
    return desk


def expect_nothing_lost(desk: DeskPage, pair: int) -> None:
    expect(desk.desk).to_have_attribute("data-pair", str(pair))
    expect(desk.desk.get_by_role("radio", name="Duplicate", exact=True)).to_be_checked()
    expect(desk.desk.get_by_label("Note")).to_have_value(NOTE)


def test_offline_the_answer_waits_on_the_page(desk: DeskPage, complaints: Complaints) -> None:
    complaints.allow("ERR_INTERNET_DISCONNECTED")
    pair = desk.pair
    desk.page.context.set_offline(True)
    desk.press("2")
    expect(desk.problem).to_contain_text("The server cannot be reached.")
    expect_nothing_lost(desk, pair)
    assert not Decision.objects.filter(pair=pair).exists()

    desk.page.context.set_offline(False)
    desk.press("2")
    expect(desk.status).to_have_text("Saved: Duplicate.")
    desk.expect_other_than(pair)
    assert (latest_decision(pair).reason, latest_decision(pair).note) == ("derivative", NOTE)


def test_an_answer_whose_receipt_was_lost_counts_once(
    desk: DeskPage, complaints: Complaints
) -> None:
    complaints.allow("ERR_FAILED")
    pair = desk.pair

    def lose_receipt(route: Route) -> None:
        route.fetch(max_retries=3)  # a connection that lay open may have been closed
        route.abort()

    desk.page.route("**/decide/", lose_receipt, times=1)
    desk.press("1")
    expect(desk.problem).to_contain_text("The server cannot be reached.")
    expect_nothing_lost(desk, pair)

    desk.press("1")
    expect(desk.status).to_have_text("Saved: Duplicate.")
    desk.expect_other_than(pair)
    assert Decision.objects.filter(pair=pair).count() == 1


def test_an_answer_is_refused_when_somebody_else_took_over(
    desk: DeskPage,
    second_reviewer: User,
    reviewer: User,
    open_page: SignIn,
    complaints: Complaints,
) -> None:
    complaints.allow("status of 409")
    review = PairReview.objects.get(pair=desk.pair)
    review.lease_until = review.pair.created_at  # the reviewer was away for too long
    review.save()
    second = DeskPage(open_page(second_reviewer))
    second.open_pair(review.pair)
    expect(second.desk.get_by_role("radio")).to_have_count(3)

    desk.press("1")
    expect(desk.problem).to_contain_text(f"{second_reviewer.username} has this pair until")
    expect_nothing_lost(desk, review.pk)
    assert not Decision.objects.filter(pair=review.pk).exists()

    desk.problem.get_by_role("link", name="Go on with the next pair").click()
    desk.expect_other_than(review.pk)
    second.press("n", "1")
    second.expect_other_than(review.pk)
    assert latest_decision(review.pk).reviewer == second_reviewer
