"""Candidate pairs of a library as CSV."""

import csv
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import safe_cell
from scanning.models import CandidatePair, Library
from scanning.querysets.pairs import QUEUE_TIERS
from scanning.services.candidate_export import CandidateLine, candidate_lines


class Command(BaseCommand):
    help = "Write the candidate pairs of LIBRARY as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("library", metavar="LIBRARY", help="The library's name.")
        parser.add_argument(
            "--tier",
            action="append",
            choices=[tier.value for tier in CandidatePair.Tier],
            help="May be given several times; by default the tiers of the review queue.",
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="Standard output if absent."
        )
        parser.add_argument(
            "--for-spreadsheets",
            action="store_true",
            help="Mark cells that a spreadsheet would take for a formula; paths change by that.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        library = Library.objects.filter(name=options["library"]).first()
        if library is None:
            names = ", ".join(Library.objects.values_list("name", flat=True)) or "none yet"
            raise CommandError(f"There is no library “{options['library']}”. There are: {names}.")
        tiers = options["tier"] or list(QUEUE_TIERS)
        guard = safe_cell if options["for_spreadsheets"] else str
        with transaction.atomic():
            record(
                "export.candidates",
                actor=None,
                target=library,
                library_id=library.pk,
                data={"tiers": tiers},
            )
            try:
                with self._output(options["output"]) as output:
                    writer = csv.writer(output, lineterminator="\n")
                    writer.writerow(CandidateLine._fields)
                    for line in candidate_lines(library, tiers):
                        writer.writerow([guard(cell) for cell in line])
            except OSError as error:
                raise CommandError(
                    f"{options['output']} cannot be written: {error.strerror}."
                ) from error

    def _output(self, path: Path | None) -> Any:
        return path.open("w", encoding="utf-8", newline="") if path else nullcontext(sys.stdout)
