"""Changing the log behind the program's back, as somebody with the database's own rights could."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg import sql

from dedup_site.audit.models import AuditEvent


@contextmanager
def triggers_off(table: str) -> Iterator[None]:
    """What the owner of a table can do."""
    name = sql.Identifier(table)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        yield
        cursor.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
        triggers = ["append_only_rows", "append_only_table"]
        for trigger in triggers + ["intake"] * (table == "audit_auditevent"):
            cursor.execute(
                sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}").format(
                    name, sql.Identifier(trigger)
                )
            )


def tamper(event: AuditEvent, column: str, value: Any) -> None:
    """Set one column of one event, with the triggers off."""
    with triggers_off("audit_auditevent"), connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("UPDATE audit_auditevent SET {} = %s WHERE id = %s").format(
                sql.Identifier(column)
            ),
            [value, event.pk],
        )
