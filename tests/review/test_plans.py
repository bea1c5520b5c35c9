"""A plan is made by one person, approved by another, and bound to what it says."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from review.models import ActionPlan, Matter, PairReview, PlanItem
from review.services import decisions, plans
from review.services.plan_checks import check_still_valid
from review.services.plans import PlanRefused
from scanning.models import Library, LibraryAccess, SourceFile
from tests.conftest import MakePair, make_user
from tests.review.conftest import Judge
from tests.review.plans import (
    approved_plan,
    codes,
    file_at,
    free_to_act,
    may_act,
    proposed_plan,
    with_role,
)
from tests.review.records import make_hold, make_rule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_pair(
    library: Library, officer: User, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    """a.jpg and b.jpg are confirmed duplicates; b.jpg may go."""
    free_to_act(library, officer)
    judge(reviewer, make_pair())


def state_of(plan: ActionPlan) -> str:
    return ActionPlan.objects.get(pk=plan.pk).state


def item_states(plan: ActionPlan) -> set[str]:
    return set(plan.items.values_list("state", flat=True))


def test_from_draft_to_approval(admin: User, officer: User, library: Library) -> None:
    plan = plans.make_plan(actor=admin, library=library, action="delete", note="Spring")
    assert (plan.state, item_states(plan)) == ("draft", {"draft"})

    plan = plans.propose(actor=admin, plan=plan)
    assert (plan.state, item_states(plan), len(plan.digest)) == ("proposed", {"planned"}, 64)

    plan = plans.approve(actor=officer, plan=plan, digest=plan.digest, note="Agreed")
    assert (plan.state, plan.approved_by, plan.answer.note) == ("approved", officer, "Agreed")
    assert check_still_valid(plan) == []
    told = AuditEvent.objects.filter(action__startswith="plan.").order_by("pk")
    assert [(event.action, event.actor_id, event.library_id) for event in told] == [
        ("plan.made", admin.pk, library.pk),
        ("plan.proposed", admin.pk, library.pk),
        ("plan.approved", officer.pk, library.pk),
    ]


def test_a_new_draft_takes_the_place_of_the_old_one(admin: User, library: Library) -> None:
    first = plans.make_plan(actor=admin, library=library, action="to_do")
    second = plans.make_plan(actor=admin, library=library, action="delete")

    assert list(ActionPlan.objects.values_list("pk", flat=True)) == [second.pk]
    assert not PlanItem.objects.filter(plan=first.pk).exists()


@pytest.mark.parametrize("action", ["symlink", "shred"])
def test_only_what_the_rule_allows(admin: User, library: Library, action: str) -> None:
    with pytest.raises(ValidationError, match="Change its rule first"):
        plans.make_plan(actor=admin, library=library, action=action)


def test_without_a_rule_a_plan_is_a_list(admin: User, officer: User, library: Library) -> None:
    may_act(library, officer, may_act=False)
    with pytest.raises(ValidationError):
        plans.make_plan(actor=admin, library=library, action="delete")
    assert plans.make_plan(actor=admin, library=library, action="to_do").acting_count == 1


def test_who_may_make_plans(
    reviewer: User, auditor: User, outsider: User, library: Library, second_reviewer: User
) -> None:
    stranger = with_role(outsider, Role.ADMIN)  # was not given the library
    for person in (reviewer, auditor, stranger):
        with pytest.raises(PermissionDenied):
            plans.make_plan(actor=person, library=library, action="to_do")
    assert not ActionPlan.objects.exists()


def test_a_draft_is_its_makers_own(admin: User, officer: User, library: Library) -> None:
    plan = plans.make_plan(actor=admin, library=library, action="delete")
    with pytest.raises(PermissionDenied):
        plans.propose(actor=officer, plan=plan)
    assert list(ActionPlan.objects.visible_to(officer)) == []
    assert list(ActionPlan.objects.visible_to(admin)) == [plan]


def test_nothing_to_do_is_not_proposed(admin: User, library: Library, reviewer: User) -> None:
    SourceFile.objects.update(is_present=False)
    plan = plans.make_plan(actor=admin, library=library, action="delete")
    with pytest.raises(PlanRefused, match="nothing that this plan would do"):
        plans.propose(actor=admin, plan=plan)


def test_a_draft_that_is_out_of_date_is_not_proposed(
    admin: User, officer: User, library: Library, matter: Matter
) -> None:
    plan = plans.make_plan(actor=admin, library=library, action="delete")
    make_hold(officer, matter, source_file=file_at(library, "b.jpg"))
    with pytest.raises(PlanRefused, match="A legal hold covers a file of the plan"):
        plans.propose(actor=admin, plan=plan)
    assert (state_of(plan), item_states(plan)) == ("draft", {"draft"})


def test_two_plans_never_have_the_same_file(admin: User, officer: User, library: Library) -> None:
    one = plans.make_plan(actor=admin, library=library, action="delete")
    other = plans.make_plan(actor=officer, library=library, action="delete")
    plans.propose(actor=admin, plan=one)
    with pytest.raises(PlanRefused, match="Another plan has some of these files"):
        plans.propose(actor=officer, plan=other)


def test_nobody_approves_their_own(officer: User, library: Library) -> None:
    plan = proposed_plan(officer, library)
    with pytest.raises(PermissionDenied):
        plans.approve(actor=officer, plan=plan, digest=plan.digest)
    with pytest.raises(PermissionDenied):
        plans.refuse(actor=officer, plan=plan)
    assert state_of(plan) == "proposed"


def test_nobody_approves_what_they_judged(admin: User, library: Library, reviewer: User) -> None:
    plan = proposed_plan(admin, library)
    judge = with_role(reviewer, Role.RECORDS_OFFICER)
    with pytest.raises(PermissionDenied):
        plans.approve(actor=judge, plan=plan, digest=plan.digest)


def test_nobody_approves_what_they_once_judged_otherwise(
    admin: User, library: Library, reviewer: User, second_reviewer: User, judge: Judge
) -> None:
    """A verdict that was changed since is a verdict too."""
    first = PairReview.objects.get().decision
    assert first is not None
    decisions.decide(
        actor=second_reviewer,
        pair=first.pair,
        verdict="duplicate",
        reason="rescan",
        supersedes=first.pk,
    )
    plan = proposed_plan(admin, library)
    before = with_role(reviewer, Role.RECORDS_OFFICER)
    with pytest.raises(PermissionDenied):
        plans.approve(actor=before, plan=plan, digest=plan.digest)


def test_who_may_approve(admin: User, auditor: User, reviewer: User, library: Library) -> None:
    second = make_user("second_admin", Role.ADMIN, library)
    stranger = make_user("stranger", Role.RECORDS_OFFICER)  # was not given the library
    plan = proposed_plan(admin, library)
    for person in (second, auditor, reviewer, stranger):
        with pytest.raises(PermissionDenied):
            plans.approve(actor=person, plan=plan, digest=plan.digest)
    assert state_of(plan) == "proposed"


def test_an_approval_counts_once(admin: User, officer: User, library: Library) -> None:
    plan = approved_plan(admin, officer, library)
    with pytest.raises(PlanRefused, match="does not wait"):
        plans.approve(actor=officer, plan=plan, digest=plan.digest)
    with pytest.raises(PlanRefused, match="does not wait"):
        plans.refuse(actor=officer, plan=plan)


def test_only_what_was_shown_is_approved(admin: User, officer: User, library: Library) -> None:
    plan = proposed_plan(admin, library)
    with pytest.raises(PlanRefused, match="not what you were shown"):
        plans.approve(actor=officer, plan=plan, digest="0" * 64)
    assert state_of(plan) == "proposed"


def test_refused(admin: User, officer: User, library: Library) -> None:
    plan = plans.refuse(actor=officer, plan=proposed_plan(admin, library), note="Not now")
    assert (plan.state, item_states(plan), plan.answer.is_approved) == (
        "refused",
        {"dropped"},
        False,
    )
    # The file is free for another plan.
    assert proposed_plan(admin, library).state == "proposed"


def test_withdrawn_by_its_maker_or_an_officer(admin: User, officer: User, library: Library) -> None:
    own = plans.withdraw(actor=admin, plan=proposed_plan(admin, library))
    assert (own.state, item_states(own)) == ("withdrawn", {"dropped"})
    approved = approved_plan(admin, officer, library)
    assert plans.withdraw(actor=officer, plan=approved).state == "withdrawn"
    with pytest.raises(PlanRefused, match="cannot be withdrawn"):
        plans.withdraw(actor=officer, plan=approved)
    second = make_user("second_admin", Role.ADMIN, library)
    with pytest.raises(PermissionDenied):
        plans.withdraw(actor=second, plan=proposed_plan(admin, library))


# What makes a plan void, between proposal and approval and between approval and execution.


def place_hold(library: Library, officer: User) -> None:
    make_hold(officer, Matter.objects.get(reference="UNASSIGNED"), library=library)


def change_retention(library: Library, officer: User) -> None:
    make_rule("another", "deeds")


def change_action_rule(library: Library, officer: User) -> None:
    may_act(library, officer)


def overwrite_file(library: Library, officer: User) -> None:
    SourceFile.objects.filter(path="b.jpg").update(sha256=b"n" * 32)


def touch_file(library: Library, officer: User) -> None:
    SourceFile.objects.filter(path="b.jpg").update(modified_ns=1_600_000_000_000_000_000)


def lose_file(library: Library, officer: User) -> None:
    SourceFile.objects.filter(path="b.jpg").update(is_present=False)


def lose_keeper(library: Library, officer: User) -> None:
    SourceFile.objects.filter(path="a.jpg").update(is_present=False)


def overwrite_keeper(library: Library, officer: User) -> None:
    SourceFile.objects.filter(path="a.jpg").update(sha256=b"n" * 32)


def undo_decision(library: Library, officer: User) -> None:
    made = decisions.last_of_today(User.objects.get(username="reviewer"))
    assert made is not None
    decisions.undo(actor=made.reviewer, decision=made)


def demote_maker(library: Library, officer: User) -> None:
    with_role(User.objects.get(username="admin"), Role.AUDITOR)


def take_library_from_maker(library: Library, officer: User) -> None:
    LibraryAccess.objects.filter(user__username="admin").delete()


CHANGES = [
    (place_hold, ["held", "blocked"]),
    (change_retention, ["retention"]),
    (change_action_rule, ["rule"]),
    (overwrite_file, ["file"]),
    (touch_file, ["file"]),
    (lose_file, ["file"]),
    (lose_keeper, ["keeper"]),
    (overwrite_keeper, ["keeper"]),
    (undo_decision, ["decision"]),
    (demote_maker, ["maker"]),
    (take_library_from_maker, ["maker"]),
]


@pytest.mark.parametrize(
    ("change", "expected"), CHANGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_any_change_before_the_approval_makes_it_void(
    change: object, expected: list[str], admin: User, officer: User, library: Library
) -> None:
    plan = proposed_plan(admin, library)
    change(library, officer)  # type: ignore[operator]  # one of CHANGES

    plan = plans.approve(actor=officer, plan=plan, digest=plan.digest)

    assert (plan.state, codes(plan.void_reasons)) == ("void", expected)
    assert item_states(plan) == {"dropped"}
    event = AuditEvent.objects.get(action="plan.voided")
    assert (event.actor_id, event.library_id) == (officer.pk, library.pk)


@pytest.mark.parametrize(
    ("change", "expected"), CHANGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_any_change_after_the_approval_is_named(
    change: object, expected: list[str], admin: User, officer: User, library: Library
) -> None:
    plan = approved_plan(admin, officer, library)
    change(library, officer)  # type: ignore[operator]  # one of CHANGES

    assert [found.code for found in check_still_valid(plan)] == expected


def test_an_approver_who_was_demoted_binds_nobody(
    admin: User, officer: User, library: Library
) -> None:
    plan = approved_plan(admin, officer, library)
    with_role(officer, Role.AUDITOR)
    assert [found.code for found in check_still_valid(plan)] == ["approver"]


@pytest.mark.parametrize("what", ["account", "library"])
def test_an_approver_who_has_left_binds_nobody(
    what: str, admin: User, officer: User, library: Library
) -> None:
    plan = approved_plan(admin, officer, library)
    if what == "account":
        User.objects.filter(pk=officer.pk).update(is_active=False)
    else:
        LibraryAccess.objects.filter(user=officer).delete()
    assert [found.code for found in check_still_valid(plan)] == ["approver"]


def test_a_plan_that_is_over_is_not_valid(admin: User, officer: User, library: Library) -> None:
    plan = plans.refuse(actor=officer, plan=proposed_plan(admin, library))
    assert [found.code for found in check_still_valid(plan)] == ["state"]


def test_a_void_plan_names_a_file_and_no_matter(
    admin: User, officer: User, library: Library
) -> None:
    plan = approved_plan(admin, officer, library)
    touch_file(library, officer)
    plan = plans.void(plan=plan, changes=check_still_valid(plan), actor=None)
    assert plan.void_reasons == [{"code": "file", "file": "b.jpg", "count": 1}]
