"""Action plans up to their approval: made by one person, approved by another. No file is touched.

A plan is proposed as a whole, and bound to a digest of everything that it says. Whenever anything
of that has changed, it becomes void with the reason named, and has to be made anew.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.models import ActionPlan, PlanAnswer, PlanItem
from review.plans.building import Line, Narrowed, lines
from review.plans.digest import digest_as_planned
from review.plans.rules import COOLING_OFF_DAYS, actions_of, order_of, rule_of
from review.records.record_policies import current
from review.records.rules_in_force import rules_digest
from review.services import plan_checks
from review.services.plan_checks import Change
from review.services.refusals import Refused
from scanning.models import Library

State = ActionPlan.State
MOST_NOTE = 2000
# As in the trigger `review_plan_keeper_stays`: one plan of a library at a time is proposed.
PROPOSING = 7_720_901


class PlanRefused(Refused):
    """The plan is not in a state for this."""


@transaction.atomic
def make_plan(
    *,
    actor: User,
    library: Library,
    action: str,
    narrowed: Narrowed | None = None,
    note: str = "",
) -> ActionPlan:
    """Work out what would happen to the confirmed duplicates of a library, as a draft.

    A draft binds nothing and is its maker's own; their earlier draft for the library goes.

    Raises:
        PermissionDenied: the person may not make plans, or was not given the library.
        ValidationError: the library's rule does not allow the action, or the note is too long.
    """
    actor = current(actor, Can.MAKE_PLANS)
    _check_given(actor, library)
    note = _checked_note(note)
    rule = rule_of(library.pk)
    if action not in actions_of(rule):
        raise ValidationError(_("Plans of this library may not do that. Change its rule first."))
    _drop_drafts(actor, library)
    narrowed = narrowed or Narrowed()
    order = order_of(rule)
    plan = ActionPlan.objects.create(
        library=library,
        action=action,
        rule=rule,
        keep_order=list(order),
        cooling_off_days=rule.cooling_off_days if rule else COOLING_OFF_DAYS,
        price_per_gb_month=library.price_per_gb_month,
        narrowed=narrowed.as_data(),
        note=note,
        made_by=actor,
    )
    found = lines(library, order, narrowed, actor)
    PlanItem.objects.bulk_create((_item(plan, line) for line in found), batch_size=1_000)
    acting = [line.file.size for line in found if line.fate == PlanItem.Fate.ACT]
    blocked = [line.file.size for line in found if line.fate == PlanItem.Fate.BLOCKED]
    plan.acting_count, plan.acting_bytes = len(acting), sum(acting)
    plan.blocked_count, plan.blocked_bytes = len(blocked), sum(blocked)
    plan.save()
    _record("plan.made", plan, actor, plan.note)
    return plan


@transaction.atomic
def propose(*, actor: User, plan: ActionPlan) -> ActionPlan:
    """Ask for the approval of a draft: from now on Postgres refuses changes of what it says.

    Raises:
        PermissionDenied: it is somebody else's draft, or the person may not make plans (any more).
        PlanRefused: it is no draft, there is nothing to do in it, or something that it rests on has
            changed since it was made.
    """
    actor = current(actor, Can.MAKE_PLANS)
    plan = _locked(plan, actor)
    if plan.made_by_id != actor.pk:
        raise PermissionDenied
    if plan.state != State.DRAFT:
        raise PlanRefused(_("This plan is no draft any more."))
    if not plan.acting_count:
        raise PlanRefused(_("There is nothing that this plan would do."))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PROPOSING, plan.library_id])
    if _collides(plan):
        raise PlanRefused(
            _("Another plan has some of these files, or keeps them. Make the draft anew.")
        )
    plan.rules_digest = rules_digest()
    plan.digest = digest_as_planned(plan, plan_checks.holds_on(plan.items.acting()))
    plan.state, plan.proposed_at = State.PROPOSED, timezone.now()
    plan.save()
    plan.items.acting().update(state=PlanItem.State.PLANNED)
    if changes := plan_checks.check_still_valid(plan):
        raise PlanRefused(
            _("Since this draft was made something has changed: %(what)s Make it anew.")
            % {"what": " ".join(change.words for change in changes)}
        )
    _record("plan.proposed", plan, actor)
    return plan


@transaction.atomic
def approve(*, actor: User, plan: ActionPlan, digest: str, note: str = "") -> ActionPlan:
    """Approve what somebody else proposed, or find it void.

    digest: of what the person was shown. Returns the plan: approved, or void where anything that it
    rests on has changed since it was proposed (`void_reasons` say what).

    Raises:
        PermissionDenied: the person may not approve plans (any more), made this one, judged one of
            its pairs, or was not given the library.
        PlanRefused: it does not wait for approval, or is not what the person was shown.
    """
    actor = current(actor, Can.APPROVE_PLANS)
    plan = _locked(plan, actor)
    if plan.made_by_id == actor.pk or plan_checks.has_judged(actor, plan):
        raise PermissionDenied
    _check_waits(plan)
    if digest != plan.digest:
        raise PlanRefused(_("This plan is not what you were shown. Look at it again."))
    if changes := plan_checks.check_still_valid(plan):
        return void(plan=plan, changes=changes, actor=actor)
    answer = _answer(plan, actor, note, is_approved=True)
    plan.state, plan.approved_by, plan.approved_at = State.APPROVED, actor, answer.given_at
    plan.save(update_fields=["state", "approved_by", "approved_at"])
    _record("plan.approved", plan, actor, answer.note)
    return plan


@transaction.atomic
def refuse(*, actor: User, plan: ActionPlan, note: str = "") -> ActionPlan:
    """Refuse a proposed plan: nothing happens to its files.

    Raises:
        PermissionDenied: the person may not approve plans, made this one, or was not given the
            library.
        PlanRefused: it does not wait for approval.
    """
    actor = current(actor, Can.APPROVE_PLANS)
    plan = _locked(plan, actor)
    if plan.made_by_id == actor.pk:
        raise PermissionDenied
    _check_waits(plan)
    answer = _answer(plan, actor, note, is_approved=False)
    _end(plan, State.REFUSED)
    _record("plan.refused", plan, actor, answer.note)
    return plan


@transaction.atomic
def withdraw(*, actor: User, plan: ActionPlan, note: str = "") -> ActionPlan:
    """Call a plan off before it is carried out: one's own, or as somebody who approves plans.

    Raises:
        PermissionDenied: it is neither, or the person was not given the library.
        PlanRefused: it is being carried out, or has ended.
    """
    actor = current(actor, Can.MAKE_PLANS, Can.APPROVE_PLANS)
    plan = _locked(plan, actor)
    if plan.made_by_id != actor.pk and not actor.may(Can.APPROVE_PLANS):
        raise PermissionDenied
    if plan.state not in (State.DRAFT, State.PROPOSED, State.APPROVED):
        raise PlanRefused(_("This plan cannot be withdrawn any more."))
    note = _checked_note(note)
    _end(plan, State.WITHDRAWN)
    _record("plan.withdrawn", plan, actor, note)
    return plan


@transaction.atomic
def void(*, plan: ActionPlan, changes: list[Change], actor: User | None) -> ActionPlan:
    """Make a plan void, whose row the caller has locked; `actor` None is the system itself.

    What waits is dropped. What lies in quarantine stays there: it can be restored, not deleted.
    """
    plan.void_reasons = [change.as_data() for change in changes]
    _end(plan, State.VOID)
    codes = [change.code for change in changes]
    files = {change.code: change.file for change in changes if change.file}
    record(
        "plan.voided",
        actor=actor,
        target=plan,
        library_id=plan.library_id,
        data={"plan": plan.pk, "digest": plan.digest, "reasons": codes},
        detail={"files": files} if files else None,
    )
    return plan


def locked(plan: ActionPlan) -> ActionPlan:
    """The plan's row, locked: whatever changes its state waits here."""
    return (
        ActionPlan.objects.select_for_update(no_key=True, of=("self",))
        .select_related("library", "made_by")
        .get(pk=plan.pk)
    )


def _locked(plan: ActionPlan, actor: User) -> ActionPlan:
    found = locked(plan)
    _check_given(actor, found.library)
    return found


def _check_given(actor: User, library: Library) -> None:
    if not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied


def _check_waits(plan: ActionPlan) -> None:
    if plan.state != State.PROPOSED:
        raise PlanRefused(_("This plan does not wait for approval any more."))


def _checked_note(note: str) -> str:
    note = note.strip()
    if len(note) > MOST_NOTE:
        raise ValidationError(
            _("The note is longer than %(number)d characters. Shorten it.") % {"number": MOST_NOTE}
        )
    return note


def _drop_drafts(actor: User, library: Library) -> None:
    drafts = ActionPlan.objects.filter(made_by=actor, library=library, state=State.DRAFT)
    PlanItem.objects.filter(plan__in=drafts).delete()
    drafts.delete()


def _item(plan: ActionPlan, line: Line) -> PlanItem:
    file, keeper = line.file, line.keeper
    is_acting = line.fate == PlanItem.Fate.ACT
    return PlanItem(
        plan=plan,
        fate=line.fate,
        state=PlanItem.State.DRAFT if is_acting else PlanItem.State.NONE,
        reasons=[reason.as_data() for reason in line.reasons],
        source_file=file,
        sha256=file.sha256 or b"",
        size=file.size,
        inode=file.inode,
        modified_ns=file.modified_ns,
        changed_ns=file.changed_ns,
        keeper=keeper,
        keeper_sha256=keeper.sha256 if keeper else None,
        keeper_size=keeper.size if keeper else None,
        kept_for=line.kept_for,
        decision_id=line.decision,
    )


def _collides(plan: ActionPlan) -> bool:
    """Whether another plan has one of the files under way, or keeps one that is to go."""
    others = PlanItem.objects.filter(state__in=PlanItem.BINDING).exclude(plan=plan)
    acting = plan.items.acting()
    files, keepers = acting.values("source_file"), acting.values("keeper")
    return (
        others.filter(source_file__in=files).exists()
        or others.filter(source_file__in=keepers).exists()
        or others.filter(keeper__in=files).exists()
    )


def _answer(plan: ActionPlan, actor: User, note: str, *, is_approved: bool) -> PlanAnswer:
    return PlanAnswer.objects.create(
        plan=plan,
        is_approved=is_approved,
        digest=plan.digest,
        given_by=actor,
        note=_checked_note(note),
    )


def _end(plan: ActionPlan, state: ActionPlan.State) -> None:
    """Nothing of it happens any more: what waits is dropped."""
    plan.state, plan.ended_at = state, timezone.now()
    plan.save(update_fields=["state", "ended_at", "void_reasons"])
    waiting = plan.items.filter(state__in=(PlanItem.State.DRAFT, PlanItem.State.PLANNED))
    waiting.update(state=PlanItem.State.DROPPED, ended_at=plan.ended_at)


def _record(action: str, plan: ActionPlan, actor: User, note: str = "") -> None:
    record(
        action,
        actor=actor,
        target=plan,
        library_id=plan.library_id,
        data={
            "plan": plan.pk,
            "action": plan.action,
            "digest": plan.digest,
            "files": plan.acting_count,
            "bytes": plan.acting_bytes,
            "blocked": plan.blocked_count,
            "rule": plan.rule_id,
            "keep_order": list(plan.keep_order),
            "cooling_off_days": plan.cooling_off_days,
        },
        detail={"note": note} if note else None,
    )
