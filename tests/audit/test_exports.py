"""The log as files: whole, exact, safe to open, and never held in memory."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dedup_site.accounts.models import User
from dedup_site.audit import exports
from dedup_site.audit.exports import export_events
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import record
from dedup_site.audit.verifier import read_body
from tests.audit.tampering import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(reviewer: User) -> list[AuditEvent]:
    notes = ["=HYPERLINK(1)", 'two\nlines, "quoted"', "同一張相片"]
    return [
        record("decision.made", actor=reviewer, data={"decision": number}, detail={"note": note})
        for number, note in enumerate(notes)
    ]


def exported(auditor: User, form: str) -> bytes:
    made = AuditEvent.objects.filter(action="decision.made")
    return b"".join(
        export_events(actor=auditor, events=made, form=form, filled_in={"text": "相片"})
    )


def test_jsonl_holds_the_exact_bodies_and_what_they_commit_to(
    events: list[AuditEvent], auditor: User
) -> None:
    lines = [json.loads(line) for line in exported(auditor, "jsonl").splitlines()]
    assert [line["body"] for line in lines] == [event.body for event in events]
    for line in lines:
        content = read_body(line["body"], line["detail"], bytes.fromhex(line["salt"]))
        assert content["uuid"] == line["uuid"]


def test_csv_is_one_row_an_event_and_no_formula(events: list[AuditEvent], auditor: User) -> None:
    text = exported(auditor, "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["actor"] for row in rows] == ["reviewer"] * 3
    assert [row["data"] for row in rows] == ['{"decision":0}', '{"decision":1}', '{"decision":2}']
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_somebody_exported_is_in_the_log_before_the_first_byte(
    events: list[AuditEvent], auditor: User
) -> None:
    made = AuditEvent.objects.filter(action="decision.made")
    pieces = export_events(actor=auditor, events=made, form="csv", filled_in={"text": "相片"})
    event = AuditEvent.objects.get(action="export.audit")
    assert json.loads(event.body)["data"] == {"filters": ["text"], "form": "csv"}
    assert event.detail["filter"] == {"text": "相片"}
    assert b"".join(pieces)


def test_an_unknown_form_leaves_no_trace(auditor: User) -> None:
    with pytest.raises(KeyError):
        export_events(actor=auditor, events=AuditEvent.objects.all(), form="pdf", filled_in={})
    assert not AuditEvent.objects.exists()


def test_a_changed_row_is_exported_too(events: list[AuditEvent], auditor: User) -> None:
    tamper(events[0], "body", "not JSON")
    assert b'"not JSON"' in exported(auditor, "jsonl")
    assert b"not JSON" in exported(auditor, "csv")


def test_rows_come_through_a_cursor_a_few_at_a_time(
    events: list[AuditEvent], auditor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    with CaptureQueriesContext(connection) as queries:
        pieces: Iterator[AuditEvent] = exports.streamed(AuditEvent.objects.order_by("id"))
        assert next(pieces) == events[0]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors WHERE is_holdable = false")
            assert cursor.fetchone() == (1,)
        assert list(pieces) == events[1:]
    assert any("DECLARE" in query["sql"] for query in queries)
