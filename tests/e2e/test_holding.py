"""Legal holds from the pair page."""

from playwright.sync_api import expect

from dedup_site.accounts.models import User
from review.models import Hold
from scanning.models import CandidatePair, Library
from tests.e2e.conftest import SignIn
from tests.e2e.desk import DeskPage, latest_decision


def test_a_hold_is_there_at_once_and_outlives_the_undo(
    open_page: SignIn, reviewer: User, library: Library
) -> None:
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    pair = CandidatePair.objects.get(pk=desk.pair)
    desk.press("h", "2")
    desk.expect_other_than(pair.pk)
    assert latest_decision(pair.pk).verdict == "legal_hold"
    holds = Hold.objects.filter(picture__in=(pair.left, pair.right))
    assert [(hold.reason, hold.placed_by) for hold in holds] == [("investigation", reviewer)] * 2

    desk.press("u")
    expect(desk.status).to_contain_text("The hold on its pictures stays until it is released.")
    notice = desk.desk.get_by_text("On legal hold: nothing may happen to these files.")
    expect(notice).to_be_visible()
    assert holds.count() == 2

    desk.open_pair(pair)
    expect(notice).to_be_visible()


def test_the_officer_chooses_the_matter(open_page: SignIn, officer: User, library: Library) -> None:
    page = open_page(officer)
    page.goto("/review/matters/")
    reference = f"HCA {library.pk}/2026"
    page.get_by_label("Reference").fill(reference)
    page.get_by_label("Title").fill("A dispute about photographs")
    page.get_by_role("button", name="Open the matter").click()
    expect(page.get_by_role("row", name=reference)).to_be_visible()

    pair = CandidatePair.objects.filter(findings__library=library).earliest("pk")
    desk = DeskPage(page)
    desk.open_pair(pair)
    desk.press("h")
    desk.desk.get_by_label("Matter").select_option(f"{reference} A dispute about photographs")
    desk.desk.get_by_role("button", name="Litigation or dispute").click()
    desk.expect_other_than(pair.pk)
    assert latest_decision(pair.pk).verdict == "legal_hold"
    held = Hold.objects.filter(matter__reference=reference)
    assert {hold.picture for hold in held} == {pair.left, pair.right}
