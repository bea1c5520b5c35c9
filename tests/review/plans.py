"""What the tests of action plans share."""

from collections.abc import Sequence

from django.contrib.auth.models import Group

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import ActionPlan, ActionRule, PlanItem, RecordClass
from review.services import plans
from scanning.models import Library, SourceFile
from tests.review.records import make_rule, make_scheme


def free_to_act(library: Library, officer: User, **fields: object) -> ActionRule:
    """Files of the library are kept for a day, long over; and plans may act on them."""
    RecordClass.objects.get_or_create(code="scraps", defaults={"name": "Scraps"})
    make_rule("scraps", "scraps", period="P1D", source="file_date")
    make_scheme(library, record_class="scraps")
    return may_act(library, officer, **fields)


def may_act(library: Library, maker: User, **fields: object) -> ActionRule:
    """A new version of the library's rule, by which plans may act."""
    values: dict[str, object] = {
        "number": library.action_rules.count() + 1,
        "may_act": True,
        "keep_order": ["larger", "older"],
        **fields,
    }
    return ActionRule.objects.create(library=library, made_by=maker, **values)


def with_role(user: User, role: Role) -> User:
    """The same person with this role instead of those they had."""
    user.groups.set([Group.objects.get(name=role.value)])
    return User.objects.get(pk=user.pk)


def proposed_plan(actor: User, library: Library, action: str = "delete") -> ActionPlan:
    """What an admin proposes for all confirmed duplicates of the library."""
    plan = plans.make_plan(actor=actor, library=library, action=action)
    return plans.propose(actor=actor, plan=plan)


def approved_plan(
    actor: User, approver: User, library: Library, action: str = "delete"
) -> ActionPlan:
    """The same, approved by somebody else."""
    plan = proposed_plan(actor, library, action)
    return plans.approve(actor=approver, plan=plan, digest=plan.digest)


def fates(plan: ActionPlan) -> dict[str, tuple[str, str | None, list[str]]]:
    """Of each file of the plan: its fate, its keeper's path, and the codes of the reasons."""
    return {
        item.source_file.path: (
            str(item.fate),
            item.keeper.path if item.keeper else None,
            [reason["code"] for reason in item.reasons],
        )
        for item in plan.items.select_related("source_file", "keeper")
    }


def item_of(plan: ActionPlan, path: str) -> PlanItem:
    return plan.items.select_related("source_file").get(source_file__path=path)


def file_at(library: Library, path: str) -> SourceFile:
    return SourceFile.objects.get(library=library, path=path)


def codes(reasons: Sequence[dict[str, object]]) -> list[object]:
    """The codes of why a plan is void."""
    return [reason["code"] for reason in reasons]
