"""Whether a plan still says what is so: asked at the proposal, the approval and the execution."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review.models import ActionPlan, Decision, PlanItem
from review.plans.digest import digest_as_planned
from review.plans.rules import actions_of, rule_of
from review.plans.settled import settled_duplicates
from review.records.blocking import blocking_reasons
from review.records.rules_in_force import rules_digest
from scanning.models import Library

State = ActionPlan.State

WORDS: dict[str, str | Promise] = {
    "state": _("The plan is in no state for this."),
    "digest": _("The plan does not say what was proposed."),
    "approval": _("It was not approved for what it says."),
    "maker": _("Whoever made it may not make plans for this library any more."),
    "approver": _("Whoever approved it may not approve plans for this library any more."),
    "approver_judged": _("Whoever approved it has judged one of its pairs since."),
    "retention": _("Retention rules, or the record classes of libraries, have changed."),
    "rule": _("What plans may do in this library has changed."),
    "file": _("A file is not there any more as it was planned."),
    "keeper": _("A file that is to be kept is not there any more as it was planned."),
    "decision": _("A decision on a pair is not in force any more."),
    "held": _("A legal hold covers a file of the plan."),
    "blocked": _("A file may not be acted upon."),
}


@dataclass(frozen=True, slots=True)
class Change:
    """Why a plan is void: the code, and one file that it concerns (of `count`)."""

    code: str
    file: str = ""
    count: int = 0

    @property
    def words(self) -> str:
        """For people; no matter is named."""
        return str(WORDS[self.code])

    def as_data(self) -> dict[str, Any]:
        """What the plan keeps."""
        return {"code": self.code, "file": self.file, "count": self.count}


def check_still_valid(plan: ActionPlan) -> list[Change]:
    """What has changed since the plan was proposed; empty where it can be carried out.

    Looks at the items that wait (`planned`), so that it can be asked between two files of an
    execution too. Call it in the transaction that acts, with the plan's row locked, and make the
    plan void (`services.plans.void`) where it gives anything. A fixed number of queries.
    """
    plan = ActionPlan.objects.select_related("library", "made_by", "approved_by").get(pk=plan.pk)
    if plan.state not in (State.PROPOSED, State.APPROVED, State.EXECUTING):
        return [Change("state")]
    waiting = plan.items.filter(state=PlanItem.State.PLANNED)
    return [*_of_plan(plan), *_of_people(plan), *_of_items(waiting, plan.made_by)]


def holds_on(items: QuerySet[PlanItem]) -> list[int]:
    """Ids of the holds on files that are acted upon or kept, whoever may know of them."""
    files = list(items.values_list("source_file", flat=True))
    keepers = list(items.values_list("keeper", flat=True).distinct())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT hold_id FROM review_holds_on(%s) ORDER BY 1", [[*files, *keepers]]
        )
        return [row[0] for row in cursor.fetchall()]


def has_judged(person: User, plan: ActionPlan) -> bool:
    """Whether the person ever gave a verdict on one of the pairs that the plan rests on."""
    pairs = Decision.objects.filter(plan_items__plan=plan, plan_items__fate="act").values("pair")
    return Decision.objects.filter(reviewer=person, pair__in=pairs).exists()


def may_for(person: User, can: Can, library: Library) -> bool:
    """Whether the person may do this in the library now."""
    return person.may(can) and Library.objects.visible_to(person).filter(pk=library.pk).exists()


def _of_plan(plan: ActionPlan) -> list[Change]:
    found = []
    if digest_as_planned(plan, []) != plan.digest:
        found.append(Change("digest"))
    if plan.rules_digest != rules_digest():
        found.append(Change("retention"))
    rule = rule_of(plan.library_id)
    if plan.rule_id != (rule.pk if rule else None) or plan.action not in actions_of(rule):
        found.append(Change("rule"))
    return found


def _of_people(plan: ActionPlan) -> list[Change]:
    found = []
    if not may_for(plan.made_by, Can.MAKE_PLANS, plan.library):
        found.append(Change("maker"))
    if plan.state == State.PROPOSED:
        return found
    answer = getattr(plan, "answer", None)
    approver = plan.approved_by
    if answer is None or not answer.is_approved or answer.digest != plan.digest:
        found.append(Change("approval"))
    if approver is None or not may_for(approver, Can.APPROVE_PLANS, plan.library):
        found.append(Change("approver"))
    elif has_judged(approver, plan):
        found.append(Change("approver_judged"))
    return found


def _of_items(items: QuerySet[PlanItem], asks: User) -> list[Change]:
    as_planned = Q(
        source_file__is_present=True,
        source_file__state="read",
        source_file__sha256=F("sha256"),
        source_file__size=F("size"),
        source_file__inode=F("inode"),
        source_file__modified_ns=F("modified_ns"),
    )
    keeper_as_planned = Q(
        keeper__is_present=True,
        keeper__state="read",
        keeper__sha256=F("keeper_sha256"),
        keeper__size=F("keeper_size"),
    )
    standing = settled_duplicates().filter(decision=OuterRef("decision"))
    looked_at = (
        ("file", items.exclude(as_planned)),
        ("keeper", items.exclude(keeper_as_planned)),
        ("decision", items.exclude(Exists(standing))),
    )
    found = [change for code, changed in looked_at for change in _told(code, changed)]
    return found + _blocked(items, asks)


def _told(code: str, changed: QuerySet[PlanItem]) -> list[Change]:
    files = list(changed.order_by("pk").values_list("source_file__path", flat=True))
    return [Change(code, files[0], len(files))] if files else []


def _blocked(items: QuerySet[PlanItem], asks: User) -> list[Change]:
    """Holds, on keepers too, and every other reason against acting on a file."""
    paths = dict(items.order_by("pk").values_list("source_file", "source_file__path"))
    found = [Change("held")] if holds_on(items) else []
    reasons = blocking_reasons(paths, asks)
    blocked = [paths[file] for file, against in reasons.items() if against]
    return found + ([Change("blocked", blocked[0], len(blocked))] if blocked else [])
