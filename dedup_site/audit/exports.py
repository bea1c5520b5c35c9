"""The log as files: JSONL is the truth, CSV is the view. Both are streamed in constant memory."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from django.db import transaction

from dedup_site.audit.models import AuditEvent
from dedup_site.audit.querysets import AuditEventQuerySet
from dedup_site.audit.services import Actor, record
from dedup_site.audit.spreadsheets import csv_lines

ROWS_AT_ONCE = 2000
LINES_AT_ONCE = 100
COLUMNS = (
    *("id", "at", "action", "actor_id", "actor", "library_id", "target_type", "target_id"),
    *("target", "data", "detail", "request_id", "uuid"),
)


def export_events(
    *, actor: Actor, events: AuditEventQuerySet, form: str, filled_in: Mapping[str, str]
) -> Iterator[bytes]:
    """Those events, oldest first, as `form` ("jsonl" or "csv"), piece by piece.

    That somebody exported is recorded before this returns, so before the first piece.
    Raises KeyError for any other form.
    """
    lines = FORMS[form]
    with transaction.atomic():
        record(
            "export.audit",
            actor=actor,
            data={"form": form, "filters": sorted(filled_in)},
            detail={"filter": dict(filled_in)},
        )
    return _pieces(lines(streamed(events.order_by("at", "id"))))


def streamed(events: AuditEventQuerySet) -> Iterator[AuditEvent]:
    """The events through a cursor in the database, a few at a time."""
    with transaction.atomic():
        yield from events.iterator(chunk_size=ROWS_AT_ONCE)


def jsonl_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """One line an event: the exact body, and the detail and salt that its digest stands for."""
    for event in events:
        line = {
            "id": event.pk,
            "uuid": str(event.uuid),
            "body": event.body,
            "detail": event.detail,
            "salt": bytes(event.salt).hex(),
        }
        yield json_text(line) + "\n"


def json_text(value: Any) -> str:
    """As canonical JSON spells it, but never refusing: a row that was changed is exported too."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def event_csv_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """A table to look at; times in UTC."""
    return csv_lines(
        COLUMNS,
        (
            (
                event.pk,
                event.at.astimezone(UTC).isoformat(),
                event.action,
                event.actor_id,
                event.actor_name,
                event.library_id,
                event.target_type,
                event.target_id,
                event.target_label,
                _data_of(event.body),
                json_text(event.detail),
                str(event.request_id or ""),
                str(event.uuid),
            )
            for event in events
        ),
    )


def _data_of(body: str) -> str:
    """The body's ids, numbers and codes; the whole body where it has been broken."""
    try:
        return json_text(json.loads(body)["data"])
    except (ValueError, KeyError, TypeError):
        return body


FORMS: dict[str, Callable[[Iterable[AuditEvent]], Iterator[str]]] = {
    "jsonl": jsonl_lines,
    "csv": event_csv_lines,
}


def _pieces(lines: Iterator[str]) -> Iterator[bytes]:
    """Several lines at a time: one write for each line would cost more than the line."""
    waiting: list[str] = []
    for line in lines:
        waiting.append(line)
        if len(waiting) == LINES_AT_ONCE:
            yield "".join(waiting).encode()
            waiting.clear()
    yield "".join(waiting).encode()
