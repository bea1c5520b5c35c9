"""The last checkpoint, kept in a file outside of Postgres: a restored database does not change it.

AUDIT_STATE_DIR (by default DATA_DIR/audit) should be on another disk than the database.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from dedup_site.audit.files import write_durably
from dedup_site.audit.proofs import Checkpoint, read_checkpoint

NAME = "last-checkpoint"


class Contradiction(Exception):
    """What was to be written contradicts what has been signed, of which `size` is the size."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def path() -> Path:
    """Where the checkpoint is kept."""
    folder: Path = settings.AUDIT_STATE_DIR
    return folder / NAME


def note() -> str | None:
    """The last checkpoint as it was signed; None before the first."""
    try:
        return path().read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def read() -> Checkpoint | None:
    """What the last checkpoint says. Raises ValueError if the file is no checkpoint."""
    text = note()
    return None if text is None else read_checkpoint(text)


def write(text: str) -> None:
    """Replace the checkpoint by a later one of the same log. Raises Contradiction."""
    new = read_checkpoint(text)
    with _alone():
        old = read()
        if old is not None and old.origin == new.origin and not _goes_on(old, new):
            raise Contradiction(old.size)
        write_durably(path(), text)


def _goes_on(old: Checkpoint, new: Checkpoint) -> bool:
    return new.size > old.size or (new.size == old.size and new.root == old.root)


def put_away() -> Path | None:
    """Set the checkpoint aside, for a log that begins anew. Returns where it is now."""
    with _alone():
        if not path().exists():
            return None
        number = 1
        while (aside := path().with_name(f"{NAME}.{number}")).exists():
            number += 1
        return path().rename(aside)


@contextmanager
def _alone() -> Iterator[None]:
    path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path().with_name("lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
