"""What a change of settings changed, in words for the audit log."""

from collections.abc import Mapping

from django.db import models


def apply_changes(row: models.Model, settings: Mapping[str, object]) -> dict[str, list[str]]:
    """Set the fields of `row` to `settings` and save those that differ.

    Returns the old and the new value of each changed field as text; empty when nothing changed.
    """
    changes = {}
    for field, new in settings.items():
        old = getattr(row, field)
        if old != new:
            changes[field] = [_as_text(old), _as_text(new)]
            setattr(row, field, new)
    if changes:
        check(row)
        row.save(update_fields=list(changes))
    return changes


def check(row: models.Model) -> None:
    """Validate a row of settings before it is saved. Raises ValidationError."""
    # Nobody made what the command line made; the form of that column is not for us to judge.
    row.full_clean(exclude=["created_by"])


def _as_text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
