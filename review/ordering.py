"""The order of the open queue: by what a person likes it to go, page by page without offsets.

Each library and tier is read along an index of its own, and the heads are merged: a page costs the
same at the end of a million pairs as at the beginning.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONArray

from review.models import Order
from review.numbers import number
from review.paging import TIERS
from review.queue_querysets import QueuePlaceQuerySet
from scanning.models import CandidatePair, Library

COLUMNS = {
    Order.SURE: "score",
    Order.EASY: "ease",
    Order.VALUE: "bytes_saved",
    Order.RISK: "risk",
}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A pair's place in an order; smaller ones come first. tier: by its rank, where it counts."""

    tier: int
    value: int
    pair: int

    def __str__(self) -> str:
        return f"{self.tier}.{-self.value}.{self.pair}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place in `text`; None where there is none that makes sense."""
        parts = [number(part) for part in text.split(".")]
        match parts:
            case [int(tier), int(value), int(pair)] if tier < len(TIERS):
                return cls(tier, -value, pair)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Queue:
    """Open pairs of some libraries and tiers, in an order.

    places: what the filters leave, each pair once.
    """

    places: QueuePlaceQuerySet
    libraries: Collection[int]
    tiers: Collection[str]
    order: Order = Order.SURE

    def first(self, count: int, after: Place | None = None) -> list[Place]:
        """The first `count` places, behind `after`; one query."""
        tiers = self._wanted
        if not tiers or not self.libraries:
            return []
        by_column = self.order in COLUMNS
        found = [
            Place(self._rank(tier), -value if by_column else 0, pair)
            for row in self._heads(count, after)
            for tier in tiers
            for value, pair in row[tier] or ()  # nothing can be behind the place
        ]
        return sorted(found)[:count]

    def explain(self, count: int) -> str:
        """The plan by which Postgres reads the first `count` places."""
        return self._heads(count, None).explain()

    def _heads(self, count: int, after: Place | None) -> QuerySet[Library, Any]:
        """Of each library and tier the first places, as value and pair."""
        column = COLUMNS.get(self.order)
        heads = {
            tier: ArraySubquery(
                self._behind(tier, after)
                .filter(library=OuterRef("pk"), tier=tier)
                .order_by(*([f"-{column}"] if column else []), "pair_id")
                .values(head=JSONArray(column or "score", "pair_id"))[:count]
            )
            for tier in self._wanted
        }
        return Library.objects.filter(pk__in=self.libraries).order_by().values(**heads)

    @property
    def _wanted(self) -> list[str]:
        return [tier for tier in TIERS if tier in self.tiers]

    def pairs(self, count: int, after: Place | None = None) -> list[tuple[CandidatePair, Place]]:
        """The same as pairs, with their pictures and reviews."""
        places = self.first(count, after)
        found = (
            CandidatePair.objects.filter(pk__in=[place.pair for place in places])
            .select_related("left", "right", "review__lease_holder", "review__decision__reviewer")
            .in_bulk()
        )
        return [(found[place.pair], place) for place in places if place.pair in found]

    def _rank(self, tier: str) -> int:
        """Only the surest first goes by tier; every other order mixes the tiers."""
        return TIERS.index(tier) if self.order == Order.SURE else 0

    def _behind(self, tier: str, after: Place | None) -> QueuePlaceQuerySet:
        if after is None or self._rank(tier) > after.tier:
            return self.places
        if self._rank(tier) < after.tier:
            return self.places.none()
        column = COLUMNS.get(self.order)
        if column is None:
            return self.places.filter(pair__gt=after.pair)
        value = -after.value
        return self.places.filter(
            Q(**{f"{column}__lt": value}) | Q(**{column: value}, pair__gt=after.pair)
        )
