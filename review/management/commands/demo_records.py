"""Give the demo library a legal hold, a blocked plan and one that is carried out."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review import demo
from scanning.models import Library


class Command(BaseCommand):
    help = "Give the scanned demo library a hold and plans (for `make run`, never for production)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="The demo library's.")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            seed(options["folder"].resolve())
        except Exception as error:
            # Whatever it is: people can look at pairs without it. One line, no traceback.
            why = (str(error) or type(error).__name__).splitlines()[0]
            raise CommandError(f"The demo goes on without a hold and plans. {why}") from error


def seed(folder: Path) -> None:
    """Once, as long as nobody has decided anything."""
    if not demo.is_untouched():
        return
    library = Library.objects.get(root=str(folder))
    cast = demo.Cast.called()
    archive = demo.make_archive(folder, cast.admin)
    demo.scan_archive(archive, cast.admin)
    plan = demo.make_records(library, archive, cast)
    if not demo.is_carried_out(plan):
        raise demo.CannotShow(f"Plan {plan.pk} is not carried out yet: see its page.")
