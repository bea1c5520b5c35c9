"""Keys by hand: made, shown, replaced, and a log that begins anew."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dedup_site.accounts.models import User
from dedup_site.audit import key_changes, keyring, log, outside, sequencer
from dedup_site.audit.models import AuditEvent, LogCheckpoint, LogEntry
from dedup_site.audit.notes import Signer
from dedup_site.audit.proofs import read_key, signers
from dedup_site.audit.services import record
from tests.audit.logs import EVERYTHING, sequence_all

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def first(auditor: User) -> Signer:
    """The key of a log with one entry."""
    record("account.signed_in", actor=auditor, target=auditor)
    sequence_all()
    return keyring.load()


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own transaction counts as over."""

    def sequence() -> sequencer.Outcome | None:
        return sequencer.sequence(horizon=EVERYTHING)

    monkeypatch.setattr(key_changes, "sequence", sequence)


def test_make_prints_the_public_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    printed = run("audit_key", "make", "--name", "bank.example/log", "--output", str(path))
    signer = Signer.read(path.read_text())
    assert read_key(printed) == signer.key
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="File exists"):
        run("audit_key", "make", "--name", "bank.example/log", "--output", str(path))


def test_show_prints_every_key_that_signed(first: Signer) -> None:
    assert run("audit_key", "show") == str(first.key)


@pytest.mark.usefixtures("settled")
def test_a_new_key_is_announced_under_the_old_one(first: Signer) -> None:
    new = read_key(run("audit_key", "rotate"))
    event = AuditEvent.objects.get(action="audit.key_rotated")
    assert json.loads(event.body)["data"] == {"old_key": str(first.key), "new_key": str(new)}
    notes = list(LogCheckpoint.objects.order_by("id").values_list("note", flat=True))
    assert [signers(note, [first.key, new]) for note in notes] == [[first.key], [first.key], [new]]
    assert LogCheckpoint.objects.order_by("id")[1].size == 2
    assert log.public_keys() == [first.key, new]
    assert keyring.load().key == new
    run("verify_audit")


@pytest.mark.usefixtures("settled")
def test_a_configured_key_is_replaced_by_hand(tmp_path: Path, settings: Any, auditor: User) -> None:
    settings.AUDIT_SIGNING_KEY_FILE = str(tmp_path / "old")
    old = keyring.make(tmp_path / "old", "bank.example/log")
    with pytest.raises(CommandError, match=r"is yours to replace\. Name a new file"):
        run("audit_key", "rotate")
    new = read_key(run("audit_key", "rotate", "--output", str(tmp_path / "new")))
    assert keyring.load().key == old.key
    settings.AUDIT_SIGNING_KEY_FILE = str(tmp_path / "new")
    record("account.signed_in", actor=auditor, target=auditor)
    assert sequence_all().refused == ""
    assert log.public_keys() == [old.key, new]


@pytest.mark.usefixtures("settled")
def test_a_log_that_begins_anew_has_everything_and_says_what_was_lost(first: Signer) -> None:
    kept = outside.note()
    printed = run("audit_key", "restart", "--name", "bank.example/log-2", "--reason", "Disk lost")
    event = AuditEvent.objects.get(action="audit.log_restarted")
    said = json.loads(event.body)["data"]
    assert (said["old_origin"], said["old_size"], said["new_key"]) == (first.key.name, 1, printed)
    assert event.detail["reason"] == "Disk lost"
    assert outside.path().with_name("last-checkpoint.1").read_text() == kept
    last = outside.read()
    assert last is not None
    assert (last.origin, last.size) == ("bank.example/log-2", 2)
    assert LogEntry.objects.count() == 2
    run("verify_audit")


def test_a_log_that_begins_anew_has_another_name(first: Signer) -> None:
    with pytest.raises(CommandError, match="needs another name"):
        run("audit_key", "restart", "--name", first.key.name, "--reason", "Disk lost")


def test_a_lost_copy_is_taken_from_the_database_only_where_all_fits(first: Signer) -> None:
    kept = outside.note()
    with pytest.raises(CommandError, match="is there: nothing is taken over"):
        run("sequence_audit", "--adopt")
    outside.path().unlink()
    with pytest.raises(CommandError, match="The copy of the last checkpoint is missing"):
        run("sequence_audit")
    assert run("sequence_audit", "--adopt").startswith("0 entries added, 1 in all\nroot ")
    assert outside.note() == kept


def test_a_rotation_that_cannot_be_signed_changes_no_key(first: Signer) -> None:
    outside.path().unlink()
    with pytest.raises(key_changes.NotPossible, match="refuses to sign"):
        key_changes.rotate()
    assert keyring.load().key == first.key
