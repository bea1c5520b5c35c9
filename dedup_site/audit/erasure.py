"""Erasing what may have to be erased: names, notes and paths in the details of events.

The log hashes bodies, which hold no personal text, only a salted digest of the detail: once detail
and salt are gone, nothing can be found out from the digest, and the log stands as it stood.
"""

from collections.abc import Collection

from django.db import transaction

from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import Actor, record


@transaction.atomic
def erase_detail(*, actor: Actor | None, events: Collection[AuditEvent], reason: str) -> int:
    """Erase detail and salt of these events, and record that it was done and why.

    Postgres allows exactly this change of an event. The reason is kept: it should name no person.
    Returns how many events had a detail. Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("Say why the details are erased.")
    found = AuditEvent.objects.filter(pk__in=[event.pk for event in events]).exclude(salt=b"")
    named = sorted(str(uuid) for uuid in found.values_list("uuid", flat=True))
    if named:
        record("audit.detail_erased", actor=actor, data={"events": named, "reason": reason.strip()})
        found.update(detail={}, salt=b"")
    return len(named)
