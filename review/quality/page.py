"""What the quality pages show besides the figures: lists and charts."""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review.models import QualitySample, SecondReviewRule
from review.quality.figures import Figures, Standing, estimates_of, standing_of
from review.quality.statistics import WIDTH
from scanning.charts import Bar, histogram
from scanning.models import Library

MOST_DISPUTES = 100


@dataclass(frozen=True, slots=True)
class LibraryLine:
    """A library of the overview."""

    library: Library
    rule: SecondReviewRule | None
    standing: Standing


def libraries_for(user: User) -> list[LibraryLine]:
    """The person's libraries, where they may look at figures."""
    if not (user.may(Can.MANAGE_LIBRARIES) or user.may(Can.READ_AUDIT)):
        return []
    libraries = list(Library.objects.visible_to(user).order_by("name"))
    latest = SecondReviewRule.objects.filter(library__in=libraries)
    rules = {
        rule.library_id: rule
        for rule in latest.order_by("library_id", "-number").distinct("library_id")
    }
    standings = standing_of(libraries)
    return [
        LibraryLine(library, rules.get(library.pk), standings[library.pk]) for library in libraries
    ]


class SampleLine(NamedTuple):
    """A sample that waits for reviewers: what it is drawn from they are not told."""

    sample: QualitySample
    left: int


def samples_for(user: User) -> list[SampleLine]:
    """Samples of the person's libraries in which there is something left to judge.

    Only of look-alikes: what was drawn from rejected pairs comes with the queue, for a list of it
    would tell everybody what the first verdict was.
    """
    if not user.may(Can.REVIEW):
        return []
    return [
        SampleLine(estimate.sample, estimate.left)
        for estimate in estimates_of(Library.objects.visible_to(user))
        if estimate.left and estimate.sample.kind == QualitySample.Kind.LOOKALIKE
    ]


class Charts(NamedTuple):
    """The page's charts; None where there is nothing to draw."""

    months: SafeString | None
    bands: SafeString | None


def charts_of(figures: Figures) -> Charts:
    """Agreement over time, and precision by score."""
    months = [
        Bar(
            date_format(month.first_day, "Y-m"),
            month.found.share or 0,
            f"{round((month.found.share or 0) * 100)} %",
        )
        for month in figures.months
    ]
    by_score = {band.low: band for band in figures.bands}
    scores = range(min(by_score, default=0), max(by_score, default=0) + 1, WIDTH)
    bands = [
        Bar(
            f"{low // 10}",
            0 if share is None else share,
            "–" if share is None else f"{round(share * 100)} %",
        )
        for low in scores
        for share in [by_score[low].precision if low in by_score else None]
    ]
    judged = any(band.judged for band in figures.bands)
    return Charts(
        histogram("months", _("Agreement by month"), months, _("Month")) if months else None,
        histogram("bands", _("Share of duplicates by score"), bands, _("Score from (%)"))
        if judged
        else None,
    )
