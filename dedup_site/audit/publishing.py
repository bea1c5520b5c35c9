"""Checkpoints brought to a second place, where whoever runs the database cannot take them back.

A folder gets every checkpoint, a web hook one a minute, an inbox one a day at most. A failure is
recorded and tried again, later each time.
"""

import os
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _

from dedup_site.audit import log
from dedup_site.audit.files import fsync_folder
from dedup_site.audit.models import LogCheckpoint, LogPublication

logger = structlog.get_logger(__name__)

FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=1)
SECONDS_TO_WAIT = 10
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to publish: its name, how often at most, and how. `send` raises on failure."""

    name: str
    every: timedelta
    send: Callable[[LogCheckpoint], None]


def places() -> Iterator[Place]:
    """Where this installation publishes, by its configuration."""
    if settings.AUDIT_PUBLISH_FOLDER:
        yield Place(settings.AUDIT_PUBLISH_FOLDER, timedelta(), _to_folder)
    if settings.AUDIT_PUBLISH_URL:
        yield Place(_without_secrets(), timedelta(minutes=1), _to_web_hook)
    if settings.AUDIT_PUBLISH_EMAIL:
        yield Place(", ".join(settings.AUDIT_PUBLISH_EMAIL), timedelta(days=1), _to_inbox)


def publish() -> None:
    """Bring the newest checkpoint to every place where it is due."""
    checkpoint = log.last_checkpoint()
    if checkpoint is None:
        return
    for place in places():
        if is_due(place, checkpoint):
            _try(place, checkpoint)


def is_due(place: Place, checkpoint: LogCheckpoint) -> bool:
    """Whether it is new there, and neither the last copy nor the last failure is too recent."""
    tries = LogPublication.objects.filter(place=place.name).order_by("-id")
    last = tries.first()
    if last is None:
        return True
    if not last.error:
        is_new = last.size < checkpoint.size or last.at < checkpoint.at
        return bool(is_new and last.at + place.every <= timezone.now())
    success = tries.filter(error="").values_list("id", flat=True).first() or 0
    failures = tries.filter(id__gt=success).count()
    wait = min(FIRST_RETRY * 2 ** min(failures - 1, 16), LAST_RETRY)
    return bool(last.at + wait <= timezone.now())


def _try(place: Place, checkpoint: LogCheckpoint) -> None:
    error = ""
    try:
        place.send(checkpoint)
    except Exception as problem:  # noqa: BLE001  a second place must never stop the log
        error = f"{type(problem).__name__}: {problem}"[:LONGEST_ERROR]
        logger.warning("a checkpoint was not published", place=place.name, error=error)
    LogPublication.objects.create(place=place.name, size=checkpoint.size, error=error)


def _to_folder(checkpoint: LogCheckpoint) -> None:
    """A new file for each checkpoint. None is ever overwritten: the folder may be write-once."""
    folder = Path(settings.AUDIT_PUBLISH_FOLDER)
    name = "".join(letter if letter.isalnum() else "-" for letter in checkpoint.origin)
    path = folder / f"{name}-{checkpoint.size:012d}-{checkpoint.pk}.txt"
    if path.exists() and path.read_text(encoding="utf-8") == checkpoint.note:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(checkpoint.note)
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(folder)


def _to_inbox(checkpoint: LogCheckpoint) -> None:
    subject = _("Checkpoint of the audit log: %(size)d entries") % {"size": checkpoint.size}
    EmailMessage(subject, checkpoint.note, to=settings.AUDIT_PUBLISH_EMAIL).send()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A checkpoint goes where it was told to go, or nowhere."""

    def redirect_request(self, *_args: object) -> None:
        return None


def _to_web_hook(checkpoint: LogCheckpoint) -> None:
    if not settings.AUDIT_PUBLISH_URL.startswith("https://"):
        raise ValueError("AUDIT_PUBLISH_URL must start with https://")
    request = urllib.request.Request(  # noqa: S310  the address is checked to be https
        settings.AUDIT_PUBLISH_URL,
        data=checkpoint.note.encode(),
        headers={"Content-Type": "text/plain; charset=utf-8"},
        method="POST",
    )
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS_TO_WAIT):
        pass


def _without_secrets() -> str:
    """The address of the web hook as it may be shown: a token in it stays out."""
    parts = urlsplit(settings.AUDIT_PUBLISH_URL)
    return f"{parts.scheme}://{parts.hostname or ''}"
