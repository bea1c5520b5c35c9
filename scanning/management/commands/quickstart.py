"""The main job from the command line: mount a folder, scan it, print what was found."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from dedup_site.audit.acting import acting_as
from scanning.attributes import PatternError
from scanning.models import ScanRun
from scanning.progress import progress_of
from scanning.services.quickstart import ScanFailed, mount, scan
from scanning.services.summary import LibrarySummary, library_summary
from scanning.storage import RootRefused


class Command(BaseCommand):
    help = "Mount FOLDER as a library named after it, scan it, and say what was found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--no-serve", action="store_true", help="Accepted for clarity: never serves pages."
        )
        parser.add_argument(
            "--json", action="store_true", help="Print one JSON object as the last line."
        )
        parser.add_argument("--name", default="", help="The library's name if not the folder's.")
        parser.add_argument(
            "--attributes", default="", metavar="PATTERN", help="Such as {tender}/{supplier}/…"
        )
        parser.add_argument(
            "--manifest", default="", metavar="PATH", help="A CSV file inside FOLDER."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        migrate_when_needed()
        try:
            job = mount(
                folder=options["folder"],
                name=options["name"],
                attribute_pattern=options["attributes"],
                manifest_path=options["manifest"],
            )
            run = scan(job=job, progress=ProgressLine())
        except (PatternError, RootRefused, ScanFailed) as error:
            raise CommandError(str(error)) from error
        summary = library_summary(job.library)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(run, summary), ensure_ascii=False))
        else:
            pairs = ", ".join(f"{count} {tier}" for tier, count in summary.pairs.items())
            self.stdout.write(
                f"{job.library}: {summary.files} files, {summary.errors} errors, "
                f"{summary.pictures} pictures; pairs: {pairs}."
            )


def migrate_when_needed() -> None:
    """A database that is new or older than the program is brought up to date first."""
    with acting_as("owner"):
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)


def as_json(run: ScanRun, summary: LibrarySummary) -> dict[str, Any]:
    """The object that outsiders rely on; its keys never change."""
    ended = run.finished_at or run.started_at
    seconds = round((ended - run.started_at).total_seconds(), 3)
    return {
        "library": run.library.name,
        "files": summary.files,
        "errors": summary.errors,
        "pictures": summary.pictures,
        "pairs": summary.pairs,
        "bytes": summary.bytes,
        "seconds": seconds,
        "files_per_second": round(summary.files / seconds, 1) if seconds else 0.0,
    }


class ProgressLine:
    """Writes how far a run is to standard error: one line that renews itself on a terminal."""

    WIDTH = 30

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, run: ScanRun) -> None:
        line = self.line(run)
        if line == self.last:
            return
        self.last = line
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line}" + ("" if run.is_active else "\n"))
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def line(self, run: ScanRun) -> str:
        """The progress in words; only files that are new or changed are read."""
        if run.is_paused:
            return f"{run.library}: paused; resume or cancel the scan on its page"
        if run.state == ScanRun.State.WALKING:
            return f"{run.library}: listing files …"
        progress = progress_of(run)
        if run.state == ScanRun.State.READING:
            errors = f", {progress.errors} errors" if progress.errors else ""
            done = self.bar(progress.done, progress.total)
            return f"{run.library}: reading pictures {done} files{errors}"
        if run.state == ScanRun.State.COMPARING:
            done = self.bar(progress.pairs_done, progress.pairs_total)
            return f"{run.library}: comparing {done} near pairs"
        return f"{run.library}: {run.get_state_display().lower()}, {run.files_found} files"

    def bar(self, done: int, total: int) -> str:
        """A bar and two numbers."""
        filled = "█" * round(self.WIDTH * (done / total if total else 1.0))
        return f"{filled:░<{self.WIDTH}} {done}/{total}"
