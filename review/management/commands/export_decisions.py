"""Export the decision log as a bundle."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from dedup_site.accounts.models import User
from dedup_site.audit import keyring, log
from dedup_site.audit.proofs import read_checkpoint
from dedup_site.audit.sequencer import sequence
from review.models import Matter
from review.services.decision_export import CannotExport, export_decisions
from review.services.export_filter import ExportFilter
from scanning.models import Library


class Command(BaseCommand):
    help = (
        "Export every decision with its evidence, and the audit log that proves it."
        " Check the bundle with `python -m dedup_site.audit.verifier BUNDLE`."
        " With a filter the bundle has a part of the log, each entry with its proof."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output",
            type=Path,
            required=True,
            metavar="FILE_OR_FOLDER",
            help="a new .zip file, or a new folder",
        )
        parser.add_argument("--since", metavar="TIME", help="from then on: 2026-11-22[T09:30]")
        parser.add_argument("--until", metavar="TIME", help="before then")
        parser.add_argument("--library", metavar="NAME", help="of one library")
        parser.add_argument("--person", metavar="USER", help="by one person: the user name")
        parser.add_argument("--matter", metavar="REFERENCE", help="of one matter")
        parser.add_argument(
            "--checkpoint",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="prove that the log goes on from this checkpoint; may be repeated",
        )

    def handle(self, *_args: Any, output: Path, checkpoint: list[Path], **options: Any) -> None:
        try:
            chosen = _filter(options)
            since = [_size(path) for path in checkpoint]
            # Where no sequencer runs, this process is the one.
            if keyring.is_at_hand():
                sequence()
            with _without_looking_for_cycles():
                manifest = export_decisions(actor=None, output=output, chosen=chosen, since=since)
        except CannotExport as error:
            raise CommandError(str(error)) from error
        for name, facts in manifest["files"].items():
            self.stdout.write(f"{name}: {facts['rows']} rows, sha256 {facts['sha256']}")
        waiting = log.lag().waiting
        if waiting > 1:  # the event of this export waits too
            self.stderr.write(f"{waiting} events have no place in the log yet and are not in it.")


@contextmanager
def _without_looking_for_cycles() -> Iterator[None]:
    """An export makes millions of small objects and no cycles: looking costs a sixth of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _filter(options: dict[str, Any]) -> ExportFilter:
    """What the options ask for. Raises CannotExport."""
    return ExportFilter(
        since=_time(options["since"]),
        until=_time(options["until"]),
        library=_one(Library, "library", name=options["library"]),
        person=_one(User, "person", username=options["person"]),
        matter=_one(Matter, "matter", reference=options["matter"]),
    )


def _one(model: Any, option: str, **wanted: str | None) -> Any:
    (value,) = wanted.values()
    if value is None:
        return None
    found = model._default_manager.filter(**wanted).first()  # noqa: SLF001  public in all but name
    if found is None:
        raise CannotExport(f"--{option}: there is no {value!r}.")
    return found


def _time(text: str | None) -> datetime | None:
    """A date or time, in the site's zone unless it names another."""
    if text is None:
        return None
    try:
        day = parse_date(text)
        at = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001
    except ValueError as error:
        raise CannotExport(f"{text!r} is no time: {error}.") from error
    if at is None:
        raise CannotExport(f"{text!r} is no time. Write it as 2026-11-22 or 2026-11-22T09:30.")
    return at if timezone.is_aware(at) else timezone.make_aware(at)


def _size(path: Path) -> int:
    try:
        return read_checkpoint(path.read_text(encoding="utf-8")).size
    except (OSError, ValueError) as error:
        raise CannotExport(f"{path} is no checkpoint ({error}).") from error
