"""The figures of one library's quality page, read from decisions and second reviews."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import NamedTuple

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet, Window
from django.db.models.functions import Lag, TruncMonth
from django.utils import timezone

from dedup_site.accounts.models import User
from review.models import Decision, QualitySample, SecondReview, Verdict
from review.quality.second import OPEN
from review.quality.statistics import (
    WIDTH,
    Agreement,
    Band,
    Interval,
    Threshold,
    agreement,
    thresholds,
    wilson,
)
from scanning.models import CandidatePair, Finding, Library

Tier = CandidatePair.Tier
# What the comparison scores; equal files and equal pixels are certain.
SCORED = (Tier.NEAR, Tier.LOOKALIKE)
# A longer gap between two verdicts of one person is a break.
LONGEST = timedelta(minutes=5)
MEASURED = 2_000
MONTHS = 12


class Standing(NamedTuple):
    """How many second reviews stand where."""

    waiting: int
    disputed: int
    agreed: int
    adjudicated: int

    @property
    def settled(self) -> int:
        return self.agreed + self.adjudicated


class Couple(NamedTuple):
    """Two people and how often they agree."""

    one: User
    other: User
    found: Agreement


class Month(NamedTuple):
    """The agreement of one month."""

    first_day: date
    found: Agreement


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sample says: of `judged` of its pairs `found` are duplicates.

    share: the interval of their share. low, high: how many duplicates there are among all pairs
    that it stands for. None until one is judged.
    """

    sample: QualitySample
    size: int
    judged: int
    found: int
    share: Interval | None

    @property
    def low(self) -> int | None:
        return None if self.share is None else int(self.share.low * self.sample.population)

    @property
    def high(self) -> int | None:
        return None if self.share is None else -int(-self.share.high * self.sample.population // 1)

    @property
    def left(self) -> int:
        return self.size - self.judged


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the page and its export show."""

    standing: Standing
    overall: Agreement
    couples: list[Couple]
    months: list[Month]
    bands: list[Band]
    seconds: float | None
    thresholds: list[Threshold]
    estimates: list[Estimate]

    @property
    def unknown(self) -> int:
        """Pairs in bands of which nobody has judged any."""
        return sum(band.pairs for band in self.bands if band.expected is None)


def figures_of(library: Library) -> Figures:
    """The figures of one library."""
    reviews = SecondReview.objects.filter(library=library)
    twice = reviews.filter(second__isnull=False).exclude(
        Q(first__verdict=Verdict.LEGAL_HOLD) | Q(second__verdict=Verdict.LEGAL_HOLD)
    )
    bands, seconds = bands_of(library), seconds_a_pair(library)
    return Figures(
        standing=standing_of([library])[library.pk],
        overall=agreement(twice.order_by().values_list("first__verdict", "second__verdict")),
        couples=_couples(twice),
        months=_months(twice),
        bands=bands,
        seconds=seconds,
        thresholds=thresholds(bands, seconds),
        estimates=estimates_of([library]),
    )


def standing_of(libraries: Collection[Library]) -> dict[int, Standing]:
    """How many second reviews of each library stand where, by the library's id."""
    counted = (
        SecondReview.objects.filter(library__in=libraries, ended=False)
        .order_by()
        .values("library")
        .annotate(
            waiting=Count("pk", filter=OPEN & Q(second__isnull=True)),
            disputed=Count("pk", filter=OPEN & Q(second__isnull=False)),
            agreed=Count("pk", filter=Q(settled__isnull=False, third__isnull=True)),
            adjudicated=Count("pk", filter=Q(third__isnull=False)),
        )
    )
    found = {row.pop("library"): Standing(**row) for row in counted}
    return {library.pk: found.get(library.pk, Standing(0, 0, 0, 0)) for library in libraries}


def _couples(twice: QuerySet[SecondReview]) -> list[Couple]:
    """Each two people who judged the same pairs, most pairs first; the sides are the people's."""
    said: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    rows = twice.order_by().values_list(
        *("first_judge", "second_judge", "first__verdict", "second__verdict")
    )
    for one, other, first, second in rows:
        if other is None:
            continue
        turned = one > other
        said[(other, one) if turned else (one, other)].append(
            (second, first) if turned else (first, second)
        )
    people = User.objects.in_bulk({pk for two in said for pk in two})
    couples = [
        Couple(people[one], people[other], agreement(verdicts))
        for (one, other), verdicts in said.items()
    ]
    return sorted(couples, key=lambda couple: (-couple.found.pairs, couple.one.pk, couple.other.pk))


def _months(twice: QuerySet[SecondReview]) -> list[Month]:
    """The last months in which pairs were judged a second time, oldest first."""
    said: dict[date, list[tuple[str, str]]] = defaultdict(list)
    rows = twice.annotate(month=TruncMonth("second__made_at")).order_by()
    for month, first, second in rows.values_list("month", "first__verdict", "second__verdict"):
        said[timezone.localdate(month)].append((first, second))
    return [Month(month, agreement(said[month])) for month in sorted(said)][-MONTHS:]


def bands_of(library: Library) -> list[Band]:
    """The library's scored pairs by score; judged are those that people judged one by one."""
    rows: Iterable[tuple[int, str | None, bool, int]] = (
        CandidatePair.objects.in_library(library.pk)
        .filter(tier__in=SCORED)
        .order_by()
        .annotate(
            band=F("score") / WIDTH,
            is_own=ExpressionWrapper(
                Q(review__decision__implied_by__isnull=True), output_field=BooleanField()
            ),
        )
        .values_list("band", "review__verdict", "is_own")
        .annotate(pairs=Count("pk"))
    )
    pairs, duplicates, others = (
        defaultdict[int, int](int),
        defaultdict[int, int](int),
        (defaultdict[int, int](int)),
    )
    for number, verdict, is_own, count in rows:
        low = min(number, 1000 // WIDTH - 1) * WIDTH
        pairs[low] += count
        if is_own and verdict == Verdict.DUPLICATE:
            duplicates[low] += count
        elif is_own and verdict == Verdict.NOT_DUPLICATE:
            others[low] += count
    return [
        Band(low, pairs[low], duplicates[low], others[low]) for low in sorted(pairs, reverse=True)
    ]


def seconds_a_pair(library: Library) -> float | None:
    """The median time from one verdict of a person to their next; None without any two."""
    found = Finding.objects.filter(library=library).values("pair")
    latest = (
        Decision.objects.filter(implied_by=None, pair__in=found)
        .exclude(verdict=Verdict.WITHDRAWN)
        .order_by("-pk")
        .values("pk")[:MEASURED]
    )
    before = Window(Lag("made_at"), partition_by="reviewer", order_by="pk")
    gaps = [
        later - earlier
        for later, earlier in Decision.objects.filter(pk__in=latest)
        .order_by()
        .annotate(before=before)
        .values_list("made_at", "before")
        if earlier is not None
    ]
    short = [gap.total_seconds() for gap in gaps if gap <= LONGEST]
    return median(short) if short else None


def estimates_of(libraries: Iterable[Library]) -> list[Estimate]:
    """What the libraries' samples say so far, newest first."""
    verdict = "pairs__review__verdict"
    samples = QualitySample.objects.filter(library__in=libraries).annotate(
        size=Count("pairs"),
        found=Count("pairs", filter=Q(**{verdict: Verdict.DUPLICATE})),
        others=Count("pairs", filter=Q(**{verdict: Verdict.NOT_DUPLICATE})),
    )
    return [
        Estimate(
            sample,
            sample.size,
            sample.found + sample.others,
            sample.found,
            wilson(sample.found, sample.found + sample.others),
        )
        for sample in samples.select_related("drawn_by", "library").order_by("-pk")
    ]
