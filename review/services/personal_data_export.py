"""The view of personal data as a table for spreadsheets; each export is an audit event."""

from collections.abc import Iterator

from django.db import transaction

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import csv_lines
from review.records.personal_data import customer_files
from scanning.models import Library

COLUMNS = ("customer", "library", "path", "twice", "too_long", "on_hold", "kept_until")


def export_personal_data(*, actor: User, libraries: list[Library]) -> Iterator[str]:
    """Every file kept twice or too long, as CSV. Recorded before the first line."""
    with transaction.atomic():
        record(
            "export.personal_data",
            actor=actor,
            data={"libraries": [library.pk for library in libraries]},
        )
    return csv_lines(
        COLUMNS,
        (
            (
                *(file.customer, file.library, file.path),
                *("yes" if flag else "no" for flag in (file.is_twice, file.is_overdue)),
                "yes" if file.is_held else "no",
                file.retained_until,
            )
            for file in customer_files(libraries, actor)
        ),
    )
