"""A reviewer judges pairs, by keyboard alone."""

import pytest
from playwright.sync_api import expect

from dedup_site.accounts.models import User
from review.models import Decision, PairReview, Skip
from scanning.models import CandidatePair
from tests.e2e.conftest import PAIRS, SignIn
from tests.e2e.desk import DeskPage, latest_decision


@pytest.fixture
def desk(open_page: SignIn, reviewer: User) -> DeskPage:
    """The first pair of the queue, in front of the reviewer."""
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    return desk


def test_a_verdict_and_its_reason_are_two_keys(desk: DeskPage, reviewer: User) -> None:
    pair = desk.pair
    desk.expect_counts(done=0, left=PAIRS)
    desk.page.evaluate("document.isTheSamePage = true")

    desk.press("d", "2")
    desk.expect_other_than(pair)
    desk.expect_counts(done=1, left=PAIRS - 1)
    expect(desk.status).to_have_text("Saved: Duplicate.")
    assert desk.page.evaluate("document.isTheSamePage")

    decision = latest_decision(pair)
    assert (decision.verdict, decision.reason) == ("duplicate", "derivative")
    assert decision.reviewer == reviewer
    judged = CandidatePair.objects.get(pk=pair)
    assert decision.evidence["distance"] == judged.distance
    assert decision.evidence["left"]["sha256"] == judged.left.digest
    assert decision.evidence["right"]["sha256"] == judged.right.digest


def test_not_a_duplicate_with_a_note(desk: DeskPage) -> None:
    pair = desk.pair
    desk.press("n", "w")
    desk.page.keyboard.type("Other sky. d and u are letters here.")
    desk.press("Escape", "2")
    desk.expect_other_than(pair)

    decision = latest_decision(pair)
    assert (decision.verdict, decision.reason) == ("not_duplicate", "similar_scene")
    assert decision.note == "Other sky. d and u are letters here."


def test_enter_takes_the_first_reason_and_escape_takes_the_verdict_back(desk: DeskPage) -> None:
    pair = desk.pair
    desk.press("d")
    expect(desk.desk.get_by_role("radio", name="Duplicate", exact=True)).to_be_checked()
    desk.press("Escape")
    expect(desk.desk.get_by_role("radio", checked=True)).to_have_count(0)

    desk.press("n", "Enter")
    desk.expect_other_than(pair)
    assert latest_decision(pair).reason == "other_record"


def test_a_whole_queue_without_touching_the_mouse(desk: DeskPage) -> None:
    judged = []
    for done in range(PAIRS):
        desk.expect_counts(done=done, left=PAIRS - done)
        judged.append(desk.pair)
        desk.press("d", "1")
        desk.expect_other_than(judged[-1])
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Nothing left to review here")
    assert len(set(judged)) == PAIRS
    assert Decision.objects.filter(pair__in=judged).count() == PAIRS


def test_skipped_pairs_come_last(desk: DeskPage, reviewer: User) -> None:
    skipped = desk.pair
    desk.press("s")
    desk.expect_other_than(skipped)
    desk.expect_counts(done=0, left=PAIRS)
    expect(desk.status).to_contain_text("Skipped.")
    assert Skip.objects.filter(user=reviewer, pair=skipped).exists()

    for _ in range(PAIRS - 1):
        shown = desk.pair
        assert shown != skipped
        desk.press("n", "1")
        desk.expect_other_than(shown)
    assert desk.pair == skipped


def test_undo_brings_the_pair_back_undecided(desk: DeskPage) -> None:
    pair = desk.pair
    desk.press("d", "1")
    desk.expect_other_than(pair)
    desk.expect_counts(done=1, left=PAIRS - 1)

    desk.press("u")
    expect(desk.desk).to_have_attribute("data-pair", str(pair))
    desk.expect_counts(done=0, left=PAIRS)
    expect(desk.status).to_have_text("Undone: Duplicate. The pair is undecided again.")
    verdicts = Decision.objects.filter(pair=pair).order_by("pk").values_list("verdict", flat=True)
    assert list(verdicts) == ["duplicate", "withdrawn"]
    assert PairReview.objects.get(pair=pair).verdict == ""

    desk.press("n", "1")
    expect(desk.status).to_have_text("Saved: Not a duplicate.")
    assert latest_decision(pair).verdict == "not_duplicate"


def test_the_keys_explain_themselves(desk: DeskPage) -> None:
    help_ = desk.page.get_by_role("dialog", name="Keys")
    desk.press("?")
    expect(help_).to_be_visible()
    desk.press("d", "1")  # mean nothing while the list is open
    desk.press("Escape")
    expect(help_).to_be_hidden()
    assert not Decision.objects.filter(pair=desk.pair).exists()
