"""A plan from the confirmed pair to its approval by a second person."""

from playwright.sync_api import expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import ActionPlan, PairReview
from review.services import decisions, leases
from scanning.models import CandidatePair, Library
from tests.e2e.conftest import MakePerson, SignIn
from tests.review.records import make_rule, make_scheme


def confirm_all(reviewer: User, library: Library) -> int:
    """Every pair of the library is a duplicate."""
    for pair in CandidatePair.objects.filter(findings__library=library).distinct():
        lease = leases.take(actor=reviewer, pair=pair)
        assert lease is not None
        decisions.decide(
            actor=reviewer,
            pair=pair,
            verdict="duplicate",
            reason="same_picture",
            token=lease.token,
        )
    return PairReview.objects.filter(pair__findings__library=library).distinct().count()


def test_a_plan_is_made_proposed_and_approved_by_another(
    open_page: SignIn, admin: User, reviewer: User, library: Library, make_person: MakePerson
) -> None:
    number = confirm_all(reviewer, library)
    code = f"scraps-{library.pk}"
    make_rule(code, code, period="P1D", source="attribute", name="event")
    make_scheme(library, record_class=code)
    library.files.update(attributes={"event": "2020-01-01"})

    page = open_page(admin)
    page.goto("/review/plans/")
    expect(page.get_by_text("No plan yet")).to_be_visible()
    page.get_by_role("link", name=library.name).click()
    page.get_by_label("Plans may move and delete files of this library").check()
    page.get_by_role("button", name="Show what it changes").click()
    expect(page.get_by_role("status").get_by_text("the same copies are kept")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("move and delete files", exact=True)).to_be_visible()

    page.get_by_role("link", name="Make a plan").click()
    page.get_by_label("Replace them by a reference to the kept file").check()
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_role("heading", name="Replace by a pointer record")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(number + 1)
    page.get_by_role("button", name="Propose the plan").click()
    expect(page.get_by_text("You made this plan: somebody else has to approve it.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    plan = ActionPlan.objects.get(library=library)
    officer = open_page(make_person(Role.RECORDS_OFFICER, library))
    officer.goto("/review/plans/")
    officer.get_by_role("link", name=f"Plan {plan.pk}").click()
    officer.get_by_label("Note").fill("Agreed.")
    officer.get_by_role("button", name="Approve").click()
    expect(officer.get_by_text("Nothing has happened to a file yet.")).to_be_visible()
    plan.refresh_from_db()
    assert (plan.state, plan.items.filter(state="planned").count()) == ("approved", number)
