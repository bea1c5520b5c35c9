"""How many pairs stand where: for the queue page and for the reviewer's own day."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.utils.formats import number_format

from review.filters import OPEN_STATES, PairFilter, State
from review.models import Decision
from review.paging import TIERS
from review.services import group_decisions, known_verdicts
from scanning.models import Finding, Library

# Beyond this the page says "10,000+": nobody plans a day by the exact number, and counting a
# million pairs for every page would cost more than showing them.
MOST_LEFT = 10_000


@dataclass(frozen=True, slots=True)
class Count:
    """A number of pairs; `is_more`: there are more than that."""

    number: int
    is_more: bool = False

    def __str__(self) -> str:
        return number_format(self.number) + ("+" if self.is_more else "")

    @classmethod
    def of(cls, counted: int) -> "Count":
        """From a count that stops after MOST_LEFT."""
        return cls(min(counted, MOST_LEFT), counted > MOST_LEFT)


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """`by_state`: in the chosen tiers. `by_tier`: in the chosen state. `is_empty`: no pair."""

    by_state: dict[str, Count]
    by_tier: dict[str, Count]
    is_empty: bool


def queue_counts(chosen: PairFilter) -> QueueCounts:
    """Counts per state and tier of what the other filters leave, in one query.

    None of them reads more than MOST_LEFT pairs that it counts.
    """
    found = Finding.objects.filter(library=models.OuterRef("pk"))
    with_pairs = Library.objects.visible_to(chosen.user).filter(models.Exists(found))
    counted = _counted(
        [
            *(_in_state(chosen, state).filter(tier__in=chosen.tiers) for state in State),
            *(_in_state(chosen, chosen.chosen_state).filter(tier=tier) for tier in TIERS),
            with_pairs,
        ]
    )
    counts = [Count.of(number) for number in counted]
    states = len(State)
    return QueueCounts(
        dict(zip(State.values, counts[:states], strict=True)),
        dict(zip(TIERS, counts[states:-1], strict=True)),
        is_empty=counts[-1].number == 0,
    )


def _in_state(chosen: PairFilter, state: State) -> models.QuerySet[Any]:
    return chosen.open_places(state) if state in OPEN_STATES else chosen.in_state(state)


def _counted(found: list[models.QuerySet[Any]]) -> list[int]:
    """How many rows each query has, as far as MOST_LEFT and one more."""
    counts: list[str] = []
    parameters: list[Any] = []
    for queryset in found:
        try:
            text, values = queryset.order_by().values("pk")[: MOST_LEFT + 1].query.sql_with_params()
        except EmptyResultSet:
            counts.append("0")
            continue
        counts.append(f"(SELECT count(*) FROM ({text}) AS counted)")  # noqa: S608  Django wrote it
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", parameters)
        return list(cursor.fetchone() or ())


@dataclass(frozen=True, slots=True)
class Day:
    """The person's own day: decisions since midnight, and pairs left in the filter."""

    done: int
    left: int
    left_is_more: bool


def day_of(chosen: PairFilter) -> Day:
    """What the person has done today and what is left; the latter counted up to MOST_LEFT.

    A verdict on a group is one thing done, however many pairs it settled.
    """
    pairs = Decision.objects.done_today_by(chosen.user).filter(implied_by=None)
    done = pairs.count() + group_decisions.of_today(chosen.user).count()
    done += known_verdicts.of_today(chosen.user).count()
    state = chosen.chosen_state if chosen.chosen_state in OPEN_STATES else State.UNDECIDED
    (counted,) = _counted([chosen.open_places(state).filter(tier__in=chosen.tiers)])
    left = Count.of(counted)
    return Day(done, left.number, left.is_more)
