"""What each role of the database may do: tried, as that role, on every table that only grows."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.db import DatabaseError, connection, transaction
from django.test import Client
from psycopg.errors import InsufficientPrivilege

from dedup_site.accounts.models import User
from dedup_site.audit import grants
from dedup_site.audit.grants import GrantsTooWide, append_only_tables, require_narrow_grants
from dedup_site.audit.models import LogEntry
from dedup_site.audit.sequencer import Outcome
from dedup_site.audit.services import record
from dedup_site.database_roles import DatabaseRole
from review.models import Decision, Verdict
from scanning.models import Library
from tests.audit.logs import sequence_all
from tests.audit.tampering import triggers_off
from tests.conftest import MakePair
from tests.databases import acting_as
from tests.review.conftest import Judge, judge  # noqa: F401  a fixture

OWNER, APPLICATION, SEQUENCER, AUDITOR = DatabaseRole
pytestmark = pytest.mark.django_db

MAY_ADD: dict[DatabaseRole, Callable[[str], bool]] = {
    OWNER: lambda _table: True,
    APPLICATION: lambda table: not table.startswith("audit_log"),
    SEQUENCER: lambda table: table.startswith("audit_log") or table == "audit_auditevent",
    AUDITOR: lambda _table: False,
}

TRIGGERS = {
    "review_planitem": "plan_item_guard",
    "review_retentionruleversion": "hold_before_moves",
}


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def answer(statement: str) -> str:
    """`done`, or the first line of why not."""
    try:
        execute(statement)
    except DatabaseError as error:
        return str(error).splitlines()[0]
    return "done"


def columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in found]


def test_the_tables_that_only_grow_are_known() -> None:
    known = set(append_only_tables())
    assert {"audit_auditevent", "audit_logentry", "review_decision", "review_hold"} <= known
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname ~ '^append_only'"
        )
        assert {table for (table,) in cursor.fetchall()} == known


@pytest.mark.parametrize("role", DatabaseRole)
@pytest.mark.parametrize("table", append_only_tables())
def test_who_may_add(table: str, role: DatabaseRole) -> None:
    with acting_as(role):
        said = answer(f"INSERT INTO {table} SELECT * FROM {table} WHERE false")  # noqa: S608
    assert said == ("done" if MAY_ADD[role](table) else f"permission denied for table {table}")


@pytest.mark.parametrize("role", [APPLICATION, SEQUENCER, AUDITOR])
@pytest.mark.parametrize("table", append_only_tables())
def test_nobody_else_may_change(table: str, role: DatabaseRole) -> None:
    refusal = f"permission denied for table {table}"
    statements = [f'UPDATE {table} SET "{column}" = "{column}"' for column in columns(table)]  # noqa: S608
    statements += [f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]  # noqa: S608
    with acting_as(role):
        assert {statement: answer(statement) for statement in statements} == dict.fromkeys(
            statements, refusal
        )


@pytest.mark.parametrize("table", append_only_tables())
def test_the_owner_is_stopped_by_triggers(table: str) -> None:
    with acting_as(OWNER):
        assert "is append-only: TRUNCATE is refused" in answer(f"TRUNCATE {table} CASCADE")


# The application


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "ALTER TABLE review_decision DISABLE TRIGGER ALL",
        "DROP TABLE review_decision",
        "DROP TRIGGER append_only_rows ON review_decision",
        "ALTER FUNCTION second_look_append_only RENAME TO mine",
        "SET LOCAL session_replication_role = replica",
        "SET LOCAL ROLE second_look_owner",
        "UPDATE django_migrations SET name = ''",
        "UPDATE auth_group SET name = 'admin'",
        "INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (1, 1)",
        "COPY accounts_user TO '/tmp/users'",
    ],
)
def test_the_application_makes_no_tables_and_opens_no_doors(statement: str) -> None:
    with acting_as(APPLICATION):
        said = answer(statement)
    assert "permission denied" in said or "must be owner" in said


def test_the_application_does_its_work(reviewer: User, make_pair: MakePair, judge: Judge) -> None:  # noqa: F811
    pair = make_pair()
    with acting_as(APPLICATION):
        decision = judge(reviewer, pair, Verdict.DUPLICATE, "same_picture")
        reviewer.groups.add(Group.objects.get(name="admin"))
        Library.objects.update(name="Renamed")
    assert Decision.objects.get() == decision


def test_the_application_gives_no_places_in_the_log(reviewer: User) -> None:
    record("account.signed_in", actor=reviewer, target=reviewer)
    with (
        acting_as(APPLICATION),
        pytest.raises(InsufficientPrivilege, match="for table audit_logentry"),
        transaction.atomic(),
    ):
        sequence_all()
    assert LogEntry.objects.count() == 0


# The sequencer


def test_the_sequencer_does_its_work_and_reads_nothing_else(reviewer: User) -> None:
    for _event in range(300):
        record("account.signed_in", actor=reviewer, target=reviewer)
    with acting_as(SEQUENCER):
        assert sequence_all() == Outcome(added=300, size=300)
        for table in ("accounts_user", "django_session", "review_decision", "scanning_sourcefile"):
            said = answer(f"TABLE {table}")
            assert said == f"permission denied for table {table}"


# The auditor


def test_the_auditor_reads_the_log_and_what_was_decided() -> None:
    with acting_as(AUDITOR):
        for table in (*append_only_tables(), "review_matter", "review_hold_in_force"):
            assert answer(f"TABLE {table}") == "done"
        assert answer("SELECT id, username, is_active FROM accounts_user") == "done"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password FROM accounts_user",
        "SELECT * FROM accounts_user",
        "SELECT * FROM django_session",
        "UPDATE scanning_library SET name = ''",
        "INSERT INTO scanning_library SELECT * FROM scanning_library",
        "CREATE TABLE mine (id int)",
    ],
)
def test_the_auditor_reads_no_passwords_and_writes_nothing(statement: str) -> None:
    with acting_as(AUDITOR):
        assert "permission denied" in answer(statement)


# Tables to come


def test_a_new_table_can_be_added_to_and_after_the_migration_be_changed() -> None:
    with acting_as(OWNER):
        execute("CREATE TABLE review_new (id int)")
    with acting_as(APPLICATION):
        assert answer("INSERT INTO review_new VALUES (1)") == "done"
        assert answer("DELETE FROM review_new") == "permission denied for table review_new"
    with acting_as(AUDITOR):
        assert answer("SELECT * FROM review_new") == "permission denied for table review_new"
    with acting_as(OWNER):
        grants.give()
        grants.give()
    with acting_as(APPLICATION):
        assert answer("DELETE FROM review_new") == "done"
        assert answer("TRUNCATE review_new") == "permission denied for table review_new"
    with acting_as(AUDITOR):
        assert answer("SELECT * FROM review_new") == "done"


def test_what_was_given_by_hand_is_taken_back() -> None:
    execute("GRANT ALL ON review_decision TO PUBLIC, second_look_application")
    execute("GRANT UPDATE (note) ON review_decision TO second_look_application")
    with acting_as(OWNER):
        grants.give()
    with acting_as(APPLICATION):
        assert grants.too_wide() == []


# The check


@pytest.mark.parametrize("role", [APPLICATION, SEQUENCER])
def test_narrow_grants_are_no_obstacle(role: DatabaseRole) -> None:
    with acting_as(role):
        require_narrow_grants()
        assert run_checks(databases=["default"], tags=["database"]) == []


def test_a_superuser_touches_no_file() -> None:
    with pytest.raises(GrantsTooWide) as caught:
        require_narrow_grants()
    said = str(caught.value)
    assert said.startswith("No file is touched while the program's database role may do more than")
    assert "who may do anything" in said
    assert "docs/operations.md, “Database roles”" in said


def test_the_owner_touches_no_file() -> None:
    with acting_as(OWNER), pytest.raises(GrantsTooWide, match="it owns tables"):
        require_narrow_grants()


@pytest.mark.parametrize(
    ("wider", "reason"),
    [
        (
            "GRANT UPDATE (note) ON review_decision TO second_look_application",
            "it may change tables that only grow: review_decision",
        ),
        (
            "GRANT DELETE ON audit_auditevent TO PUBLIC",
            "it may change tables that only grow: audit_auditevent",
        ),
        (
            "GRANT TRIGGER ON review_hold TO second_look_application",
            "it may change tables that only grow: review_hold",
        ),
        (
            "GRANT INSERT ON audit_logentry TO second_look_application",
            "it may write the audit log's own tables",
        ),
        ("GRANT CREATE ON SCHEMA public TO second_look_application", "it may make tables"),
        (
            "GRANT pg_write_server_files TO second_look_application",
            "it is, or can become, pg_write_server_files, who may do anything",
        ),
    ],
)
def test_one_grant_too_many_is_found(wider: str, reason: str) -> None:
    execute(wider)
    with acting_as(APPLICATION):
        assert grants.too_wide() == [reason]
        with pytest.raises(GrantsTooWide, match="it "):
            require_narrow_grants()


def test_a_role_that_can_become_the_owner_is_found() -> None:
    execute("GRANT second_look_owner TO second_look_application WITH INHERIT FALSE, SET TRUE")
    with acting_as(APPLICATION):
        assert grants.too_wide()[0] == "it owns tables"


def test_a_trigger_that_is_switched_off_is_found() -> None:
    with triggers_off("review_decision"), acting_as(APPLICATION):
        assert grants.too_wide() == ["triggers are missing or switched off on review_decision"]
    execute("DROP TRIGGER append_only_table ON review_hold")
    with acting_as(APPLICATION):
        assert grants.too_wide() == ["triggers are missing or switched off on review_hold"]


@pytest.mark.parametrize("table", ["review_planitem", "review_retentionruleversion"])
def test_so_is_any_other_that_is_switched_off(table: str) -> None:
    execute(f"ALTER TABLE {table} DISABLE TRIGGER review_{TRIGGERS[table]}")
    with acting_as(APPLICATION):
        assert grants.too_wide() == [f"triggers are missing or switched off on {table}"]


def test_a_function_of_its_own_is_found() -> None:
    execute("ALTER FUNCTION second_look_append_only() OWNER TO second_look_application")
    with acting_as(APPLICATION):
        assert grants.too_wide() == ["it owns tables"]


def test_the_check_advises(client: Client) -> None:
    first = run_checks(databases=["default"], tags=["database"])[0]
    assert first.id == "second_look.W001"
    assert "who may do anything" in first.msg
    assert client.get("/health/ready").json()["grants"] == "too wide"
    with acting_as(APPLICATION):
        assert client.get("/health/ready").json()["grants"] == "ok"
