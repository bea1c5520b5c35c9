"""What is done by hand, seldom: another key, a log that begins anew, a lost copy taken over.

The new key is announced by an event that the old key still signs, so that whoever trusts the old
one can trust the new one.
"""

import time
from pathlib import Path
from typing import Any

from django.db import transaction

from dedup_site.audit import keyring, log, outside
from dedup_site.audit.models import AuditEvent, LogEntry
from dedup_site.audit.notes import Signer
from dedup_site.audit.proofs import Key, read_checkpoint, signers
from dedup_site.audit.sequencer import sequence
from dedup_site.audit.services import record

SECONDS_TO_WAIT = 60


class NotPossible(Exception):
    """One line that says what to do."""


def rotate(*, output: Path | None = None) -> Key:
    """Announce a new key under the old one, then put it in its place (or into `output`).

    Raises NotPossible or keyring.NoKey.
    """
    old = keyring.load()
    new = _new_key(old.key.name, output)
    with transaction.atomic():
        event = record(
            "audit.key_rotated",
            actor=None,
            data={"old_key": str(old.key), "new_key": str(new.key)},
        )
    _wait_for(event)
    _install(new, output)
    return new.key


def restart(*, name: str, reason: str, output: Path | None = None) -> Key:
    """Begin a log of another name over the same events, after history was lost for good.

    What the old log had signed last is an entry of the new one; its copy is set aside, not deleted.
    Raises NotPossible or keyring.NoKey.
    """
    old, last = keyring.load(), outside.read()
    if name == old.key.name:
        raise NotPossible("The log that begins anew needs another name than the old one.")
    new = _new_key(name, output)
    data: dict[str, Any] = {"old_key": str(old.key), "new_key": str(new.key)}
    if last is not None:
        data |= {"old_size": last.size, "old_root": last.root.hex(), "old_origin": last.origin}
    with transaction.atomic():
        record("audit.log_restarted", actor=None, data=data, detail={"reason": reason})
    outside.put_away()
    _install(new, output)
    return new.key


def adopt(signer: Signer) -> None:
    """Take the database's last checkpoint as the copy outside, where that is missing.

    Raises NotPossible.
    """
    stored = log.last_checkpoint(signer.key.name)
    if outside.note() is not None:
        raise NotPossible(f"{outside.path()} is there: nothing is taken over.")
    if stored is None or not signers(stored.note, log.public_keys()):
        raise NotPossible("The database has no checkpoint of this log that a known key signed.")
    kept = read_checkpoint(stored.note)
    if log.size() < kept.size or log.root(kept.size) != kept.root:
        raise NotPossible("The database's entries are not those under its last checkpoint.")
    outside.write(stored.note)


def _new_key(name: str, output: Path | None) -> Signer:
    if output is not None:
        return keyring.make(output, name)
    if keyring.is_configured():
        raise NotPossible(
            f"{keyring.key_path()} is yours to replace. Name a new file with --output."
        )
    try:
        return Signer.make(name)
    except ValueError as error:
        raise NotPossible(str(error)) from error


def _install(new: Signer, output: Path | None) -> None:
    if output is None:
        keyring.replace(new)
        sequence()


def _wait_for(event: AuditEvent) -> None:
    """Until the event is under a checkpoint of the old key. Raises NotPossible."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while True:
        outcome = sequence()
        if outcome is not None and outcome.refused:
            raise NotPossible("The sequencer refuses to sign. Run manage.py sequence_audit.")
        entry = LogEntry.objects.filter(event_id=event.pk).first()
        last = outside.read()
        if entry is not None and last is not None and entry.leaf_index < last.size:
            return
        if time.monotonic() > deadline:
            raise NotPossible("A long transaction holds the log up. Try again when it is over.")
        time.sleep(0.2)
