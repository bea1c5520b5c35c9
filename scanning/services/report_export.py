"""The report as a table, for spreadsheets."""

from collections.abc import Iterator
from decimal import Decimal

from django.db import transaction

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import Cell, csv_lines
from scanning.duplicates import Amount
from scanning.models import CandidatePair, Library
from scanning.services.report import Report, build_report, monthly_cost

COLUMNS = ("section", "name", "value", "files", "bytes", "hkd_month", "certain", "possible")


def export_report(*, actor: User, library: Library) -> Iterator[str]:
    """The report as lines of CSV. That somebody exported it is recorded before the first line."""
    report = build_report(library)
    with transaction.atomic():
        record("export.report", actor=actor, target=library, library_id=library.pk)
    return csv_lines(COLUMNS, report_rows(report))


def report_rows(report: Report) -> Iterator[tuple[Cell, ...]]:
    """One row for each number of the report; columns that a section does not know are empty.

    `certain` and `possible` count files with a duplicate; in `pairs`, `files` counts pairs.
    """
    price = report.library.price_per_gb_month

    def row(section: str, name: str, amount: Amount) -> tuple[Cell, ...]:
        cost = _cents(amount.bytes, price)
        return section, name, "", amount.files, amount.bytes, cost, "", ""

    duplicates = report.duplicates
    yield row("total", "all files", report.present)
    yield row("copies", "identical", duplicates.identical)
    yield row("copies", "same_pixels", duplicates.same_pixels)
    yield row("copies", "near (possible)", duplicates.near)
    for tier in CandidatePair.Tier.values:
        yield "pairs", tier, "", report.pairs[tier], "", "", "", ""
    for bin_ in report.distances:
        yield "distance", f"{bin_.first}–{bin_.last}", "", bin_.count, "", "", "", ""
    for name, values in duplicates.attributes.items():
        for line in values:
            cost = _cents(line.bytes, price)
            yield (
                *("attribute", name, line.value, line.files, line.bytes, cost),
                *(line.certain, line.possible),
            )
    for kind in report.errors:
        for path, message in kind.files:
            yield "error", kind.kind, f"{path}: {message}", 1, "", "", "", ""


def _cents(size: int, price: Decimal) -> str:
    return str(monthly_cost(size, price).quantize(Decimal("0.01")))
