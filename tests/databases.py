"""Test databases: migrated once as a template, then copied in a moment."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from dedup_site import database_roles
from dedup_site.database_roles import DatabaseRole
from dedup_site.settings import DATABASE_URL

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def url_of(name: str) -> str:
    """The address of another database on the same server."""
    parts = urlsplit(DATABASE_URL)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))


def use(name: str) -> None:
    """Point Django, and every process started from here, at the database `name`."""
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = name
    settings.DATABASES["default"]["NAME"] = name
    os.environ["DATABASE_URL"] = url_of(name)


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """The test's connection does what one role of the database may do, no more.

    Tests are a superuser otherwise, who may change history behind the program's back.
    """
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        (before,) = cursor.fetchone()
        _authorize(cursor, role)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            _authorize(cursor, before)


def _authorize(cursor: CursorWrapper, role: str) -> None:
    statement = sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role))
    cursor.execute(statement)


def ensure_template() -> str:
    """The name of the migrated template; whoever comes first makes it."""
    name = f"template_{os.environ.get('PYTEST_XDIST_TESTRUNUID', str(os.getpid()))}"
    folder = Path(os.environ.get("TEST_SESSION_DIR", tempfile.gettempdir()))
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(DATABASE_URL, autocommit=True) as server:
            known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if known.fetchone():
                return name
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(url_of(name), autocommit=True) as server:
            database_roles.make(server)
        use(name)
        with acting_as(DatabaseRole.OWNER):
            call_command("migrate", verbosity=0, interactive=False)
        connections["default"].close()
    return name


@contextmanager
def copy_of(template: str, name: str) -> Iterator[str]:
    """A database copied from the template, dropped at the end."""
    names = {"name": name, "template": template, "owner": DatabaseRole.OWNER}
    identifiers = {key: sql.Identifier(value) for key, value in names.items()}
    with psycopg.connect(DATABASE_URL, autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}").format(
                **identifiers
            )
        )
        try:
            yield name
        finally:
            connections["default"].close()
            server.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**identifiers))
