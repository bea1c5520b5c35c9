"""`manage.py verify_audit`: each row against its own body."""

import io
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dedup_site.accounts.models import User
from dedup_site.audit import key_changes, keyring, outside
from dedup_site.audit.erasure import erase_detail
from dedup_site.audit.models import AuditEvent, LogCheckpoint
from dedup_site.audit.notes import Signer
from dedup_site.audit.proofs import Checkpoint, leaf_hash
from dedup_site.audit.services import record
from scanning.models import Library
from tests.audit.logs import root_of, sequence_all
from tests.audit.tampering import tamper, triggers_off

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
    assert out.getvalue().splitlines() == [
        "ok: 2 events",
        "0 have their place in the log, 2 wait",
        "no checkpoint from outside of the database was there to compare",
    ]


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
    assert str(error).startswith(f"edited: row {event.pk}, {field}: ")


def test_a_log_that_is_not_there_cannot_be_read(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent RENAME TO elsewhere")
    assert refusal().returncode == 2


# A log with its places, and a superuser with the triggers off.


@pytest.fixture
def log_of_six(auditor: User) -> list[AuditEvent]:
    """Four entries under one checkpoint, two more under the next, one event that waits."""
    events = [record("decision.made", actor=auditor, data={"decision": n}) for n in range(4)]
    sequence_all()
    events += [record("decision.made", actor=auditor, data={"decision": n}) for n in (4, 5)]
    sequence_all()
    record("account.signed_out", actor=auditor, target=auditor)
    return events


def run(*statements: str, **values: Any) -> None:
    """As a superuser would: no trigger, no question."""
    tables = ["audit_auditevent", "audit_logentry", "audit_logcheckpoint", "audit_logsubtree"]
    tables += ["audit_logbatch", "audit_logkey"]
    with ExitStack() as stack, connection.cursor() as cursor:
        for table in tables:
            stack.enter_context(triggers_off(table))
        for statement in statements:
            cursor.execute(statement, values)


def test_a_sequenced_log_is_fine(log_of_six: list[AuditEvent]) -> None:
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue().splitlines() == ["ok: 7 events", "6 have their place in the log, 1 wait"]


def test_edited_a_body_alone(log_of_six: list[AuditEvent]) -> None:
    event = log_of_six[2]
    body = event.body.replace('"decision":2', '"decision":9')
    run("UPDATE audit_auditevent SET body = %(body)s WHERE id = %(id)s", body=body, id=event.pk)
    error = refusal()
    assert f"edited: entry 2, body: the body of row {event.pk} is not the one" in str(error)
    assert "edited: entries 0 to 3: at least one of them is not the one that was signed" in str(
        error
    )
    assert error.returncode == 4


def test_edited_with_the_leaf_made_to_fit(log_of_six: list[AuditEvent]) -> None:
    event = log_of_six[4]
    body = event.body.replace('"decision":4', '"decision":9')
    run(
        "UPDATE audit_auditevent SET body = %(body)s WHERE id = %(id)s",
        "UPDATE audit_logentry SET leaf_hash = %(leaf)s WHERE event_id = %(id)s",
        body=body,
        id=event.pk,
        leaf=leaf_hash(body.encode()),
    )
    lines = str(refusal()).splitlines()
    assert lines[0] == (
        "edited: entries 4 to 5: at least one of them is not the one that was signed"
    )


def test_deleted_an_event(log_of_six: list[AuditEvent]) -> None:
    run("DELETE FROM audit_auditevent WHERE id = %(id)s", id=log_of_six[1].pk)
    assert str(refusal()) == f"deleted: entry 1: its event, row {log_of_six[1].pk}, is missing"


def test_deleted_an_event_with_its_entry(log_of_six: list[AuditEvent]) -> None:
    run(
        "DELETE FROM audit_auditevent WHERE id = %(id)s",
        "DELETE FROM audit_logentry WHERE event_id = %(id)s",
        id=log_of_six[1].pk,
    )
    assert "deleted: entries 1 to 1: are missing" in str(refusal())


def test_deleted_with_the_rest_moved_up(log_of_six: list[AuditEvent]) -> None:
    run(
        "DELETE FROM audit_auditevent WHERE id = %(id)s",
        "DELETE FROM audit_logentry WHERE event_id = %(id)s",
        "UPDATE audit_logentry SET leaf_index = -leaf_index WHERE leaf_index > 1",
        "UPDATE audit_logentry SET leaf_index = -leaf_index - 1 WHERE leaf_index < 0",
        id=log_of_six[1].pk,
    )
    told = str(refusal())
    assert "edited: entries 0 to 3: at least one of them is not the one that was signed" in told
    assert "truncated: log: 5 entries are there, 6 were signed" in told


def test_deleted_an_entry_alone(log_of_six: list[AuditEvent]) -> None:
    run("DELETE FROM audit_logentry WHERE event_id = %(id)s", id=log_of_six[5].pk)
    told = str(refusal())
    assert f"deleted: row {log_of_six[5].pk}: had its place in the log and has it no more" in told


def test_reordered(log_of_six: list[AuditEvent]) -> None:
    run(
        "UPDATE audit_logentry SET leaf_index = 100 WHERE leaf_index = 1",
        "UPDATE audit_logentry SET leaf_index = 1 WHERE leaf_index = 2",
        "UPDATE audit_logentry SET leaf_index = 2 WHERE leaf_index = 100",
    )
    told = str(refusal())
    assert "reordered: entry 2: stands after a later one" in told
    assert "edited: entries 0 to 3: at least one" in told


def test_truncated(log_of_six: list[AuditEvent]) -> None:
    run(
        "DELETE FROM audit_logentry WHERE leaf_index >= 3",
        "DELETE FROM audit_auditevent WHERE id >= %(id)s",
        id=log_of_six[3].pk,
    )
    error = refusal()
    assert "truncated: log: 3 entries are there, 4 were signed" in str(error)
    assert error.returncode == 4


def test_truncated_with_its_checkpoints(log_of_six: list[AuditEvent]) -> None:
    run(
        "DELETE FROM audit_logentry WHERE leaf_index >= 5",
        "DELETE FROM audit_auditevent WHERE id >= %(id)s",
        "DELETE FROM audit_logcheckpoint WHERE size > 4",
        "DELETE FROM audit_logbatch WHERE size > 4",
        id=log_of_six[5].pk,
    )
    told = str(refusal())
    assert "truncated: the checkpoint kept outside: it covers 6 entries, the database has 5" in told


def test_everything_deleted(log_of_six: list[AuditEvent]) -> None:
    run(
        "DELETE FROM audit_auditevent",
        "DELETE FROM audit_logentry",
        "DELETE FROM audit_logcheckpoint",
    )
    assert "truncated: the checkpoint kept outside: it covers 6 entries" in str(refusal())


def restore_the_first_four(events: list[AuditEvent]) -> None:
    """What a backup from after the first checkpoint brings back."""
    run(
        "DELETE FROM audit_logentry WHERE leaf_index >= 4",
        "DELETE FROM audit_auditevent WHERE id >= %(id)s",
        "DELETE FROM audit_logcheckpoint WHERE size > 4",
        "DELETE FROM audit_logbatch WHERE size > 4",
        id=events[4].pk,
    )


def test_restored_from_an_older_backup(log_of_six: list[AuditEvent]) -> None:
    restore_the_first_four(log_of_six)
    assert str(refusal()) == (
        "restored: the checkpoint kept outside: it covers 6 entries, the database has 4:"
        " it was restored from an older backup"
    )


def test_restored_from_an_older_backup_and_gone_on(
    log_of_six: list[AuditEvent], auditor: User
) -> None:
    restore_the_first_four(log_of_six)
    kept = outside.note()
    assert kept is not None
    outside.path().unlink()
    key_changes.adopt(keyring.load())
    for number in range(3):
        record("decision.made", actor=auditor, data={"decision": number})
    sequence_all()
    outside.path().write_text(kept)
    assert "restored from an older backup and went on" in str(refusal())


def test_signed_again_with_another_key(log_of_six: list[AuditEvent], auditor: User) -> None:
    """History is changed, and everything that was signed is signed anew."""
    event, stranger = log_of_six[0], Signer.make(keyring.load().key.name)
    body = event.body.replace('"decision":0', '"decision":9')
    leaves = [leaf_hash(body.encode()), *(leaf_hash(each.body.encode()) for each in log_of_six[1:])]
    note = stranger.sign(Checkpoint(stranger.key.name, 6, root_of(leaves)))
    run(
        "UPDATE audit_auditevent SET body = %(body)s WHERE id = %(id)s",
        "UPDATE audit_logentry SET leaf_hash = %(leaf)s WHERE event_id = %(id)s",
        "DELETE FROM audit_logcheckpoint WHERE size = 4",
        "UPDATE audit_logcheckpoint SET note = %(note)s, root = %(root)s",
        body=body,
        id=event.pk,
        leaf=leaves[0],
        note=note,
        root=root_of(leaves),
    )
    told = str(refusal())
    assert "unknown key: checkpoint" in told
    assert "the first 6 entries are not those that it covers" in told
    # The stranger's key among the known ones does not help: no event announces it.
    run("INSERT INTO audit_logkey (key, at) VALUES (%(key)s, now())", key=str(stranger.key))
    error = refusal()
    assert f"unknown key: key {stranger.key}: no event announces it" in str(error)
    assert error.returncode == 4


def test_a_checkpoint_that_an_auditor_kept(log_of_six: list[AuditEvent], tmp_path: Path) -> None:
    """All copies inside the organisation are lost, the auditor's is not."""
    kept, keys = tmp_path / "kept.txt", tmp_path / "keys.txt"
    kept.write_text(LogCheckpoint.objects.get(size=6).note)
    keys.write_text(f"{keyring.load().key}\n")
    given = ["--keys", str(keys), "--checkpoint", str(kept)]
    call_command("verify_audit", *given, stdout=io.StringIO())
    restore_the_first_four(log_of_six)
    outside.path().unlink()
    call_command("verify_audit", "--keys", str(keys), stdout=io.StringIO())
    with pytest.raises(CommandError, match="restored: the checkpoint kept outside") as caught:
        call_command("verify_audit", *given)
    assert caught.value.returncode == 4


def test_erased_detail_does_not_break_the_log(log_of_six: list[AuditEvent], admin: User) -> None:
    erase_detail(actor=admin, events=[log_of_six[0]], reason="Request of 2026-11-20")
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue().splitlines() == [
        "ok: 8 events",
        "6 have their place in the log, 2 wait",
        "1 without detail: it was erased",
    ]


def test_detail_that_is_gone_without_a_word(log_of_six: list[AuditEvent]) -> None:
    run("UPDATE audit_auditevent SET detail = '{}', salt = '' WHERE id = %(id)s",
        id=log_of_six[0].pk)  # fmt: skip
    assert str(refusal()) == (
        f"deleted: row {log_of_six[0].pk}, detail: is gone, no event tells why"
    )


def test_a_key_that_cannot_be_read(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read") as caught:
        call_command("verify_audit", "--keys", str(tmp_path / "nothing"))
    assert caught.value.returncode == 2
