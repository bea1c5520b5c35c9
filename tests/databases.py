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
from psycopg import sql

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
        use(name)
        call_command("migrate", verbosity=0, interactive=False)
        connections["default"].close()
    return name


@contextmanager
def copy_of(template: str, name: str) -> Iterator[str]:
    """A database copied from the template, dropped at the end."""
    identifiers = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    with psycopg.connect(DATABASE_URL, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**identifiers))
        try:
            yield name
        finally:
            connections["default"].close()
            server.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**identifiers))
