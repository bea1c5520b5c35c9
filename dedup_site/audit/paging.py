"""Pages of the log without offsets or counts: the millionth costs what the first one costs.

The order is by time, then by id: every index of the table that a filter can use ends in the time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Q
from psycopg.errors import QueryCanceled

from dedup_site.audit.models import AuditEvent
from dedup_site.audit.querysets import AuditEventQuerySet

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Page:
    """Events, newest first, and the cursors of the pages beside it; "" where there is none."""

    events: list[AuditEvent] = field(default_factory=list)
    newer: str = ""
    older: str = ""


class TooSlow(Exception):
    """The database was told to stop."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Queries in the block are stopped after so many seconds each. Raises TooSlow.

    Only a search for rare text in a log of many millions needs it: no index helps there.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{seconds}s"])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


def page_of(events: AuditEventQuerySet, cursor: str = "", size: int = 50) -> Page:
    """The page that `cursor` names; the newest one for a cursor that makes no sense."""
    direction, at, key = _parsed(cursor)
    if direction == "newer":
        found = list(
            events.filter(Q(at__gt=at) | Q(pk__gt=key), at__gte=at).order_by("at", "id")[: size + 1]
        )
        has_newer, has_older = len(found) > size, True
        rows = found[:size][::-1]
    else:
        if direction == "older":
            events = events.filter(Q(at__lt=at) | Q(pk__lt=key), at__lte=at)
        found = list(events.order_by("-at", "-id")[: size + 1])
        has_newer, has_older = direction == "older", len(found) > size
        rows = found[:size]
    return Page(
        rows,
        newer=_cursor("newer", rows[0]) if rows and has_newer else "",
        older=_cursor("older", rows[-1]) if rows and has_older else "",
    )


def _cursor(direction: str, event: AuditEvent) -> str:
    return f"{direction}.{(event.at - EPOCH) // MICROSECOND}.{event.pk}"


def _parsed(cursor: str) -> tuple[str, datetime, int]:
    direction, _, rest = cursor.partition(".")
    microseconds, _, key = rest.partition(".")
    plain = all(
        part.isascii() and part.isdigit() and len(part) < 18 for part in (microseconds, key)
    )
    if direction not in ("newer", "older") or not plain:
        return "", EPOCH, 0
    return direction, EPOCH + int(microseconds) * MICROSECOND, int(key)
