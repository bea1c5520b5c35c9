"""How each reviewer judged hidden known pairs: hits, misses, false alarms, with intervals."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from dedup_site.accounts.models import User
from review.models import KnownPair, KnownPairRule, KnownVerdict, Verdict
from review.quality.statistics import Interval, wilson
from review.services import known_pairs
from scanning.models import Library

# "Not a duplicate" for a reason that says that both show the same picture.
SEEN_AS_SAME = ("legitimate_reuse", "suspected_misuse", "wrong_record")
Truth = KnownPair.Truth


class HitRate(NamedTuple):
    """How one person judged known pairs.

    hits, misses: known duplicates that they recognised, or did not. alarms: known non-duplicates
    that they called duplicates; rejected: those that they told apart. Legal holds count nowhere.
    """

    person: User
    hits: int
    misses: int
    alarms: int
    rejected: int

    @property
    def hit_interval(self) -> Interval | None:
        return wilson(self.hits, self.hits + self.misses)

    @property
    def alarm_interval(self) -> Interval | None:
        return wilson(self.alarms, self.alarms + self.rejected)

    @property
    def hit_share(self) -> float | None:
        count = self.hits + self.misses
        return self.hits / count if count else None

    @property
    def alarm_share(self) -> float | None:
        count = self.alarms + self.rejected
        return self.alarms / count if count else None


@dataclass(frozen=True, slots=True)
class KnownPart:
    """The known pairs of a library on its quality page."""

    rule: KnownPairRule | None
    versions: list[KnownPairRule]
    duplicates: int
    others: int
    rates: list[HitRate]
    most: int = known_pairs.MOST
    most_percent: int = known_pairs.MOST_PERCENT


def part_of(library: Library) -> KnownPart:
    """What the page shows; only those who read figures are shown it."""
    in_use = KnownPair.objects.filter(library=library, retired_at=None)
    versions = list(KnownPairRule.objects.filter(library=library).select_related("made_by"))
    return KnownPart(
        next(iter(versions), None),
        versions,
        in_use.filter(truth=Truth.DUPLICATE).count(),
        in_use.filter(truth=Truth.NOT_DUPLICATE).count(),
        hit_rates(library),
    )


def in_force(library: Library, before: datetime | None = None) -> QuerySet[KnownVerdict]:
    """Verdicts that were neither changed nor taken back, given before today.

    before: another end than last midnight. Until the day is over nobody reads from the figures
    what was a known pair, and everybody may take a verdict back.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    found = KnownVerdict.objects.filter(known__library=library, superseded_by=None)
    return found.filter(made_at__lt=before or midnight).exclude(verdict=Verdict.WITHDRAWN)


def hit_rates(library: Library, before: datetime | None = None) -> list[HitRate]:
    """Each person who judged a known pair of the library, by name; `before` as in `in_force`."""
    counted: dict[int, Counter[tuple[str, bool]]] = {}
    rows = in_force(library, before).exclude(verdict=Verdict.LEGAL_HOLD).order_by()
    for person, truth, verdict, reason in rows.values_list(
        *("reviewer", "known__truth", "verdict", "reason")
    ):
        is_same = verdict == Verdict.DUPLICATE or reason in SEEN_AS_SAME
        counted.setdefault(person, Counter())[(truth, is_same)] += 1
    people = User.objects.in_bulk(list(counted))
    rates = [
        HitRate(
            people[pk],
            found[(Truth.DUPLICATE, True)],
            found[(Truth.DUPLICATE, False)],
            found[(Truth.NOT_DUPLICATE, True)],
            found[(Truth.NOT_DUPLICATE, False)],
        )
        for pk, found in counted.items()
    ]
    return sorted(rates, key=lambda rate: rate.person.get_username())
