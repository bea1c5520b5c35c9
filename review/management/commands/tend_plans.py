"""Carry out plans, finish what was interrupted, delete what is due: once, without Celery."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dedup_site.audit.grants import GrantsTooWide, require_narrow_grants
from review.actions import execution


class Command(BaseCommand):
    help = (
        "Carries out the plans that were begun, settles what an executor that died left behind, "
        "restores what waits, and deletes from quarantine what is due. The worker does this every "
        "minute by itself; run it where there is none, or right after an incident."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            require_narrow_grants()
        except GrantsTooWide as error:
            raise CommandError(str(error)) from error
        execution.tend()
