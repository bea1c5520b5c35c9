"""How many pairs stand where: for the queue page and for the reviewer's own day."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, Count, Q, Value, When
from django.db.models.functions import Coalesce

from dedup_site.accounts.models import User
from review.filters import PairFilter, State
from review.models import Decision, Skip
from review.paging import TIERS
from review.querysets import Pairs
from review.records.hold_querysets import is_held
from review.services import group_decisions

# Beyond this the page says "10,000+": nobody plans a day by the exact number.
MOST_LEFT = 10_000


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """`by_state`: in the chosen tiers. `by_tier`: in the chosen state. `total`: all visible."""

    by_state: dict[str, int]
    by_tier: dict[str, int]
    total: int


def queue_counts(chosen: PairFilter) -> QueueCounts:
    """Counts per state and tier of what the other filters leave, in one grouped query."""
    by_state: Counter[str] = Counter()
    by_tier: Counter[str] = Counter()
    total = 0
    for row in _groups(chosen.filtered, chosen.user):
        states = _states_of(row)
        total += row["pairs"]
        if row["tier"] in chosen.tiers:
            by_state.update(dict.fromkeys(states, row["pairs"]))
        if chosen.chosen_state in states:
            by_tier[row["tier"]] += row["pairs"]
    return QueueCounts(
        {state: by_state[state] for state in State.values},
        {tier: by_tier[tier] for tier in TIERS},
        total,
    )


def _groups(pairs: Pairs, user: User) -> Any:
    return (
        pairs.annotate(
            verdict=Coalesce("review__verdict", Value("")),
            skipped=_flag(Q(pk__in=Skip.objects.filter(user=user).values("pair"))),
            held=_flag(is_held(user)),
        )
        .order_by()
        .values("tier", "verdict", "skipped", "held")
        .annotate(pairs=Count("pk"))
    )


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=True), default=False, output_field=BooleanField())


def _states_of(row: dict[str, Any]) -> list[str]:
    states = [State.ALL.value, row["verdict"] or State.UNDECIDED.value]
    if row["skipped"] and not row["verdict"]:
        states.append(State.SKIPPED.value)
    if row["held"]:
        states.append(State.ON_HOLD.value)
    return states


@dataclass(frozen=True, slots=True)
class Day:
    """The person's own day: decisions in force since midnight, and pairs left in the filter."""

    done: int
    left: int
    left_is_more: bool


def day_of(chosen: PairFilter) -> Day:
    """What the person has done today and what is left; the latter counted up to MOST_LEFT.

    A verdict on a group is one thing done, however many pairs it settled.
    """
    pairs = Decision.objects.made_today_by(chosen.user).in_force().filter(implied_by=None)
    done = pairs.count() + group_decisions.of_today(chosen.user).count()
    skipped = chosen.chosen_state == State.SKIPPED
    state = State.SKIPPED if skipped else State.UNDECIDED
    left = chosen.in_state(state).filter(tier__in=chosen.tiers)[: MOST_LEFT + 1].count()
    return Day(done, min(left, MOST_LEFT), left > MOST_LEFT)
