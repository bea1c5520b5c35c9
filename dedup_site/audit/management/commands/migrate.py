"""Django's migrate, as the owner of the tables."""

from typing import Any

from django.core.management.commands import migrate

from dedup_site.audit.acting import acting_as


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        """Checks and migrations both run as the owner."""
        with acting_as("owner"):
            output: str | None = super().execute(*args, **options)
        return output
