"""Two people judge the same pairs without knowing of each other; a third settles what differs."""

from playwright.sync_api import expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import PairReview, SecondReview
from review.services import quality_rules
from scanning.models import Library
from tests.e2e.conftest import PAIRS, MakePerson, SignIn
from tests.e2e.desk import DeskPage


def judge_all(desk: DeskPage, *last: str) -> list[int]:
    """Call every pair a duplicate, but for the last one where its keys are given."""
    judged: list[int] = []
    for number in range(PAIRS):
        judged.append(desk.pair)
        desk.press(*(last if last and number == PAIRS - 1 else ("d", "1")))
        desk.expect_other_than(judged[-1])
    expect(desk.page).to_have_title("Nothing left to review · Second Look")
    return judged


def test_two_people_and_a_third(
    open_page: SignIn,
    make_person: MakePerson,
    library: Library,
    admin: User,
    reviewer: User,
    second_reviewer: User,
) -> None:
    quality_rules.set_rule(
        actor=admin, library=library, mode="everything", percent=0, shows_names=False, reason=""
    )
    pairs = PairReview.objects.filter(pair__findings__library=library)
    first = DeskPage(open_page(reviewer))
    first.open_next()
    judged = judge_all(first)
    assert not pairs.exclude(verdict="").exists()

    # The second person's pairs look as if nobody had seen them.
    second = DeskPage(open_page(second_reviewer))
    second.open_next()
    expect(second.desk.get_by_role("radio")).to_have_count(3)
    expect(second.desk.get_by_text("Decisions on this pair")).to_have_count(0)
    expect(second.page.get_by_text("Decided:")).to_have_count(0)
    assert sorted(judge_all(second, "n", "1")) == sorted(judged)
    assert pairs.filter(verdict="duplicate").count() == PAIRS - 1

    # Each sees their own verdict, and that nothing of it has changed.
    dispute = SecondReview.objects.get(library=library, settled=None)
    for desk, verdict in ((first, "Duplicate"), (second, "Not a duplicate")):
        desk.open_pair(dispute.pair)
        expect(desk.desk.get_by_text(f"Decided: {verdict}, by")).to_be_visible()
        expect(desk.desk.get_by_text("differently")).to_have_count(0)

    third = open_page(make_person(Role.REVIEWER, library))
    third.goto("/review/quality/")
    third.get_by_role("link", name=f"Pair {dispute.pair_id}").click()
    box = third.get_by_role("region", name="Settle this pair")
    expect(box.locator(".badge")).to_have_text(["Duplicate", "Not a duplicate"])
    expect(box.get_by_text(reviewer.username)).to_have_count(0)
    box.get_by_role("button", name="Same picture", exact=True).click()
    expect(third.get_by_text("Settled. Your verdict counts.")).to_be_visible()
    assert pairs.filter(verdict="duplicate").count() == PAIRS

    page = open_page(admin)
    page.goto(f"/review/quality/libraries/{library.pk}/")
    row = page.get_by_role("row", name="All: first against second verdict")
    expect(row).to_contain_text("75 %")
