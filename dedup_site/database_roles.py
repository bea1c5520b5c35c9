"""The four roles of Postgres that Second Look uses, and how they come to be.

    owner        owns the tables; migrations, and erasing details of events, run as it
    application  web site, worker, beat, most commands
    sequencer    gives events their places in the log
    auditor      reads

What each may do with the tables is said in dedup_site/audit/grants.py. Here they are only made,
which takes a superuser or somebody who may make roles.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, LiteralString
from urllib.parse import quote, unquote, urlsplit

from psycopg import Connection, sql


class DatabaseRole(StrEnum):
    """The value is the role's name in Postgres. One server has one set, for all its databases."""

    OWNER = "second_look_owner"
    APPLICATION = "second_look_application"
    SEQUENCER = "second_look_sequencer"
    AUDITOR = "second_look_auditor"


# "SLroles" as a number: whoever makes roles or gives grants does so alone.
LOCK = 0x534C726F6C6573

# Everything in the database that is not the owner's yet, as statements that change that. What an
# extension brought stays its own, and a sequence that belongs to a column follows its table.
FOREIGN: LiteralString = """
    SELECT format('ALTER %%s %%s OWNER TO %%I', CASE c.relkind
            WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
            ELSE 'TABLE' END, c.oid::regclass, %(owner)s::text)
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND c.relowner <> %(owner)s::regrole AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'e', 'i')
            AND d.classid = 'pg_class'::regclass)
    UNION ALL
    SELECT format('ALTER ROUTINE %%s OWNER TO %%I', p.oid::regprocedure, %(owner)s::text)
    FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> %(owner)s::regrole
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'
            AND d.classid = 'pg_proc'::regclass)
    UNION ALL
    SELECT format('ALTER DATABASE %%I OWNER TO %%I', d.datname, %(owner)s::text)
    FROM pg_database d
    WHERE d.datname = current_database() AND d.datdba <> %(owner)s::regrole
"""


def make(
    connection: Connection[Any], passwords: Mapping[DatabaseRole, str | None] | None = None
) -> None:
    """Make the missing roles, set passwords, and give what is in the database to the owner.

    Can be done any number of times, also with a database that an older version made.

    passwords: of the roles that are wanted; without one, a role's password is left as it is.
    None: all four, without passwords.
    """
    wanted = dict.fromkeys(DatabaseRole) if passwords is None else dict(passwords)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        for role, password in wanted.items():
            _make_one(connection, role, password)
        if DatabaseRole.OWNER in wanted:
            _hand_over(connection)


def _make_one(connection: Connection[Any], role: DatabaseRole, password: str | None) -> None:
    name = sql.Identifier(role.value)
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role.value])
    if known.fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    if password is not None:
        # Encrypted here, so that it stands in no log of the server.
        encrypted = connection.pgconn.encrypt_password(
            password.encode(), role.value.encode(), b"scram-sha-256"
        )
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(encrypted.decode()))
        )


def _hand_over(connection: Connection[Any]) -> None:
    found = connection.execute(FOREIGN, {"owner": DatabaseRole.OWNER.value}).fetchall()
    for (statement,) in found:
        connection.execute(statement.encode())


def as_role(url: str, role: str) -> str:
    """The same address with another user and no password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(role)}@{host}").geturl()


def login_of(url: str) -> tuple[str, str | None]:
    """User and password of an address."""
    parts = urlsplit(url)
    return unquote(parts.username or ""), None if parts.password is None else unquote(
        parts.password
    )
