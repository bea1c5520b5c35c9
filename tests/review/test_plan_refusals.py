"""What Postgres refuses about plans, to whoever writes past the services."""

import pytest
from django.db import IntegrityError, connection, transaction

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import ActionPlan, Matter, PlanAnswer, PlanItem
from review.services import plans
from scanning.models import Library, SourceFile
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import Judge
from tests.review.plans import (
    approved_plan,
    file_at,
    free_to_act,
    item_of,
    proposed_plan,
    with_role,
)
from tests.review.records import make_file, make_hold

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_pair(
    library: Library, officer: User, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    free_to_act(library, officer)
    judge(reviewer, make_pair())


@pytest.fixture
def draft(admin: User, library: Library) -> ActionPlan:
    return plans.make_plan(actor=admin, library=library, action="delete")


@pytest.fixture
def proposed(admin: User, library: Library) -> ActionPlan:
    return proposed_plan(admin, library)


@pytest.fixture
def executing(admin: User, officer: User, library: Library) -> ActionPlan:
    plan = approved_plan(admin, officer, library)
    ActionPlan.objects.filter(pk=plan.pk).update(state="executing")
    return ActionPlan.objects.get(pk=plan.pk)


def refusal(statement: str, *values: str | int) -> str:
    """What Postgres answers to the statement, which it refuses."""
    with (
        pytest.raises(IntegrityError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
    return str(error.value)


def move(item: PlanItem, state: str) -> None:
    with transaction.atomic():
        PlanItem.objects.filter(pk=item.pk).update(state=state)


def test_self_approval(proposed: ActionPlan, admin: User) -> None:
    said = refusal(
        "UPDATE review_actionplan SET state = 'approved', approved_by_id = made_by_id,"
        " approved_at = now() WHERE id = %s",
        proposed.pk,
    )
    assert "no approval for what it says" in said
    with pytest.raises(IntegrityError, match="another person than its maker"), transaction.atomic():
        PlanAnswer.objects.create(
            plan=proposed, is_approved=True, digest=proposed.digest, given_by=admin
        )


def test_self_approval_is_a_constraint_too(executing: ActionPlan, admin: User) -> None:
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE review_actionplan DISABLE TRIGGER review_plan_guard")
    said = refusal("UPDATE review_actionplan SET approved_by_id = %s", admin.pk)
    assert "plan_is_approved_by_another" in said


def test_approval_without_an_answer(proposed: ActionPlan, officer: User) -> None:
    said = refusal(
        "UPDATE review_actionplan SET state = 'approved', approved_by_id = %s, approved_at = now()",
        officer.pk,
    )
    assert "no approval for what it says" in said


def test_approval_by_somebody_who_judged(proposed: ActionPlan, reviewer: User) -> None:
    judge = with_role(reviewer, Role.RECORDS_OFFICER)
    with pytest.raises(IntegrityError, match="nobody who judged"), transaction.atomic():
        PlanAnswer.objects.create(
            plan=proposed, is_approved=True, digest=proposed.digest, given_by=judge
        )


def test_approval_of_something_else(proposed: ActionPlan, officer: User) -> None:
    with pytest.raises(IntegrityError, match="does not wait for this answer"), transaction.atomic():
        PlanAnswer.objects.create(
            plan=proposed, is_approved=True, digest="0" * 64, given_by=officer
        )


def test_an_item_added_after_the_proposal(
    proposed: ActionPlan, library: Library, make_picture: MakePicture
) -> None:
    make_picture("z")
    item = item_of(proposed, "b.jpg")
    more = file_at(library, "z.jpg")
    with pytest.raises(IntegrityError, match="its items cannot be changed"), transaction.atomic():
        PlanItem.objects.create(
            plan=proposed,
            fate="act",
            source_file=more,
            sha256=more.sha256,
            size=more.size,
            inode=0,
            modified_ns=0,
            changed_ns=0,
            keeper=item.keeper,
            keeper_sha256=item.keeper_sha256,
            keeper_size=item.keeper_size,
            decision=item.decision,
        )
    assert "its items cannot be changed" in refusal("DELETE FROM review_planitem")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE review_planitem SET keeper_id = source_file_id",
        "UPDATE review_planitem SET size = 1",
        "UPDATE review_planitem SET fate = 'blocked'",
        "UPDATE review_planitem SET decision_id = NULL",
    ],
)
def test_what_an_item_says_is_fixed(proposed: ActionPlan, statement: str) -> None:
    assert "what it says cannot be changed" in refusal(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE review_actionplan SET action = 'to_do'",
        "UPDATE review_actionplan SET cooling_off_days = 0",
        "UPDATE review_actionplan SET digest = 'x'",
        "UPDATE review_actionplan SET acting_bytes = 0",
    ],
)
def test_what_a_plan_says_is_fixed(proposed: ActionPlan, statement: str) -> None:
    assert "what it says cannot be changed" in refusal(statement)


@pytest.mark.parametrize("state", ["draft", "executing", "done"])
def test_states_cannot_be_skipped(proposed: ActionPlan, state: str) -> None:
    said = refusal("UPDATE review_actionplan SET state = %s", state)
    assert "cannot go from proposed" in said or "plan_is_approved_before" in said


def test_plans_begin_as_drafts(admin: User, library: Library) -> None:
    with pytest.raises(IntegrityError, match="begins as a draft"), transaction.atomic():
        ActionPlan.objects.create(library=library, action="delete", state="void", made_by=admin)


def test_what_was_proposed_is_never_deleted(proposed: ActionPlan) -> None:
    assert "only a draft can be deleted" in refusal("DELETE FROM review_actionplan")
    connection.check_constraints()
    assert "append-only" in refusal("TRUNCATE review_actionplan CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM review_plananswer",
        "UPDATE review_plananswer SET id = id",
        "DELETE FROM review_actionrule",
        "UPDATE review_actionrule SET id = id",
    ],
)
def test_answers_and_rules_only_grow(executing: ActionPlan, statement: str) -> None:
    assert "append-only" in refusal(statement)


def test_no_file_moves_before_the_plan_is_carried_out(proposed: ActionPlan) -> None:
    with pytest.raises(IntegrityError, match="while its plan is proposed"):
        move(item_of(proposed, "b.jpg"), "moving")


def test_a_file_moves_once_it_is(executing: ActionPlan) -> None:
    item = item_of(executing, "b.jpg")
    move(item, "moving")
    item.refresh_from_db()
    assert item.state == "moving"


def test_a_held_file_does_not_move(
    executing: ActionPlan, officer: User, matter: Matter, library: Library
) -> None:
    """Also where the hold is on the copy that is kept."""
    make_hold(officer, matter, source_file=file_at(library, "a.jpg"))
    with pytest.raises(IntegrityError, match="held, or to be kept"):
        move(item_of(executing, "b.jpg"), "moving")


def test_no_file_moves_without_its_keeper(executing: ActionPlan) -> None:
    SourceFile.objects.filter(path="a.jpg").update(is_present=False)
    with pytest.raises(IntegrityError, match="keeper is not there"):
        move(item_of(executing, "b.jpg"), "moving")


def test_nothing_is_deleted_before_its_time(executing: ActionPlan) -> None:
    item = item_of(executing, "b.jpg")
    move(item, "moving")
    with pytest.raises(IntegrityError, match="it goes into quarantine now"):
        move(item, "quarantined")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE review_planitem SET state = 'quarantined', quarantined_at = now()")
    with pytest.raises(IntegrityError, match="still cooling off"):
        move(item, "purging")
    said = refusal("UPDATE review_planitem SET quarantined_at = now() - interval '90 days'")
    assert "cannot be changed" in said


def test_a_hold_on_the_content_keeps_the_quarantine(
    draft: ActionPlan, admin: User, officer: User, matter: Matter
) -> None:
    """Also where the path holds something else by now."""
    ActionPlan.objects.filter(pk=draft.pk).update(cooling_off_days=0)
    plan = plans.propose(actor=admin, plan=draft)
    plans.approve(actor=officer, plan=plan, digest=plan.digest)
    ActionPlan.objects.filter(pk=plan.pk).update(state="executing")
    item = item_of(plan, "b.jpg")
    move(item, "moving")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE review_planitem SET state = 'quarantined', quarantined_at = now()")
    file = item.source_file
    make_hold(officer, matter, source_file=make_file(plan.library, "other.jpg", bytes(item.sha256)))
    SourceFile.objects.filter(pk=file.pk).update(sha256=b"p" * 32, is_present=False)
    with pytest.raises(IntegrityError, match="held, to be kept, or still cooling off"):
        move(item, "purging")


def test_no_file_goes_twice(proposed: ActionPlan, officer: User, library: Library) -> None:
    """Past the service that checks it: the database lets one live item have a file."""
    item = item_of(proposed, "b.jpg")
    other = ActionPlan.objects.create(library=library, action="delete", made_by=officer)
    copy = PlanItem.objects.get(pk=item.pk)
    copy.pk, copy.plan, copy.state = None, other, "draft"
    copy.save()
    ActionPlan.objects.filter(pk=other.pk).update(
        state="proposed", digest="1" * 64, proposed_at=proposed.proposed_at
    )
    with pytest.raises(IntegrityError, match="one_live_item_per_file"):
        move(copy, "planned")


def test_never_the_last_copy(proposed: ActionPlan, officer: User, library: Library) -> None:
    """What is kept for another file may not go, and what goes may not be kept for another one."""
    item = item_of(proposed, "b.jpg")
    other = ActionPlan.objects.create(library=library, action="delete", made_by=officer)
    turned = PlanItem(
        plan=other,
        fate="act",
        source_file=item.keeper,
        sha256=item.keeper_sha256,
        size=item.keeper_size or 0,
        inode=0,
        modified_ns=0,
        changed_ns=0,
        keeper=item.source_file,
        keeper_sha256=item.sha256,
        keeper_size=item.size,
        decision=item.decision,
    )
    turned.save()
    ActionPlan.objects.filter(pk=other.pk).update(
        state="proposed", digest="1" * 64, proposed_at=proposed.proposed_at
    )
    with pytest.raises(IntegrityError, match="kept for others does not go"):
        move(turned, "planned")


def test_no_item_is_its_own_keeper(draft: ActionPlan) -> None:
    item = draft.items.get()
    own = PlanItem.objects.get(pk=item.pk)
    item.delete()
    own.pk, own.keeper = None, own.source_file
    with pytest.raises(IntegrityError, match="item_is_not_its_own_keeper"), transaction.atomic():
        own.save()


def test_a_file_of_another_library(draft: ActionPlan, officer: User) -> None:
    elsewhere = Library.objects.create(name="Elsewhere", kind="uploaded")
    stray = make_file(elsewhere, "c.jpg", b"c" * 32)
    item = draft.items.get()
    item.pk, item.source_file = None, stray
    with pytest.raises(IntegrityError, match="a file of another library"), transaction.atomic():
        item.save()
