"""What plans may do in a library, and which copies they keep: a new version for each change."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.keeping import BY_LOOKS, DEFAULT_ORDER
from review.models import ActionRule
from review.plans.building import Line, Narrowed, lines
from review.plans.rules import COOLING_OFF_DAYS, order_of, rule_of
from review.records.record_policies import current
from scanning.models import Library


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What a rule says; the fields are those of `ActionRule`."""

    may_act: bool = False
    replacement: str = ActionRule.Replacement.POINTER.value
    cooling_off_days: int = COOLING_OFF_DAYS
    keep_order: tuple[str, ...] = DEFAULT_ORDER


@dataclass(frozen=True, slots=True)
class KeptOtherwise:
    """A file of which another copy would be kept, or that would be kept itself, and how it is."""

    path: str
    kept_now: str
    kept_then: str


@transaction.atomic
def change_action_rule(
    *, actor: User, library: Library, facts: ActionFacts, reason: str
) -> ActionRule:
    """Write a new version; plans that were proposed under the old one become void.

    Raises:
        PermissionDenied: the person may not make plans, or was not given the library.
        ValidationError: no criterion, one that nobody knows, or days out of range.
    """
    actor = current(actor, Can.MAKE_PLANS)
    if not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied
    Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    _check_order(facts.keep_order)
    before = rule_of(library.pk)
    rule = ActionRule(
        library=library,
        number=before.number + 1 if before else 1,
        reason=reason.strip(),
        made_by=actor,
        **{**asdict(facts), "keep_order": list(facts.keep_order)},
    )
    rule.full_clean(exclude=["library", "made_by", "keep_order"])
    rule.save()
    record(
        "plan.rule_changed",
        actor=actor,
        target=rule,
        library_id=library.pk,
        data={
            "rule": rule.pk,
            "number": rule.number,
            "may_act": int(rule.may_act),
            "replacement": rule.replacement,
            "cooling_off_days": rule.cooling_off_days,
            "keep_order": list(rule.keep_order),
        },
        detail={"reason": rule.reason} if rule.reason else None,
    )
    return rule


def preview_order(*, actor: User, library: Library, order: Sequence[str]) -> list[KeptOtherwise]:
    """The files whose keeper is another one under this order, by path.

    Raises:
        ValidationError: no criterion, or one that nobody knows.
    """
    _check_order(order)
    now = _kept(lines(library, order_of(rule_of(library.pk)), Narrowed(), actor))
    then = _kept(lines(library, order, Narrowed(), actor))
    return [
        KeptOtherwise(path, now.get(path, path), then.get(path, path))
        for path in sorted(now.keys() | then.keys())
        if now.get(path, path) != then.get(path, path)
    ]


def _kept(found: list[Line]) -> dict[str, str]:
    """By path of a file that would go, the path of its keeper."""
    return {line.file.path: line.keeper.path for line in found if line.keeper}


def _check_order(order: Sequence[str]) -> None:
    known = {criterion.code for criterion in BY_LOOKS}
    if not order:
        raise ValidationError(_("Choose at least one criterion."))
    if len(set(order)) < len(order):
        raise ValidationError(_("Name each criterion once."))
    for code in order:
        if code not in known:
            raise ValidationError(_("There is no criterion “%(code)s”.") % {"code": code})
