"""The quality figures of a library as a table for spreadsheets; each export is an audit event."""

from collections.abc import Iterator

from django.db import transaction

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import Cell, csv_lines
from review.quality.figures import Figures, figures_of
from review.quality.statistics import Agreement, Interval
from scanning.models import Library

COLUMNS = ("figure", "of", "count", "hits", "value", "low", "high")


def export_quality(*, actor: User, library: Library) -> Iterator[str]:
    """Every figure of the library's page, as CSV. Recorded before the first line."""
    figures = figures_of(library)
    with transaction.atomic():
        record("export.quality", actor=actor, target=library, library_id=library.pk)
    return csv_lines(COLUMNS, rows_of(figures))


def rows_of(figures: Figures) -> Iterator[tuple[Cell, ...]]:
    """One line for each figure; shares and kappas to four decimals."""
    for name, number in figures.standing._asdict().items():
        yield ("second reviews", name, number, None, None, None, None)
    yield from _agreement("all", figures.overall)
    for couple in figures.couples:
        yield from _agreement(
            f"{couple.one.get_username()} / {couple.other.get_username()}", couple.found
        )
    for month in figures.months:
        yield from _agreement(month.first_day.strftime("%Y-%m"), month.found)
    for estimate in figures.estimates:
        yield (
            *("duplicates in sample", f"{estimate.sample.pk} ({estimate.sample.kind})"),
            *(estimate.judged, estimate.found),
            _number(estimate.found / estimate.judged if estimate.judged else None),
            *_ends(estimate.share),
        )
        yield (
            *("duplicates in population", f"{estimate.sample.pk} ({estimate.sample.kind})"),
            *(estimate.sample.population, None, None, estimate.low, estimate.high),
        )
    for band in figures.bands:
        yield (
            *("precision from score", band.low, band.judged, band.duplicates),
            *(_number(band.precision), None, None),
        )
    for line in figures.thresholds:
        yield ("pairs from score", line.score, line.pairs, None, None, None, None)
        yield ("duplicates found from score", line.score, None, None, _number(line.found), "", "")
        yield ("duplicates missed from score", line.score, None, None, _number(line.missed), "", "")
        yield ("hours from score", line.score, None, None, _number(line.hours), None, None)


def _agreement(of: str, found: Agreement) -> Iterator[tuple[Cell, ...]]:
    yield (
        *("agreement", of, found.pairs, found.equal, _number(found.share)),
        *_ends(found.share_interval),
    )
    yield ("kappa", of, found.pairs, None, _number(found.kappa), *_ends(found.interval))


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _ends(interval: Interval | None) -> tuple[str | None, str | None]:
    return (None, None) if interval is None else (_number(interval.low), _number(interval.high))
