"""Check every row of the audit log against its own body."""

from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from dedup_site.audit.exports import streamed
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.verifier import Broken, Problem, Problems, read_body

TAMPERED = 1
UNREADABLE = 2


class Command(BaseCommand):
    help = (
        "Check that each event's body is canonical, commits to its detail, and agrees with the"
        " row's columns. Exit status: 0 all is well, 1 a row was changed, 2 the log cannot be read."
        " A row that was removed as a whole is not noticed."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        count, problems = 0, Problems()
        try:
            for event in streamed(AuditEvent.objects.order_by("id")):
                count += 1
                try:
                    check_event(event)
                except Broken as broken:
                    field, message = broken.args
                    problems.add(Problem(f"row {event.pk}", 0, field, message))
        except DatabaseError as error:
            raise CommandError(f"The log cannot be read: {error}", returncode=UNREADABLE) from error
        if problems.count:
            raise CommandError("\n".join(problems.lines()), returncode=TAMPERED)
        self.stdout.write(f"ok: {count} events")


def check_event(event: AuditEvent) -> None:
    """Raises Broken with the first field that is not as it was recorded."""
    content = read_body(event.body, event.detail, bytes(event.salt))
    columns = {
        "uuid": str(event.uuid),
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "action": event.action,
        "actor": event.actor_id,
        "library": event.library_id,
        "target": [event.target_type, event.target_id],
        "request": str(event.request_id) if event.request_id else None,
    }
    for field, value in columns.items():
        if content.get(field) != value:
            raise Broken(field, "is not what the body says")
