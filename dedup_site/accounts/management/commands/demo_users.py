"""Make the users of the demonstration."""

from typing import Any

from django.core.management.base import BaseCommand

from dedup_site.accounts.demo import make_demo_users


class Command(BaseCommand):
    help = "Make the demo users that are missing (for `make run`, never for production)."

    def handle(self, *_args: Any, **_options: Any) -> None:
        make_demo_users()
