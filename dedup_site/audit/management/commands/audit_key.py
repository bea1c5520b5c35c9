"""The signing key of the audit log: made, shown, replaced. docs/trust.md tells how."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dedup_site.audit import key_changes, keyring, log


class Command(BaseCommand):
    help = "Make, show or replace the key that signs the audit log's checkpoints."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="make a key in a new file, before the first start")
        make.add_argument("--name", required=True, help="name of the log, such as bank.example/log")
        make.add_argument("--output", type=Path, required=True, help="the new file")
        actions.add_parser("show", help="print the public keys")
        rotate = actions.add_parser("rotate", help="announce a new key and take it into use")
        rotate.add_argument("--output", type=Path, help="put the new key there; you install it")
        restart = actions.add_parser("restart", help="begin a new log after history was lost")
        restart.add_argument("--name", required=True, help="name of the new log")
        restart.add_argument("--reason", required=True, help="why; it is recorded")
        restart.add_argument("--output", type=Path, help="put the new key there; you install it")

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        output: Path | None = options.get("output")
        try:
            if action == "make" and output is not None:
                self.stdout.write(str(keyring.make(output, options["name"]).key))
            elif action == "rotate":
                self.stdout.write(str(key_changes.rotate(output=output)))
            elif action == "restart":
                key = key_changes.restart(
                    name=options["name"], reason=options["reason"], output=output
                )
                self.stdout.write(str(key))
            else:
                for known in log.public_keys():
                    self.stdout.write(str(known))
        except (keyring.NoKey, key_changes.NotPossible) as error:
            raise CommandError(str(error)) from error
