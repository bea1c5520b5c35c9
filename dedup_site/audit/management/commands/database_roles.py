"""Make the database's roles, in an installation that brings its own Postgres."""

from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from dedup_site import database_roles
from dedup_site.audit import grants
from dedup_site.audit.acting import acting_as
from dedup_site.database_roles import DatabaseRole, login_of
from dedup_site.env import env_secret

MISSING = "Set {0} or {0}_FILE. docs/operations.md says to what."


class Command(BaseCommand):
    help = (
        "Make the roles that DATABASE_URL, OWNER_DATABASE_URL, SEQUENCER_DATABASE_URL and"
        " AUDITOR_DATABASE_URL name, with the passwords in them; give the owner all tables, and"
        " the others what they may do with them. ADMIN_DATABASE_URL is that of a superuser of the"
        " same database. May be run at any time; a password that has changed is changed."
    )
    # The database may not let anybody in yet but the administrator.
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        admin = env_secret("ADMIN_DATABASE_URL")
        if not admin:
            raise CommandError(MISSING.format("ADMIN_DATABASE_URL"))
        passwords = _passwords()
        try:
            with psycopg.connect(admin, autocommit=True) as connection:
                database_roles.make(connection, passwords)
        except psycopg.Error as error:
            reason = str(error).splitlines()[0]
            raise CommandError(f"The roles cannot be made: {reason}") from error
        with acting_as("owner"):
            grants.give()
        for role in passwords:
            self.stdout.write(role.value)


def _passwords() -> dict[DatabaseRole, str | None]:
    """Of the roles whose addresses are given. The auditor is always made; without one, nobody
    can sign in as it where Postgres asks for passwords."""
    found: dict[DatabaseRole, str | None] = {DatabaseRole.AUDITOR: None}
    addresses = (
        ("DATABASE_URL", DatabaseRole.APPLICATION, env_secret("DATABASE_URL")),
        ("OWNER_DATABASE_URL", DatabaseRole.OWNER, env_secret("OWNER_DATABASE_URL")),
        ("SEQUENCER_DATABASE_URL", DatabaseRole.SEQUENCER, env_secret("SEQUENCER_DATABASE_URL")),
        ("AUDITOR_DATABASE_URL", DatabaseRole.AUDITOR, env_secret("AUDITOR_DATABASE_URL")),
    )
    for name, role, url in addresses:
        if not url and role is DatabaseRole.AUDITOR:
            continue
        if not url:
            raise CommandError(MISSING.format(name))
        user, password = login_of(url)
        if user != role:
            raise CommandError(f"The user in {name} must be {role}, not {user or 'nobody'}.")
        found[role] = password
    return found
