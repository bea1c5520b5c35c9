"""A reviewer meets hidden known pairs by keyboard, and goes on as after any other pair."""

import pytest
from playwright.sync_api import expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import Decision, KnownMeeting, KnownPairRule, KnownVerdict
from review.services import known_pairs, known_verdicts
from scanning.models import CandidatePair, Library
from tests.e2e.conftest import PAIRS, MakePerson, SignIn
from tests.e2e.desk import DeskPage


def places(rule: KnownPairRule, person: User) -> int:
    """In front of how many pairs the lot puts a known pair for this person."""
    pairs = CandidatePair.objects.filter(findings__library=rule.library_id)
    return sum(known_verdicts.chooses(rule, person, pair) for pair in pairs)


@pytest.fixture
def rule(library: Library, admin: User) -> KnownPairRule:
    known_pairs.make(actor=admin, library=library, size=PAIRS)
    return known_pairs.set_rule(actor=admin, library=library, percent=20, reason="")


def test_known_pairs_among_the_others(
    open_page: SignIn, make_person: MakePerson, library: Library, rule: KnownPairRule
) -> None:
    people = (make_person(Role.REVIEWER, library) for _number in range(200))
    reviewer = next(person for person in people if places(rule, person))
    count = places(rule, reviewer)
    desk = DeskPage(open_page(reviewer))
    desk.open_next()
    met: list[int] = []
    for done in range(PAIRS + count):
        met.append(desk.pair)
        expect(desk.desk.locator("[data-done]")).to_have_text(str(done))
        expect(desk.page).to_have_url(
            desk.page.url.partition("/review/")[0] + f"/review/pairs/{met[-1]}/"
        )
        pictures = desk.desk.locator("[data-sheet] > img")
        for number in range(2):
            expect(pictures.nth(number)).not_to_have_js_property("naturalWidth", 0)
        desk.press("d", "2")
        desk.expect_other_than(met[-1])
    expect(desk.page).to_have_title("Nothing left to review · Second Look")

    known = KnownMeeting.objects.filter(user=reviewer).values_list("known", flat=True)
    decided = Decision.objects.filter(reviewer=reviewer).values_list("pair", flat=True)
    assert (len(known), len(decided)) == (count, PAIRS)
    assert sorted([*known, *decided]) == sorted(met)
    given = KnownVerdict.objects.filter(reviewer=reviewer)
    assert set(given.values_list("verdict", "reason")) == {("duplicate", "derivative")}


def test_undo_brings_it_back(
    open_page: SignIn, library: Library, admin: User, reviewer: User
) -> None:
    (known,) = known_pairs.make(actor=admin, library=library, size=1)
    desk = DeskPage(open_page(reviewer))
    desk.page.goto(f"/review/pairs/{known.pk}/")
    desk.press("d", "1")
    desk.expect_other_than(known.pk)
    expect(desk.status).to_have_text("Saved: Duplicate.")
    desk.press("u")
    expect(desk.desk).to_have_attribute("data-pair", str(known.pk))
    desk.press("n", "1")
    desk.expect_other_than(known.pk)
    expect(desk.status).to_have_text("Saved: Not a duplicate.")
    given = KnownVerdict.objects.filter(known=known).order_by("pk")
    assert [each.verdict for each in given] == ["duplicate", "withdrawn", "not_duplicate"]
