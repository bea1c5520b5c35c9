"""The signing key: a file that only the sequencer reads; its public side is known to everybody.

With AUDIT_SIGNING_KEY_FILE the key is that file, made by hand (docs/trust.md). Otherwise it is
DATA_DIR/keys/audit_signing_key, made at first use and readable by its owner only.
"""

import os
import secrets
import stat
from pathlib import Path

from django.conf import settings

from dedup_site.audit.files import write_durably
from dedup_site.audit.models import LogKey
from dedup_site.audit.notes import Signer

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NoKey(Exception):
    """The signing key is missing or cannot be used: one line that says what to do."""


def key_path() -> Path:
    """Where the signing key is."""
    configured: str = settings.AUDIT_SIGNING_KEY_FILE
    return Path(configured) if configured else settings.DATA_DIR / "keys" / "audit_signing_key"


def is_configured() -> bool:
    """Whether the key is somebody else's file, which this program never makes or replaces."""
    return bool(settings.AUDIT_SIGNING_KEY_FILE)


def may_make() -> bool:
    """Whether the first key is to be made here. A key that was lost is never replaced silently."""
    return not (is_configured() or key_path().exists() or LogKey.objects.exists())


def is_at_hand() -> bool:
    """Whether this process could sign."""
    return may_make() or os.access(key_path(), os.R_OK)


def load() -> Signer:
    """The signing key, made now if this installation makes its own. Raises NoKey."""
    path = key_path()
    if may_make():
        return make(path, settings.AUDIT_LOG_NAME or f"second-look/{secrets.token_hex(4)}")
    try:
        if not is_configured() and stat.S_IMODE(path.stat().st_mode) & OTHERS:
            raise NoKey(f"{path} can be read by others. Run: chmod 600 {path}")
        return Signer.read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoKey(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise NoKey(f"{path}: {error} Make one with manage.py audit_key make.") from error


def make(path: Path, name: str) -> Signer:
    """A new key in a new file. Raises NoKey, also when somebody else was quicker."""
    try:
        signer = Signer.make(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(signer.text())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NoKey(f"{path} cannot be written ({error.strerror}).") from error
    except ValueError as error:
        raise NoKey(str(error)) from error
    return signer


def replace(signer: Signer) -> None:
    """Put the new key in the place of the old one, which is gone then."""
    write_durably(key_path(), signer.text())
