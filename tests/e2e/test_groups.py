"""A reviewer judges whole groups, by keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import Decision, Group, GroupDecision
from review.services import grouping
from scanning.models import Library
from tests.e2e.browser import press
from tests.e2e.conftest import MakePerson, SignIn, scan
from tests.e2e.pictures import draw
from tests.e2e.test_every_page import SIZES, WIDE, problems
from tests.scans import until

COPIES = 4


def write_copies(folder: Path) -> None:
    """One picture in several sizes."""
    folder.mkdir(parents=True)
    picture = draw()
    for number in range(COPIES):
        size = (640 - 80 * number, 480 - 60 * number)
        picture.resize(size).save(folder / f"copy {number}.jpg", quality=90 - 5 * number)


@pytest.fixture
def library(site: str, tmp_path: Path) -> Library:
    """Two pictures, each in several copies, scanned and grouped."""
    root = tmp_path / "library"
    for name in ("first", "second"):
        write_copies(root / name)
    library = Library.objects.create(
        name=f"Groups of {tmp_path.name}", kind="mounted", root=str(root)
    )
    scan(library)

    def grouped() -> bool:
        grouping.bring_up_to_date()  # as the worker does every 15 s
        return Group.objects.filter(library=library, size=COPIES).count() == 2

    until(grouped, "the groups")
    return library


@pytest.fixture
def page(open_page: SignIn, make_person: MakePerson, library: Library) -> Page:
    """The first group of the list, in front of a reviewer."""
    page = open_page(make_person(Role.REVIEWER, library))
    page.goto("/review/groups/")
    page.get_by_role("link", name="Look at group").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Group of {COPIES} pictures")
    return page


def group_of(page: Page) -> int:
    return int(page.url.split("/groups/")[1].split("/")[0])


def latest(group: int) -> GroupDecision:
    found = GroupDecision.objects.filter(group_number=group).order_by("-pk")
    decision = until(found.first, "the verdict on the group")
    assert decision is not None
    return decision


def test_a_whole_group_in_two_keys_and_back_in_one(page: Page) -> None:
    group = group_of(page)

    press(page, "d")
    expect(page.get_by_role("radio", name="All duplicates")).to_be_checked()
    press(page, "2")

    expect(page.get_by_text("Saved: All duplicates.")).to_be_visible()
    assert group_of(page) != group
    given = latest(group)
    assert (given.verdict, given.reason) == ("duplicate", "derivative")
    made = Decision.objects.filter(implied_by=given)
    assert set(made.values_list("verdict", "reason")) == {("duplicate", "derivative")}

    press(page, "u")

    expect(page.get_by_text("Undone: All duplicates.")).to_be_visible()
    assert group_of(page) == group
    assert latest(group).supersedes == given


def test_all_but_one(page: Page) -> None:
    group = group_of(page)

    press(page, "ArrowRight")  # the first picture
    press(page, "ArrowRight")
    press(page, "Space")
    expect(page.get_by_text("Chosen: 1")).to_be_visible()
    chosen = int(page.locator("[data-pick]:checked").get_attribute("value") or 0)
    press(page, "b")
    press(page, "w")
    page.keyboard.type("Other sky. d and b are letters here.")
    press(page, "Escape")
    press(page, "2")

    expect(page.get_by_text("Saved: All but these.")).to_be_visible()
    given = latest(group)
    assert (given.reason, given.reason_apart) == ("same_picture", "similar_scene")
    assert given.note == "Other sky. d and b are letters here."
    assert given.evidence["apart"] == [chosen]
    apart = Decision.objects.filter(implied_by=given, verdict="not_duplicate")
    assert all(chosen in (each.pair.left_id, each.pair.right_id) for each in apart)


def test_two_are_chosen_and_compared(page: Page) -> None:
    press(page, "ArrowRight")
    press(page, "Space")
    press(page, "ArrowRight")
    press(page, "Space")
    press(page, "c")

    page.wait_for_url("**/review/pairs/**")
    expect(page.get_by_text(f"One pair of a group of {COPIES} pictures.")).to_be_visible()


def test_escape_takes_the_verdict_back_then_the_choice(page: Page) -> None:
    press(page, "ArrowRight")
    press(page, "Space")
    press(page, "n")
    expect(page.get_by_role("radio", name="Not duplicates")).to_be_checked()
    press(page, "Escape")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    expect(page.locator("[data-pick]:checked")).to_have_count(1)
    press(page, "Escape")
    expect(page.locator("[data-pick]:checked")).to_have_count(0)


def test_the_list_of_keys(page: Page) -> None:
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_a_group_is_judged_without_scripts(
    open_page: SignIn, make_person: MakePerson, library: Library
) -> None:
    reviewer: User = make_person(Role.REVIEWER, library)
    page = open_page(reviewer, java_script_enabled=False)
    page.goto("/review/groups/")
    page.get_by_role("link", name="Look at group").first.click()
    group = group_of(page)
    page.get_by_text("Not duplicates", exact=True).first.click()
    page.get_by_role("button", name="Same template, other record").click()

    expect(page.get_by_text("Saved: Not duplicates.")).to_be_visible()
    assert latest(group).reason_apart == "other_record"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_and_read_well(
    open_page: SignIn, make_person: MakePerson, library: Library, scheme: str
) -> None:
    page = open_page(make_person(Role.REVIEWER, library), viewport=WIDE, color_scheme=scheme)
    group = Group.objects.filter(library=library).earliest("pk")
    found = []
    for address in ("/review/groups/", f"/review/groups/{group.pk}/"):
        page.goto(address)
        press(page, "b")  # with its reasons the bar is at its largest
        found += problems(page, "structure", "names", "contrast")
        for size in SIZES.values():
            page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dict of both
            found += problems(page, "width")
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a plain dict of both
    assert found == []
