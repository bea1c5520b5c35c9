"""The sequencer: gapless places, one tree, signed only if it goes on from what was signed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit import keyring, log, outside, sequencer
from dedup_site.audit.models import (
    AuditEvent,
    LogBatch,
    LogCheckpoint,
    LogEntry,
    LogIncident,
    LogSubtree,
)
from dedup_site.audit.proofs import leaf_hash, read_checkpoint, signers
from dedup_site.audit.services import record
from tests.audit.logs import EVERYTHING, root_of, sequence_all
from tests.audit.tampering import triggers_off
from tests.databases import url_of

pytestmark = pytest.mark.django_db


def write(reviewer: User, count: int) -> list[AuditEvent]:
    return [
        record("decision.made", actor=reviewer, data={"decision": number})
        for number in range(count)
    ]


def root_over(events: list[AuditEvent]) -> bytes:
    return root_of(leaf_hash(event.body.encode()) for event in events)


def test_every_event_gets_the_next_place_and_its_leaf(reviewer: User) -> None:
    events = write(reviewer, 3)
    assert sequence_all() == sequencer.Outcome(added=3, size=3)
    more = write(reviewer, 2)
    assert sequence_all() == sequencer.Outcome(added=2, size=5)
    entries = LogEntry.objects.order_by("leaf_index")
    assert [entry.leaf_index for entry in entries] == [0, 1, 2, 3, 4]
    assert [entry.event_id for entry in entries] == [event.pk for event in events + more]
    assert bytes(entries[3].leaf_hash) == leaf_hash(more[0].body.encode())


def test_the_checkpoint_is_signed_kept_outside_and_stored(reviewer: User) -> None:
    events = write(reviewer, 3)
    sequence_all()
    stored = LogCheckpoint.objects.get()
    assert stored.note == outside.note()
    signer = keyring.load()
    assert signers(stored.note, [signer.key]) == [signer.key]
    assert read_checkpoint(stored.note) == (signer.key.name, 3, root_over(events))
    assert log.public_keys() == [signer.key]
    assert keyring.key_path().stat().st_mode & 0o777 == 0o600


def test_an_unchanged_log_is_not_signed_again(reviewer: User) -> None:
    write(reviewer, 1)
    sequence_all()
    assert sequence_all() == sequencer.Outcome(added=0, size=1)
    assert (LogCheckpoint.objects.count(), LogBatch.objects.count()) == (1, 1)


def test_an_empty_log_is_not_signed(db: None) -> None:
    assert sequence_all() == sequencer.Outcome()
    assert outside.note() is None


def test_batches_are_one_tree(reviewer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "AT_ONCE", 100)
    events = write(reviewer, 530)
    assert sequence_all().size == 530
    assert list(LogSubtree.objects.order_by("number").values_list("level", "number")) == [
        (1, 0),
        (1, 1),
    ]
    assert log.root(530) == root_over(events)
    assert log.root(257) == root_over(events[:257])
    assert LogBatch.objects.count() == 6


def test_what_a_running_transaction_may_still_write_waits(reviewer: User) -> None:
    """The test's own transaction runs: nothing of it is settled."""
    write(reviewer, 2)
    assert sequencer.sequence() == sequencer.Outcome(added=0, size=0)
    assert log.lag().waiting == 2


def test_nobody_chooses_the_transaction_of_an_event(reviewer: User) -> None:
    event = write(reviewer, 1)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditevent (uuid, at, action, target_type, target_id, body, detail,"
            " salt, xid) SELECT gen_random_uuid(), at, action, '', '', body, detail, salt, '1'"
            " FROM audit_auditevent WHERE id = %s RETURNING xid = pg_current_xact_id()",
            [event.pk],
        )
        assert cursor.fetchone() == (True,)


def test_lag_is_counted_and_has_an_age(reviewer: User) -> None:
    assert (log.lag().waiting, log.lag().seconds, log.lag().is_late) == (0, 0, False)
    write(reviewer, 3)
    lag = log.lag()
    assert (lag.waiting, lag.oldest) == (3, AuditEvent.objects.earliest("id").at)
    sequence_all()
    assert log.lag().waiting == 0


def test_a_clock_that_was_set_back_changes_nothing(
    reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(reviewer, 1)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    second = write(reviewer, 1)
    sequence_all()
    found = LogEntry.objects.order_by("leaf_index").values_list("event_id", flat=True)
    assert list(found) == [first[0].pk, second[0].pk]
    assert log.lag().seconds == 0


@pytest.mark.parametrize(
    "table", ["logentry", "logsubtree", "logbatch", "logcheckpoint", "logkey", "logincident"]
)
@pytest.mark.parametrize("change", ["DELETE FROM audit_{}", "TRUNCATE audit_{}"])
def test_the_tables_of_the_log_only_grow(reviewer: User, table: str, change: str) -> None:
    write(reviewer, 256)
    sequence_all()
    LogIncident.objects.create(code="no_key")
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))


def test_it_needs_to_read_events_and_to_add_to_its_own_tables_nothing_more(
    reviewer: User,
) -> None:
    write(reviewer, 300)
    own = "audit_logentry, audit_logsubtree, audit_logbatch, audit_logcheckpoint, audit_logkey,"
    own += " audit_logincident, audit_logpublication"
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE second_look_test_sequencer")
        cursor.execute("GRANT SELECT ON audit_auditevent TO second_look_test_sequencer")
        cursor.execute(f"GRANT SELECT, INSERT ON {own} TO second_look_test_sequencer")
        cursor.execute(
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO second_look_test_sequencer"
        )
        cursor.execute("SET LOCAL ROLE second_look_test_sequencer")
        assert sequence_all() == sequencer.Outcome(added=300, size=300)
        cursor.execute("RESET ROLE")


# Refusals


def refused() -> str:
    outcome = sequence_all()
    incident = log.incident()
    assert incident is not None
    assert incident.code == outcome.refused
    assert "%" not in incident.text
    return outcome.refused


def test_a_log_that_was_cut_off_is_not_signed(reviewer: User) -> None:
    write(reviewer, 5)
    sequence_all()
    with triggers_off("audit_logentry"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_logentry WHERE leaf_index = 4")
    write(reviewer, 1)
    assert refused() == "history_lost"
    assert LogEntry.objects.count() == 4
    assert LogCheckpoint.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_logentry SET leaf_hash = sha256('x') WHERE leaf_index = 4",
        "DELETE FROM audit_logentry WHERE leaf_index = 2",
    ],
)
def test_changed_entries_are_not_signed(reviewer: User, change: str) -> None:
    write(reviewer, 5)
    sequence_all()
    with triggers_off("audit_logentry"), connection.cursor() as cursor:
        cursor.execute(change)
    assert refused() == "history_changed"


def test_a_restored_backup_that_went_on_is_not_signed(reviewer: User) -> None:
    """Yesterday's tables come back, and as many other events are written since."""
    write(reviewer, 3)
    sequence_all()
    restored = transaction.savepoint()
    write(reviewer, 2)
    sequence_all()
    transaction.savepoint_rollback(restored)
    assert refused() == "history_lost"
    with triggers_off("audit_logincident"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_logincident")
    write(reviewer, 4)
    kept = outside.note()
    assert kept is not None
    outside.path().unlink()
    with triggers_off("audit_logcheckpoint"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_logcheckpoint")
    # A sequencer that does not know better goes on.
    sequence_all()
    outside.path().write_text(kept)
    assert refused() == "history_changed"


def test_an_incident_is_told_once_and_ends(reviewer: User, caplog: Any) -> None:
    write(reviewer, 2)
    sequence_all()
    kept = outside.note()
    assert kept is not None
    outside.path().unlink()
    assert refused() == "outside_missing"
    assert refused() == "outside_missing"
    assert LogIncident.objects.count() == 1
    outside.path().write_text(kept)
    assert sequence_all().refused == ""
    assert log.incident() is None
    assert [incident.code for incident in LogIncident.objects.order_by("id")] == [
        *("outside_missing", "")
    ]


def test_a_copy_that_is_no_checkpoint_is_told(reviewer: User) -> None:
    write(reviewer, 1)
    sequence_all()
    outside.path().write_text("rubbish")
    assert refused() == "outside_unusable"
    assert str(outside.path()) in LogIncident.objects.get().text


def test_a_copy_that_cannot_be_written_is_told(reviewer: User) -> None:
    """The entries are there then, but nobody has signed them."""
    outside.path().parent.mkdir(parents=True)
    (outside.path().parent / "lock").mkdir()
    write(reviewer, 1)
    assert refused() == "outside_unusable"
    assert (log.lag().waiting, log.last_checkpoint()) == (0, None)

    (outside.path().parent / "lock").rmdir()
    assert sequence_all() == sequencer.Outcome(added=0, size=1)
    assert log.incident() is None


def test_a_key_that_others_can_read_is_not_used(reviewer: User) -> None:
    write(reviewer, 1)
    sequence_all()
    keyring.key_path().chmod(0o640)
    assert refused() == "no_key"


def test_a_key_that_no_event_announces_is_not_used(reviewer: User) -> None:
    write(reviewer, 1)
    sequence_all()
    name = keyring.load().key.name
    keyring.key_path().unlink()
    keyring.make(keyring.key_path(), name)
    assert refused() == "unknown_key"


def test_a_key_of_another_log_is_not_used(reviewer: User) -> None:
    write(reviewer, 1)
    sequence_all()
    keyring.key_path().unlink()
    keyring.make(keyring.key_path(), "another/log")
    assert refused() == "other_log"


def test_a_key_that_was_lost_is_not_replaced_silently(reviewer: User) -> None:
    write(reviewer, 1)
    sequence_all()
    keyring.key_path().unlink()
    assert refused() == "no_key"
    assert not keyring.key_path().exists()


def test_a_configured_key_is_never_made(reviewer: User, tmp_path: Path, settings: Any) -> None:
    settings.AUDIT_SIGNING_KEY_FILE = str(tmp_path / "key")
    write(reviewer, 1)
    assert refused() == "no_key"
    made = keyring.make(tmp_path / "key", "bank.example/log")
    assert sequence_all() == sequencer.Outcome(added=1, size=1)
    assert log.public_keys() == [made.key]


def test_a_crash_between_the_file_and_the_table_is_made_good(reviewer: User) -> None:
    write(reviewer, 2)
    sequence_all()
    with triggers_off("audit_logcheckpoint"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_logcheckpoint")
    sequence_all()
    assert LogCheckpoint.objects.get().note == outside.note()


def test_a_crash_between_the_entries_and_the_file_is_made_good(reviewer: User) -> None:
    write(reviewer, 2)
    sequence_all()
    before = outside.note()
    write(reviewer, 2)
    sequence_all()
    assert before is not None
    outside.path().write_text(before)
    assert sequence_all() == sequencer.Outcome(added=0, size=4)
    kept = outside.read()
    assert kept is not None
    assert kept.size == 4


def test_a_database_in_another_cluster_goes_on(reviewer: User) -> None:
    """Restored from a dump: the transaction ids of old events mean nothing there."""
    first = write(reviewer, 2)
    sequence_all()
    with triggers_off("audit_logbatch"), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_logbatch SET cluster = 1")
    second = write(reviewer, 2)
    with triggers_off("audit_auditevent"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_auditevent SET xid = '99999999999' WHERE id < %s", [second[1].pk]
        )
    assert log.lag().waiting == 2
    assert sequence_all() == sequencer.Outcome(added=2, size=4)
    assert LogBatch.objects.latest("id").cluster == log.cluster()
    found = LogEntry.objects.order_by("leaf_index").values_list("event_id", flat=True)
    assert sorted(found) == [event.pk for event in first + second]


def test_the_file_outside_never_goes_back(reviewer: User) -> None:
    write(reviewer, 2)
    sequence_all()
    before = outside.note()
    write(reviewer, 1)
    sequence_all()
    assert before is not None
    with pytest.raises(outside.Contradiction):
        outside.write(before)


def test_two_sequencers_do_not_meet(reviewer: User) -> None:
    write(reviewer, 1)
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(url_of(name), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [sequencer.LOCK])
        assert sequencer.sequence(horizon=EVERYTHING) is None
    assert LogEntry.objects.count() == 0


def test_the_body_is_hashed_as_it_is_stored(reviewer: User) -> None:
    event = record("decision.made", actor=reviewer, data={"note": "同一張相片 \u0000 \u2028"})
    sequence_all()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sha256('\\x00'::bytea || convert_to(body, 'UTF8')) FROM audit_auditevent"
        )
        (hashed,) = cursor.fetchone()
    assert bytes(LogEntry.objects.get().leaf_hash) == bytes(hashed)
    assert json.loads(event.body)["at"].endswith("Z")
