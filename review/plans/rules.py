"""What counts in a library: its action rule in force, or what holds where it has none."""

from review.keeping import DEFAULT_ORDER
from review.models import ActionPlan, ActionRule

Action = ActionPlan.Action

COOLING_OFF_DAYS = 30


def rule_of(library: int) -> ActionRule | None:
    """The rule in force of the library (id)."""
    return ActionRule.objects.filter(library=library).in_force().first()


def order_of(rule: ActionRule | None) -> tuple[str, ...]:
    """The order of criteria by which copies are kept."""
    return tuple(rule.keep_order) if rule else DEFAULT_ORDER


def keep_order(*libraries: int | None) -> tuple[str, ...]:
    """The order of the library that all of these are; otherwise the usual one."""
    ids = set(libraries)
    library = ids.pop() if len(ids) == 1 else None
    return DEFAULT_ORDER if library is None else order_of(rule_of(library))


def actions_of(rule: ActionRule | None) -> tuple[ActionPlan.Action, ...]:
    """What plans may do, the mildest first. Without a rule nothing: a list for people."""
    if rule is None or not rule.may_act:
        return (Action.TO_DO,)
    replacement = Action(rule.replacement)
    return (Action.TO_DO, replacement, Action.DELETE)
