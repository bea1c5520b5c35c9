"""Two people at the same queue."""

from playwright.sync_api import expect

from dedup_site.accounts.models import User
from review.models import Decision
from scanning.models import CandidatePair
from tests.e2e.conftest import PAIRS, SignIn
from tests.e2e.desk import DeskPage


def test_two_reviewers_share_the_queue_and_never_a_pair(
    open_page: SignIn, reviewer: User, second_reviewer: User
) -> None:
    desks = {user: DeskPage(open_page(user)) for user in (reviewer, second_reviewer)}
    judged: dict[User, list[int]] = {reviewer: [], second_reviewer: []}
    for desk in desks.values():
        desk.open_next()
        desk.expect_prefetched()  # each has two of the four pairs now
    for user, desk in desks.items():
        for _ in range(PAIRS // 2):
            judged[user].append(desk.pair)
            desk.press("d", "1")
            desk.expect_other_than(judged[user][-1])
        expect(desk.page).to_have_title("Nothing left to review · Second Look")
    assert len({*judged[reviewer], *judged[second_reviewer]}) == PAIRS
    for user, pairs in judged.items():
        made = Decision.objects.filter(reviewer=user).values_list("pair", flat=True)
        assert set(made) == set(pairs)


def test_a_pair_that_somebody_else_has_can_only_be_looked_at(
    open_page: SignIn, reviewer: User, second_reviewer: User
) -> None:
    first = DeskPage(open_page(reviewer))
    first.open_next()
    pair = CandidatePair.objects.get(pk=first.pair)

    second = DeskPage(open_page(second_reviewer))
    second.open_pair(pair)
    notice = second.desk.get_by_text(f"{reviewer.username} is looking at this pair until")
    expect(notice).to_be_visible()
    expect(second.desk.get_by_role("radio")).to_have_count(0)
    second.press("d", "1")
    second.desk.get_by_role("link", name="Go on with the next pair").click()
    second.expect_other_than(pair.pk)
    assert not Decision.objects.filter(pair=pair).exists()


def test_a_closed_page_gives_its_pair_back(
    open_page: SignIn, reviewer: User, second_reviewer: User
) -> None:
    first = DeskPage(open_page(reviewer))
    first.open_next()
    pair = first.pair
    first.page.goto("/review/history/")
    expect(first.page.get_by_role("heading", level=1)).to_have_text("My decisions")

    second = DeskPage(open_page(second_reviewer))
    second.open_next()
    assert second.pair == pair
