"""What each role of the database may do with the tables, and whether this process may do more.

The grants are given after every migration (`give`), from the tables that are there then. A table
is append-only if a migration made it so (append_only.py). Where the roles do not exist, the
installation has one role for everything: it works, but what cannot be undone is refused.
"""

from collections.abc import Sequence
from functools import cache

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _
from psycopg import sql

from dedup_site.audit.append_only import AppendOnly
from dedup_site.database_roles import LOCK, DatabaseRole

logger = structlog.get_logger(__name__)

EVENTS = "audit_auditevent"
# Only the sequencer writes the tables of the log.
LOG = "audit_log"
# Migrations alone say what a role of people may do, and which migrations there were.
OF_MIGRATIONS = (
    *("django_migrations", "django_content_type"),
    *("auth_permission", "auth_group", "auth_group_permissions"),
)
# After filling them the application asks for new statistics (scanning/services/statistics.py).
FILLED_BY_SCANS = (
    *("scanning_sourcefile", "scanning_picture", "scanning_fingerprint"),
    *("scanning_candidatepair", "scanning_finding"),
)
MAINTAIN_SINCE = 170000
# What an auditor reads, by the first part of the tables' names; and of accounts, not the passwords.
AUDITED = ("audit_", "review_", "scanning_")
AUDITED_TOO = ("django_migrations", "auth_group", "accounts_user_groups")
OF_PEOPLE = {"accounts_user": ("id", "username", "is_active")}

OURS = """
    SELECT c.relname, c.relkind FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        AND pg_has_role(c.relowner, 'USAGE') ORDER BY c.relname
"""


class GrantsTooWide(Exception):
    """The database would let this process do what it must not: one line that says what to do."""


@cache
def append_only_tables() -> tuple[str, ...]:
    """The tables that migrations made append-only."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return tuple(
        sorted(
            operation.table
            for migration in loader.disk_migrations.values()
            for operation in migration.operations
            if isinstance(operation, AppendOnly)
        )
    )


def privileges(table: str, *, is_view: bool = False) -> dict[DatabaseRole, str]:
    """What each role may do with a table, in the words of GRANT; the owner may do everything."""
    found = dict[DatabaseRole, str]()
    if is_view or table.startswith(LOG) or table in OF_MIGRATIONS:
        found[DatabaseRole.APPLICATION] = "SELECT"
    elif table in append_only_tables():
        found[DatabaseRole.APPLICATION] = "SELECT, INSERT"
    else:
        found[DatabaseRole.APPLICATION] = "SELECT, INSERT, UPDATE, DELETE"
    if table in FILLED_BY_SCANS and connection.connection.info.server_version >= MAINTAIN_SINCE:
        found[DatabaseRole.APPLICATION] += ", MAINTAIN"
    if table.startswith(LOG) or table == EVENTS:
        # It announces a new key by an event.
        found[DatabaseRole.SEQUENCER] = "SELECT, INSERT"
    if table.startswith(AUDITED) or table in AUDITED_TOO:
        found[DatabaseRole.AUDITOR] = "SELECT"
    elif table in OF_PEOPLE:
        found[DatabaseRole.AUDITOR] = f"SELECT ({', '.join(OF_PEOPLE[table])})"
    return found


@transaction.atomic
def give() -> None:
    """Give the roles what they may do, and take from them what they may not. Run by the owner.

    Does nothing where the roles have not been made. A table that is made outside of migrations can
    be read and added to by the application, no more.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(DatabaseRole)])
        known = [DatabaseRole(name) for (name,) in cursor.fetchall()]
        others = [role for role in known if role is not DatabaseRole.OWNER]
        if not others:
            return
        cursor.execute(OURS)
        tables = cursor.fetchall()
        statements = [_on_database(known), *_by_default(others)]
        for table, kind in tables:
            statements += _on_table(table, others, is_view=kind in "vm")
        cursor.execute(sql.SQL(";\n").join(statements))


def _on_database(known: Sequence[DatabaseRole]) -> sql.Composable:
    return sql.SQL(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO {roles};"
        " REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC;"
        " GRANT CONNECT ON DATABASE {database} TO {roles}"
    ).format(roles=_names(known), database=sql.Identifier(str(connection.settings_dict["NAME"])))


def _by_default(others: Sequence[DatabaseRole]) -> list[sql.Composable]:
    if DatabaseRole.APPLICATION not in others:
        return []
    grant = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {}"
    return [sql.SQL(grant).format(_names([DatabaseRole.APPLICATION]))]


def _on_table(table: str, others: Sequence[DatabaseRole], *, is_view: bool) -> list[sql.Composable]:
    name = sql.Identifier(table)
    statements: list[sql.Composable] = [
        sql.SQL("REVOKE ALL ON {} FROM PUBLIC, {}").format(name, _names(others))
    ]
    for role, allowed in privileges(table, is_view=is_view).items():
        if role in others:
            grant = sql.SQL("GRANT {} ON {} TO {}")
            words = sql.SQL(allowed)
            statements.append(grant.format(words, name, _names([role])))
    return statements


def _names(roles: Sequence[DatabaseRole]) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(role.value) for role in roles)


# What the roles are for is lost if the session's user, or any role that it can take on, may more.
TOO_WIDE = """
    WITH mine AS (
        SELECT * FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')
            OR pg_has_role(current_user, oid, 'MEMBER')
    ), grown AS (
        SELECT c.oid, c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(append_only)s)
    )
    SELECT 'superuser', rolname FROM mine
    WHERE rolsuper OR rolcreaterole OR rolbypassrls OR rolreplication
        OR rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
    UNION ALL
    SELECT 'owner', c.relname FROM pg_class c JOIN mine ON mine.oid = c.relowner
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 'owner', p.proname FROM pg_proc p JOIN mine ON mine.oid = p.proowner
    WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'append_only', relname FROM grown WHERE EXISTS (
        SELECT FROM mine WHERE has_table_privilege(mine.oid, grown.oid, 'UPDATE')
            OR has_table_privilege(mine.oid, grown.oid, 'DELETE, TRUNCATE, TRIGGER')
            OR has_any_column_privilege(mine.oid, grown.oid, 'UPDATE'))
    UNION ALL
    -- Whoever keeps sessions is the web site, and not the sequencer.
    SELECT 'log', relname FROM grown WHERE starts_with(relname, %(log)s)
        AND has_table_privilege(oid, 'INSERT')
        AND has_table_privilege(to_regclass('public.django_session'), 'INSERT')
    UNION ALL
    SELECT 'schema', 'public' WHERE EXISTS (
        SELECT FROM mine WHERE has_schema_privilege(mine.oid, 'public', 'CREATE'))
    UNION ALL
    SELECT 'unguarded', relname FROM grown WHERE 2 <> (
        SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = grown.oid AND t.tgenabled = 'A'
            AND t.tgname IN ('append_only_rows', 'append_only_table'))
    UNION ALL
    -- Holds, plans and references between tables rest on triggers as well.
    SELECT 'unguarded', c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND t.tgenabled IN ('D', 'R')
"""


def too_wide() -> list[str]:
    """What this process could do and should not, in the reader's language; the weightiest first."""
    with connection.cursor() as cursor:
        cursor.execute(TOO_WIDE, {"append_only": list(append_only_tables()), "log": LOG})
        found = dict[str, list[str]]()
        for code, name in cursor.fetchall():
            found.setdefault(code, []).append(name)
    words = {
        "superuser": _("it is, or can become, %(names)s, who may do anything"),
        "owner": _("it owns tables"),
        "append_only": _("it may change tables that only grow: %(names)s"),
        "log": _("it may write the audit log's own tables"),
        "schema": _("it may make tables"),
        "unguarded": _("triggers are missing or switched off on %(names)s"),
    }
    return [
        text % {"names": ", ".join(sorted(set(found[code])))}
        for code, text in words.items()
        if code in found
    ]


def require_narrow_grants() -> None:
    """Refuse what cannot be undone (moving files, purging) while the database role may too much.

    Raises GrantsTooWide.
    """
    found = too_wide()
    if found:
        raise GrantsTooWide(
            _(
                "No file is touched while the program's database role may do more than it should:"
                " %(reasons)s. docs/operations.md, “Database roles”, says how to make it narrow."
            )
            % {"reasons": "; ".join(found)}
        )


def tell_if_too_wide() -> None:
    """For the start of a process: a line in its log. A database that is away is told elsewhere."""
    try:
        found = too_wide()
    except DatabaseError:
        return
    finally:
        connection.close()
    if found:
        logger.warning("the database role may do more than it should", reasons=found)
