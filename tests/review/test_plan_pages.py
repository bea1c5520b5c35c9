"""The pages of action plans: who opens them, what they show, and the way to an approval."""

import csv
import hashlib
from collections.abc import Callable, Iterable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from review.models import ActionPlan, ActionRule, Certificate, Decision, Matter, PairReview
from review.services import plans
from scanning.models import CandidatePair, Library, Picture, SourceFile
from tests.conftest import MakePair, make_user
from tests.review.conftest import Judge
from tests.review.plans import approved_plan, file_at, free_to_act, proposed_plan, with_role
from tests.review.records import make_hold

pytestmark = pytest.mark.django_db
ClientAs = Callable[[User], Client]
RULE = {"may_act": "on", "replacement": "symlink", "cooling_off_days": "14", "place_older": "1"}


@pytest.fixture(autouse=True)
def one_pair(
    library: Library, officer: User, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    free_to_act(library, officer)
    judge(reviewer, make_pair())


@pytest.fixture
def proposed(admin: User, library: Library) -> ActionPlan:
    return proposed_plan(admin, library)


def text(answer: Iterable[bytes]) -> str:
    return b"".join(answer).decode()


PAGES = [
    ("plans", "", "GET", ("admin", "officer", "auditor")),
    ("plan_new", "", "GET", ("admin", "officer")),
    ("plan", "plan", "GET", ("admin", "officer", "auditor")),
    ("plan_export", "plan", "POST", ("admin", "officer", "auditor")),
    ("plan_propose", "plan", "POST", ("admin",)),  # its maker
    ("plan_approve", "plan", "POST", ("officer",)),
    ("plan_refuse", "plan", "POST", ("officer",)),
    ("plan_withdraw", "plan", "POST", ("admin", "officer")),
    ("plan_certificate", "certificate", "GET", ("admin", "officer", "auditor")),
    ("action_rule", "library", "GET", ("admin", "officer", "auditor")),
]


def address_of(name: str, what: str, plan: ActionPlan) -> str:
    match what:
        case "plan":
            return reverse(f"review:{name}", args=[plan.pk])
        case "library":
            return reverse(f"review:{name}", args=[plan.library_id])
        case "certificate":
            made = Certificate.objects.create(plan=plan, kind="to_do", body=b"{}", sha256="0" * 64)
            return reverse(f"review:{name}", args=[made.pk])
    return reverse(f"review:{name}")


@pytest.mark.parametrize(("name", "what", "method", "allowed"), PAGES)
def test_who_may(
    name: str,
    what: str,
    method: str,
    allowed: tuple[str, ...],
    proposed: ActionPlan,
    client_as: ClientAs,
    request: pytest.FixtureRequest,
) -> None:
    address = address_of(name, what, proposed)
    signed_out = Client().generic(method, address)
    assert (signed_out.status_code, signed_out["Location"]) == (
        302,
        f"{reverse('accounts:sign_in')}?next={address}",
    )
    for person in ("reviewer", "admin", "officer", "auditor"):
        status = client_as(request.getfixturevalue(person)).generic(method, address).status_code
        assert (person, status) == (person, status if person in allowed else 403)
        assert (person, status == 403) == (person, person not in allowed)


@pytest.mark.parametrize(
    ("name", "what", "method"), [page[:3] for page in PAGES if page[1]], ids=lambda value: value
)
def test_a_library_that_was_not_given_is_not_there(
    name: str, what: str, method: str, proposed: ActionPlan, client_as: ClientAs
) -> None:
    stranger = make_user("stranger", Role.RECORDS_OFFICER)
    address = address_of(name, what, proposed)
    assert client_as(stranger).generic(method, address).status_code == 404


def test_the_list_shows_only_plans_of_given_libraries(
    proposed: ActionPlan, officer: User, client_as: ClientAs
) -> None:
    address = reverse("review:plans")
    assert f"Plan {proposed.pk}" in client_as(officer).get(address).content.decode()
    stranger = make_user("stranger", Role.RECORDS_OFFICER)
    page = client_as(stranger).get(address).content.decode()
    assert "No plan yet" in page
    assert "Land registry" not in page


def test_from_the_form_to_the_approval(
    admin: User, officer: User, library: Library, client_as: ClientAs
) -> None:
    maker = client_as(admin)
    answer = maker.post(
        reverse("review:plan_new"),
        {"library": library.pk, "action": "replace", "tiers": ["near"], "note": "Spring"},
    )
    plan = ActionPlan.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("review:plan", args=[plan.pk]))
    assert (plan.action, plan.narrowed) == ("pointer", {"tiers": ["near"], "folder": ""})
    page = maker.get(answer["Location"]).content.decode()
    assert "Propose the plan" in page
    assert "b.jpg" in page
    # A draft is its maker's own.
    assert client_as(officer).get(answer["Location"]).status_code == 404

    maker.post(reverse("review:plan_propose", args=[plan.pk]))
    assert "somebody else has to approve it" in maker.get(answer["Location"]).content.decode()
    plan.refresh_from_db()
    shown = client_as(officer).get(answer["Location"]).content.decode()
    assert f'name="digest" value="{plan.digest}"' in shown
    client_as(officer).post(
        reverse("review:plan_approve", args=[plan.pk]), {"digest": plan.digest, "note": "Agreed"}
    )
    plan.refresh_from_db()
    assert (plan.state, plan.approved_by) == ("approved", officer)


def test_nobody_approves_their_own_by_the_page(
    officer: User, library: Library, client_as: ClientAs
) -> None:
    plan = proposed_plan(officer, library)
    page = client_as(officer).get(reverse("review:plan", args=[plan.pk])).content.decode()
    assert "You made this plan" in page
    assert ">Approve</button>" not in page
    answer = client_as(officer).post(
        reverse("review:plan_approve", args=[plan.pk]), {"digest": plan.digest}
    )
    assert answer.status_code == 403


def test_nobody_approves_what_they_judged_by_the_page(
    proposed: ActionPlan, reviewer: User, client_as: ClientAs
) -> None:
    judge = with_role(reviewer, Role.RECORDS_OFFICER)
    page = client_as(judge).get(reverse("review:plan", args=[proposed.pk])).content.decode()
    assert "You judged one of its pairs" in page
    assert ">Approve</button>" not in page


def test_a_state_cannot_be_sent_along(
    proposed: ActionPlan, admin: User, client_as: ClientAs
) -> None:
    client_as(admin).post(
        reverse("review:plan_propose", args=[proposed.pk]),
        {"state": "approved", "approved_by": admin.pk},
    )
    proposed.refresh_from_db()
    assert (proposed.state, proposed.approved_by) == ("proposed", None)


def test_plans_stand_in_no_other_form(admin: User, officer: User) -> None:
    """There is no Django admin site, by which the four eyes could be passed."""
    from django.apps import apps

    assert not apps.is_installed("django.contrib.admin")


def test_a_void_plan_says_why(proposed: ActionPlan, officer: User, client_as: ClientAs) -> None:
    SourceFile.objects.filter(path="b.jpg").update(is_present=False)
    page = client_as(officer).post(
        reverse("review:plan_approve", args=[proposed.pk]), {"digest": proposed.digest}, follow=True
    )
    told = page.content.decode()
    assert "The plan is void" in told
    assert "A file is not there any more as it was planned. b.jpg" in told


def test_a_draft_that_would_do_nothing_says_so(
    admin: User, library: Library, client_as: ClientAs
) -> None:
    answer = client_as(admin).post(
        reverse("review:plan_new"),
        {"library": library.pk, "action": "to_do", "folder": "elsewhere"},
        follow=True,
    )
    told = answer.content.decode()
    assert "so that it cannot be proposed" in told
    assert f'href="{reverse("review:retention")}"' in told


def test_what_the_rule_forbids_comes_back(
    admin: User, library: Library, client_as: ClientAs
) -> None:
    ActionRule.objects.create(library=library, number=9, made_by=admin, keep_order=["older"])
    answer = client_as(admin).post(
        reverse("review:plan_new"), {"library": library.pk, "action": "delete"}
    )
    assert answer.status_code == 400
    assert "Change its rule first" in answer.content.decode()


def test_reasons_mask_matters_that_one_may_not_know_of(
    admin: User, officer: User, library: Library, client_as: ClientAs
) -> None:
    secret = Matter.objects.create(
        reference="HCA 77", title="A fraud", opened_by=officer, is_confidential=True
    )
    secret.readers.add(officer)
    make_hold(officer, secret, source_file=file_at(library, "a.jpg"))
    plan = plans.make_plan(actor=admin, library=library, action="to_do")

    page = client_as(admin).get(reverse("review:plan", args=[plan.pk])).content.decode()

    assert f"On legal hold: Confidential matter {secret.pk}." in page
    assert "HCA 77" not in page


def test_the_plan_is_exported(proposed: ActionPlan, auditor: User, client_as: ClientAs) -> None:
    answer = client_as(auditor).post(reverse("review:plan_export", args=[proposed.pk]))
    rows = list(csv.DictReader(text(answer).removeprefix("\N{BOM}").splitlines()))
    assert [(row["file"], row["fate"], row["keeper"], row["decided_by"]) for row in rows] == [
        ("b.jpg", "act", "a.jpg", "reviewer")
    ]
    event = AuditEvent.objects.get(action="export.plan")
    assert (event.actor_id, event.target_id) == (auditor.pk, str(proposed.pk))


def test_a_certificate_is_its_exact_bytes(
    admin: User, officer: User, auditor: User, library: Library, client_as: ClientAs
) -> None:
    plan = approved_plan(admin, officer, library)
    made = Certificate.objects.create(plan=plan, kind="to_do", body=b'{"a":1}', sha256="0" * 64)
    answer = client_as(auditor).get(reverse("review:plan_certificate", args=[made.pk]))
    assert answer.content == b'{"a":1}'
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_rule_is_previewed_and_then_saved(
    admin: User, library: Library, client_as: ClientAs
) -> None:
    SourceFile.objects.filter(path="b.jpg").update(modified_ns=1_600_000_000_000_000_000)
    Picture.objects.filter(sha256=hashlib.sha256(b"content of a").digest()).update(width=4000)
    address = reverse("review:action_rule", args=[library.pk])

    page = client_as(admin).post(address, {**RULE, "do": "preview"}).content.decode()
    assert "2 files have another keeper than now." in page
    assert ActionRule.objects.count() == 1

    client_as(admin).post(address, {**RULE, "do": "save", "change_reason": "Agreed in May"})
    rule = ActionRule.objects.first()
    assert rule is not None
    assert (rule.number, rule.keep_order, rule.replacement) == (2, ["older"], "symlink")
    assert (rule.may_act, rule.cooling_off_days, rule.reason) == (True, 14, "Agreed in May")
    event = AuditEvent.objects.get(action="plan.rule_changed")
    assert (event.actor_id, event.library_id) == (admin.pk, library.pk)


@pytest.mark.parametrize(
    "wrong", [{"cooling_off_days": "0"}, {"place_older": ""}, {"place_larger": "1"}]
)
def test_a_rule_that_makes_no_sense_comes_back(
    wrong: dict[str, str], admin: User, library: Library, client_as: ClientAs
) -> None:
    address = reverse("review:action_rule", args=[library.pk])
    answer = client_as(admin).post(address, {**RULE, **wrong, "do": "save"})
    assert answer.status_code == 400
    assert ActionRule.objects.count() == 1


def test_auditors_read_rules_and_change_none(
    auditor: User, library: Library, client_as: ClientAs
) -> None:
    address = reverse("review:action_rule", args=[library.pk])
    assert "Save</button>" not in client_as(auditor).get(address).content.decode()
    assert client_as(auditor).post(address, {**RULE, "do": "save"}).status_code == 403


def many_duplicates(library: Library, reviewer: User, number: int) -> None:
    """So many pairs of pictures, each confirmed, with a file each."""
    contents = [hashlib.sha256(f"{place}".encode()).digest() for place in range(2 * number)]
    pictures = Picture.objects.bulk_create(
        Picture(sha256=content, byte_size=1, format="JPEG", mode="RGB", width=8, height=6)
        for content in contents
    )
    SourceFile.objects.bulk_create(
        SourceFile(
            library=library,
            path=f"{place:05}.jpg",
            path_key=content,
            size=1_000_000,
            modified_ns=1_700_000_000_000_000_000,
            sha256=content,
            state="read",
        )
        for place, content in enumerate(contents)
    )
    pairs = CandidatePair.objects.bulk_create(
        CandidatePair(left=left, right=right, tier="near", score=900)
        for left, right in zip(pictures[::2], pictures[1::2], strict=True)
    )
    decisions = Decision.objects.bulk_create(
        Decision(
            pair=pair, verdict="duplicate", reason="same_picture", reviewer=reviewer, evidence={}
        )
        for pair in pairs
    )
    analyze()
    PairReview.objects.bulk_create(
        PairReview(pair=decision.pair, decision=decision, verdict="duplicate")
        for decision in decisions
    )
    analyze()


def analyze() -> None:
    """What autovacuum would do: it does not see the rows of a transaction that goes on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE scanning_sourcefile, scanning_picture, scanning_candidatepair,"
            " review_decision, review_pairreview, review_planitem"
        )


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_a_plan_of_5000_files_is_paged_with_as_many_queries_as_a_small_one(
    admin: User, officer: User, library: Library, reviewer: User, client_as: ClientAs
) -> None:
    maker = client_as(admin)
    small = plans.make_plan(actor=admin, library=library, action="to_do")
    few = queries_of(maker, reverse("review:plan", args=[small.pk]))
    many_duplicates(library, reviewer, 5_000)

    plan = proposed_plan(admin, library)

    assert (plan.acting_count, plan.acting_bytes) == (5_001, 5_000_000_012)
    address = reverse("review:plan", args=[plan.pk])
    assert queries_of(maker, f"{address}?page=101") <= few + 2
    page = maker.get(f"{address}?page=101").content.decode()
    assert "Page 101 of 101" in page
    assert "frees HK$0.93 a month" in page
    approved = plans.approve(actor=officer, plan=plan, digest=plan.digest)
    assert approved.state == "approved"
