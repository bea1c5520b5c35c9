"""`manage.py verify_audit`: each row against its own body."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import record
from scanning.models import Library
from tests.audit.tampering import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(auditor: User, library: Library) -> AuditEvent:
    return record(
        "library.changed",
        actor=auditor,
        target=library,
        library_id=library.pk,
        data={"fields": ["name"]},
        detail={"changes": {"name": ["土地", "Land"]}},
    )


def refusal() -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command("verify_audit")
    return caught.value


def test_an_untouched_log_is_fine(event: AuditEvent, auditor: User) -> None:
    record("account.signed_in", actor=auditor, target=auditor)
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue() == "ok: 2 events\n"


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("action", "library.created", "action"),
        ("actor_id", 4711, "actor"),
        ("library_id", None, "library"),
        ("target_id", "4711", "target"),
        ("at", "2020-01-01T00:00:00Z", "at"),
        ("request_id", "00000000-0000-0000-0000-000000000001", "request"),
        ("uuid", "00000000-0000-0000-0000-000000000001", "uuid"),
        ("detail", json.dumps({"actor": "somebody else"}), "detail"),
        ("salt", b"other salt", "detail"),
        ("body", "{}", "detail"),
        ("body", '{"a": 1}', "body"),
        ("body", '{"a":1.0}', "body"),
        ("body", "not JSON", "body"),
    ],
)
def test_a_changed_row_is_named_with_its_field(
    event: AuditEvent, column: str, value: Any, field: str
) -> None:
    tamper(event, column, value)
    error = refusal()
    assert error.returncode == 1
    assert str(error).startswith(f"row {event.pk}, {field}: ")


def test_a_body_that_was_rewritten_with_one_value_changed(event: AuditEvent) -> None:
    tamper(event, "body", event.body.replace('"name"', '"root"'))
    # The body agrees with its columns and its detail: only a tree over all bodies would notice.
    output = io.StringIO()
    call_command("verify_audit", stdout=output)
    assert output.getvalue().startswith("ok: ")


def test_a_log_that_is_not_there_cannot_be_read(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent RENAME TO elsewhere")
    assert refusal().returncode == 2
