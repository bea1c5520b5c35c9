"""The order of the queue: by tier, the best first, then by score; page by page without offsets.

Each tier is read on its own along the index (tier, -score, id), so that a page costs the same at
the end of a million pairs as at the beginning.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from django.db import models

from review.querysets import Pairs
from scanning.models import CandidatePair

TIERS = tuple(
    tier.value
    for tier in (
        CandidatePair.Tier.IDENTICAL,
        CandidatePair.Tier.SAME_PIXELS,
        CandidatePair.Tier.NEAR,
        CandidatePair.Tier.LOOKALIKE,
    )
)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the queue: the pair that a page ends with."""

    tier: str
    score: int
    pk: int

    def __str__(self) -> str:
        return f"{self.tier}.{self.score}.{self.pk}"

    @classmethod
    def of(cls, pair: CandidatePair) -> Self:
        return cls(pair.tier, pair.score, pair.pk)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The position in `text`; None where there is none that makes sense."""
        tier, _, rest = text.partition(".")
        score, _, pk = rest.partition(".")
        if tier not in TIERS or not (_is_number(score) and _is_number(pk)):
            return None
        return cls(tier, int(score), int(pk))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def first(
    pairs: Pairs, tiers: Iterable[str], count: int, after: Position | None = None
) -> list[CandidatePair]:
    """The first `count` of `pairs` in queue order, of these tiers, behind `after`."""
    branches = [
        _of_tier(pairs, tier, after).order_by("-score", "pk").values_list("pk", flat=True)[:count]
        for tier in TIERS
        if tier in set(tiers) and (after is None or TIERS.index(tier) >= TIERS.index(after.tier))
    ]
    if not branches:
        return []
    keys = list(branches[0].union(*branches[1:], all=True))
    rows = CandidatePair.objects.filter(pk__in=keys).select_related(
        "left", "right", "review__lease_holder", "review__decision__reviewer"
    )
    return sorted(rows, key=lambda pair: (TIERS.index(pair.tier), -pair.score, pair.pk))[:count]


def _of_tier(pairs: Pairs, tier: str, after: Position | None) -> Pairs:
    pairs = pairs.filter(tier=tier)
    if after is None or after.tier != tier:
        return pairs
    return pairs.filter(
        models.Q(score__lt=after.score) | models.Q(score=after.score, pk__gt=after.pk)
    )
