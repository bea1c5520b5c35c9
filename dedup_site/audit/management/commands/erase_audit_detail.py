"""Erase the details of events; their bodies and places in the log stay."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dedup_site.audit.acting import acting_as
from dedup_site.audit.erasure import erase_detail
from dedup_site.audit.models import AuditEvent


class Command(BaseCommand):
    help = (
        "Erase names, notes and paths from the details of events, for good."
        " That this was done, and why, becomes an event of its own. docs/trust.md says more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("events", nargs="+", type=int, metavar="NUMBER", help="of the event")
        parser.add_argument("--reason", required=True, help="why; without names, it is kept")

    def handle(self, *_args: Any, events: list[int], reason: str, **_options: Any) -> None:
        found = AuditEvent.objects.filter(pk__in=events)
        missing = set(events) - set(found.values_list("pk", flat=True))
        if missing:
            raise CommandError(f"There is no event {', '.join(map(str, sorted(missing)))}.")
        if not reason.strip():
            raise CommandError("Say why the details are erased.")
        with acting_as("owner"):
            count = erase_detail(actor=None, events=list(found), reason=reason)
        self.stdout.write(f"{count} details erased")
