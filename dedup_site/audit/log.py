"""Reading the log in the database: its size, nodes of its tree, proofs, how far behind it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from dedup_site.audit import merkle
from dedup_site.audit.models import (
    AuditEvent,
    LogBatch,
    LogCheckpoint,
    LogEntry,
    LogIncident,
    LogKey,
)
from dedup_site.audit.proofs import Key, read_key

# More waiting events than this are not counted one by one.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Lag:
    """Events that have no entry yet: how many (MOST_COUNTED + 1: more), and since when."""

    waiting: int
    oldest: datetime | None

    @property
    def seconds(self) -> int:
        """The age of the oldest one; 0 where none waits, and where clocks disagree."""
        age = timezone.now() - self.oldest if self.oldest else timedelta()
        return max(int(age.total_seconds()), 0)

    @property
    def is_late(self) -> bool:
        return self.seconds > settings.AUDIT_LAG_SECONDS


def size() -> int:
    """How many entries the log has."""
    last = LogEntry.objects.order_by("-leaf_index").values_list("leaf_index", flat=True).first()
    return 0 if last is None else last + 1


def nodes(level: int, first: int, count: int) -> Sequence[bytes]:
    """The stored nodes of the tree, as merkle.py asks for them; fewer where some are missing."""
    table, column, place = (
        ("audit_logentry", "leaf_hash", "leaf_index >= %s AND leaf_index < %s")
        if level == 0
        else ("audit_logsubtree", "hash", "level = %s AND number >= %s AND number < %s")
    )
    order = "leaf_index" if level == 0 else "number"
    bounds = [first, first + count]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM {table} WHERE {place} ORDER BY {order}",  # noqa: S608  constants
            bounds if level == 0 else [level, *bounds],
        )
        return [bytes(row[0]) for row in cursor.fetchall()]


def root(size: int) -> bytes:
    """The root of the first `size` entries, from what is stored. Raises LookupError."""
    return merkle.range_root(0, size, merkle.Tiles(size, nodes))


def last_checkpoint(origin: str | None = None) -> LogCheckpoint | None:
    """The newest checkpoint, of any log or of the one called `origin`."""
    found = LogCheckpoint.objects.order_by("-id")
    return (found if origin is None else found.filter(origin=origin)).first()


def place_of(event: AuditEvent) -> int | None:
    """The event's index in the log; None while it waits."""
    entries = LogEntry.objects.filter(event_id=event.pk)
    return entries.values_list("leaf_index", flat=True).first()


def incident() -> LogIncident | None:
    """Why the sequencer refuses to go on; None if it does not."""
    last = LogIncident.objects.order_by("-id").first()
    return last if last is not None and last.code else None


def public_keys() -> list[Key]:
    """Every key that ever signed, oldest first."""
    return [read_key(key) for key in LogKey.objects.order_by("id").values_list("key", flat=True)]


def cluster() -> int:
    """The number of the database cluster, within which transaction ids have an order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        (number,) = cursor.fetchone()
    return int(number)


WAITING = """
    SELECT count(*), min(at) FROM (
        SELECT e.at FROM audit_auditevent e
        WHERE {where} AND NOT EXISTS (SELECT FROM audit_logentry l WHERE l.event_id = e.id)
        ORDER BY e.xid, e.id LIMIT %s
    ) waiting
"""
AFTER_THE_LAST = """
    (e.xid, e.id) > (%s::text::xid8, %s) AND e.xid < pg_snapshot_xmax(pg_current_snapshot())
"""


def lag() -> Lag:
    """The events that wait for their entry."""
    last = LogBatch.objects.order_by("-id").first()
    where, bounds = "true", []
    if last is not None and last.cluster == cluster():
        where, bounds = AFTER_THE_LAST, [last.last_xid, last.last_event]
    with connection.cursor() as cursor:
        cursor.execute(WAITING.format(where=where), [*bounds, MOST_COUNTED + 1])
        return Lag(*cursor.fetchone())
