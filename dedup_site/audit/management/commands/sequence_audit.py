"""Give events their places in the log, sign a checkpoint, publish it."""

import base64
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dedup_site.audit import key_changes, keyring, outside
from dedup_site.audit.models import LogIncident
from dedup_site.audit.sequencer import sequence

BUSY = 3
REFUSED = 1


class Command(BaseCommand):
    help = (
        "Give every settled audit event its place in the log, sign a checkpoint and publish it."
        " Exit status: 0 done, 1 refused (the message says why), 3 another sequencer is at work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="go on until stopped, that often"
        )
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="where the copy outside of the database is missing: take the database's",
        )

    def handle(
        self, *_args: Any, every: float | None = None, adopt: bool = False, **_options: Any
    ) -> None:
        if adopt:
            self._adopt()
        while every is not None:
            sequence()
            time.sleep(every)
        outcome = sequence()
        if outcome is None:
            raise CommandError("Another sequencer is at work.", returncode=BUSY)
        if outcome.refused:
            told = LogIncident.objects.latest("id").text
            raise CommandError(told, returncode=REFUSED)
        self.stdout.write(f"{outcome.added} entries added, {outcome.size} in all")
        last = outside.read()
        if last is not None:
            self.stdout.write(f"root {base64.b64encode(last.root).decode()}")

    def _adopt(self) -> None:
        try:
            key_changes.adopt(keyring.load())
        except (keyring.NoKey, key_changes.NotPossible) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
