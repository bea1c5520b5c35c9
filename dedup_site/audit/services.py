"""Writing the audit log, always inside the transaction of what it tells about."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any, Protocol

from django.db import models, transaction
from django.utils import timezone

from dedup_site.audit.actions import ACTIONS
from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.context import current_request_id
from dedup_site.audit.models import AuditEvent


class Actor(Protocol):
    """Whoever acts: a signed-in user."""

    pk: Any

    def get_username(self) -> str: ...


def record(
    action: str,
    *,
    actor: Actor | None,
    target: models.Model | None = None,
    library_id: int | None = None,
    data: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append one event to the log.

    Args:
        action: a key of `ACTIONS`.
        actor: who acted; None is the system itself (schedule, recovery).
        target: the row that the action is about.
        library_id: the library that it concerns; only people given that library see the event.
        data: ids, numbers and codes. Hashed as they are, kept for good.
        detail: names, notes and paths. Hashed through a salted digest, so that they can be erased.

    Raises:
        KeyError: an unknown action.
        RuntimeError: called outside a transaction.
    """
    event = prepared(
        action, actor=actor, target=target, library_id=library_id, data=data, detail=detail
    )
    record_all([event])
    return event


def record_all(events: Iterable[AuditEvent]) -> None:
    """Append prepared events to the log, in their order.

    Raises:
        RuntimeError: called outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit event belongs to the transaction of what it tells about.")
    AuditEvent.objects.bulk_create(events)


def prepared(
    action: str,
    *,
    actor: Actor | None,
    target: models.Model | None = None,
    library_id: int | None = None,
    data: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """An event for `record_all`, where one act brings about many; the arguments are `record`'s.

    Raises:
        KeyError: an unknown action.
    """
    if action not in ACTIONS:
        raise KeyError(f"Unknown audit action {action!r}: add it to dedup_site/audit/actions.py.")
    at = timezone.now()
    identity = uuid.uuid4()
    salt = secrets.token_bytes(16)
    request_id = current_request_id()
    full_detail = {
        "actor": actor.get_username() if actor else "",
        "target": str(target) if target else "",
        **(detail or {}),
    }
    target_type = target._meta.label_lower if target else ""  # noqa: SLF001  public in all but name
    target_id = str(target.pk) if target else ""
    body = canonical_json(
        {
            "v": 1,
            "uuid": str(identity),
            "at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "action": action,
            "actor": actor.pk if actor else None,
            "library": library_id,
            "target": [target_type, target_id],
            "request": str(request_id) if request_id else None,
            "data": dict(data or {}),
            "detail_sha256": detail_digest(full_detail, salt),
        }
    )
    return AuditEvent(
        uuid=identity,
        at=at,
        action=action,
        actor_id=actor.pk if actor else None,
        library_id=library_id,
        target_type=target_type,
        target_id=target_id,
        request_id=request_id,
        body=body,
        detail=full_detail,
        salt=salt,
    )


def detail_digest(detail: Mapping[str, Any], salt: bytes) -> str:
    """The salted SHA-256 (hex) by which a body commits to its detail."""
    return hashlib.sha256(salt + canonical_json(dict(detail)).encode("utf-8")).hexdigest()
