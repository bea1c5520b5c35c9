"""Check the audit log where it lies: events, entries, tree, signed checkpoints."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from dedup_site.audit import outside
from dedup_site.audit.database_check import DatabaseCheck
from dedup_site.audit.entries import UNREADABLE
from dedup_site.audit.proofs import read_keys


class Command(BaseCommand):
    help = (
        "Check that each event's body is canonical, commits to its detail and agrees with the row's"
        " columns; that each entry of the log is its event's body, and all of them in their order"
        " lead to the signed checkpoints, the one kept outside of the database included."
        " Exit status, the highest that applies: 0 all is well, 1 something was changed, 2 the log"
        " cannot be read, 3 no known key has signed, 4 the log contradicts what was signed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--keys",
            type=Path,
            action="append",
            metavar="FILE",
            help="public keys that you trust, one a line, instead of the database's; repeatable",
        )
        parser.add_argument(
            "--checkpoint",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a checkpoint that you kept earlier; may be repeated",
        )

    def handle(
        self, *_args: Any, keys: list[Path] | None, checkpoint: list[Path], **_options: Any
    ) -> None:
        try:
            kept = [path.read_text(encoding="utf-8") for path in checkpoint]
            if (note := outside.note()) is not None:
                kept.append(note)
            trusted = None
            if keys is not None:
                texts = [path.read_text(encoding="utf-8") for path in keys]
                trusted = [key for text in texts for key in read_keys(text)]
            check = DatabaseCheck(kept, trusted)
            check.run()
        except (OSError, ValueError) as error:
            message = f"A key or a checkpoint cannot be read: {error}"
            raise CommandError(message, returncode=UNREADABLE) from error
        except DatabaseError as error:
            raise CommandError(f"The log cannot be read: {error}", returncode=UNREADABLE) from error
        if check.problems.count:
            raise CommandError("\n".join(check.problems.lines()), returncode=check.problems.status)
        self._tell(check, is_kept=bool(kept))

    def _tell(self, check: DatabaseCheck, *, is_kept: bool) -> None:
        self.stdout.write(f"ok: {check.events} events")
        self.stdout.write(f"{check.entries} have their place in the log, {check.waiting} wait")
        if check.erased:
            self.stdout.write(f"{check.erased} without detail: it was erased")
        if not is_kept:
            self.stdout.write("no checkpoint from outside of the database was there to compare")
