"""Export the decision log as a bundle."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from review.services.decision_export import CannotExport, export_decisions


class Command(BaseCommand):
    help = (
        "Export every decision with its evidence and audit events."
        " Check the bundle with `python -m dedup_site.audit.verifier BUNDLE`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output",
            type=Path,
            required=True,
            metavar="FILE_OR_FOLDER",
            help="a new .zip file, or a new folder",
        )

    def handle(self, *_args: Any, output: Path, **_options: Any) -> None:
        try:
            manifest = export_decisions(actor=None, output=output)
        except CannotExport as error:
            raise CommandError(str(error)) from error
        for name, facts in manifest["files"].items():
            self.stdout.write(f"{name}: {facts['rows']} rows, sha256 {facts['sha256']}")
