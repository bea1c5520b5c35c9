"""Measures the main job on a folder of which a table says what belongs together."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scanning.labelled import tables
from scanning.labelled.evaluation import Evaluation, evaluate
from scanning.labelled.job import JobFailed, Measured, measured
from scanning.labelled.truth import TruthError, read_truth


class Command(BaseCommand):
    help = (
        "Scan FOLDER with servers of its own and say what was found of what TRUTH says. The table"
        " has the columns path and origin, and if wanted transform, domain, differs_from and"
        " difference. Nothing is written to this site's database, libraries or queue."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("truth", type=Path, metavar="TRUTH.csv")
        parser.add_argument(
            "--json", action="store_true", help="Print one JSON object instead of tables."
        )
        parser.add_argument(
            "--details", type=Path, metavar="FILE", help="List missed copies and false pairs, CSV."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"].absolute()
        try:
            entries = read_truth(options["truth"], folder)
            job = measured(folder, say=_say)
        except (TruthError, JobFailed) as error:
            raise CommandError(str(error)) from error
        if not job.answer["pictures"]:
            raise CommandError(f"No file in {folder} could be read as a picture.")
        result = evaluate(entries, job.candidates)
        if options["details"]:
            try:
                with options["details"].open("w", encoding="utf-8", newline="") as stream:
                    tables.write_details(result, entries, stream)
            except OSError as error:
                raise CommandError(
                    f"{options['details']} cannot be written: {error.strerror}."
                ) from error
        if options["json"]:
            report = tables.as_json(result) | cost(job)
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.stdout.write("\n\n".join(sections(result, job)))


def cost(job: Measured) -> dict[str, Any]:
    """What the job took."""
    scanned = job.answer["seconds"]
    return {
        "files_scanned": job.answer["files"],
        "errors": job.answer["errors"],
        "pairs": job.answer["pairs"],
        "seconds": scanned,
        "files_per_second": job.answer["files_per_second"],
        "seconds_of_the_command": round(job.seconds, 1),
        "peak_memory_bytes": job.memory,
    }


def sections(result: Evaluation, job: Measured) -> list[str]:
    """The tables, each with a sentence."""
    answer = job.answer
    memory = f", peak memory {job.memory / 2**20:.0f} MB" if job.memory else ""
    told = (
        f"{answer['files']} files, {answer['errors']} errors, {answer['seconds']:.1f} s,"
        f" {answer['files_per_second']} files/s, comparison included{memory}."
    )
    found = [
        told,
        "Copies of which the queue has a pair with their original:",
        tables.recall_table(result),
        "Pairs of different origins:",
        tables.wrong_table(result),
    ]
    if result.differences:
        found += ["Origins that differ in one thing:", tables.difference_table(result)]
    found += ["Compared pairs by score:", tables.calibration_table(result)]
    if result.unlabelled:
        found.append(f"{result.unlabelled} pairs have a file that the table does not list.")
    return found


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
