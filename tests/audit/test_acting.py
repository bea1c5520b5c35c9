"""One process, several roles: the owner migrates, the sequencer writes the log."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from dedup_site.audit import grants, log
from dedup_site.audit.acting import acting_as
from dedup_site.audit.models import AuditEvent, LogEntry
from dedup_site.audit.sequencer import sequence
from dedup_site.audit.services import record
from dedup_site.database_roles import DatabaseRole, as_role


def whoami() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        (name,) = cursor.fetchone()
    return str(name)


@pytest.fixture
def application(real_database: str, settings: Any) -> Iterator[None]:
    """This process is the application, and has the addresses of the owner and the sequencer."""
    try:
        psycopg.connect(as_role(real_database, DatabaseRole.APPLICATION)).close()
    except psycopg.OperationalError:
        pytest.skip("the server asks for the passwords of its roles")
    usual = connection.settings_dict
    settings.DATABASE_LOGINS = {
        "owner": {**usual, "USER": str(DatabaseRole.OWNER)},
        "sequencer": {**usual, "USER": str(DatabaseRole.SEQUENCER)},
    }
    before = usual["USER"]
    connection.close()
    usual["USER"] = settings.DATABASES["default"]["USER"] = str(DatabaseRole.APPLICATION)
    with closing(connection):
        yield
    usual["USER"] = settings.DATABASES["default"]["USER"] = before


def test_a_block_is_somebody_else_and_then_all_is_as_before(application: None) -> None:
    assert whoami() == "second_look_application"
    with acting_as("owner"):
        assert whoami() == "second_look_owner"
        with acting_as("sequencer"):
            assert whoami() == "second_look_sequencer"
        assert whoami() == "second_look_owner"
    assert whoami() == "second_look_application"


def test_a_transaction_does_not_change_hands(application: None) -> None:
    with (
        transaction.atomic(),
        pytest.raises(RuntimeError, match="cannot change hands"),
        acting_as("owner"),
    ):
        pass
    assert whoami() == "second_look_application"


def sequence_until_done() -> None:
    """What other databases of the same server still hold open ends at some time."""
    while log.lag().waiting:
        sequence()


def test_the_log_is_written_by_the_sequencer_alone(application: None) -> None:
    with transaction.atomic():
        record("decision.made", actor=None, data={"decision": 1})
    sequence_until_done()
    assert LogEntry.objects.count() == 1
    with pytest.raises(DatabaseError, match="permission denied"):
        LogEntry.objects.create(leaf_index=1, event_id=2, leaf_hash=b"")
    with acting_as("sequencer"), pytest.raises(DatabaseError, match="permission denied"):
        AuditEvent.objects.update(detail={})


def test_details_are_erased_by_the_owner(application: None) -> None:
    with transaction.atomic():
        event = record("decision.made", actor=None, data={}, detail={"note": "a name"})
    call_command("erase_audit_detail", str(event.pk), reason="asked for")
    event.refresh_from_db()
    assert event.detail == {}


def test_migrate_is_the_owner_and_gives_the_grants(application: None) -> None:
    with acting_as("owner"), connection.cursor() as cursor:
        cursor.execute("REVOKE ALL ON scanning_library FROM second_look_application")
        cursor.execute("GRANT UPDATE ON review_decision TO second_look_application")
    reason = "it may change tables that only grow: review_decision"
    assert grants.too_wide() == [reason]
    (advice,) = run_checks(databases=["default"], tags=["database"])
    assert advice.msg == f"The database role of DATABASE_URL is too wide: {reason}."

    call_command("migrate", verbosity=0, skip_checks=False)

    assert grants.too_wide() == []
    assert run_checks(databases=["default"], tags=["database"]) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scanning_library SET name = name")
        cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchall() == [("second_look_owner",)]


ADDRESSES = {
    "ADMIN_DATABASE_URL": "",
    "DATABASE_URL": "postgresql://second_look_application:one@localhost/x",
    "OWNER_DATABASE_URL": "postgresql://second_look_owner:two@localhost/x",
    "SEQUENCER_DATABASE_URL": "postgresql://second_look_sequencer:three@localhost/x",
}


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, url in ADDRESSES.items():
        monkeypatch.setenv(name, url)
    return monkeypatch


def test_roles_need_an_administrator(addresses: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="Set ADMIN_DATABASE_URL or ADMIN_DATABASE_URL_FILE"):
        call_command("database_roles")


def test_roles_have_fixed_names(addresses: pytest.MonkeyPatch) -> None:
    addresses.setenv("ADMIN_DATABASE_URL", "postgresql://nobody@localhost/x")
    addresses.setenv("OWNER_DATABASE_URL", "postgresql://me:two@localhost/x")
    with pytest.raises(
        CommandError, match="user in OWNER_DATABASE_URL must be second_look_owner, not me"
    ):
        call_command("database_roles")


def test_each_role_has_its_address(addresses: pytest.MonkeyPatch) -> None:
    addresses.setenv("ADMIN_DATABASE_URL", "postgresql://nobody@localhost/x")
    addresses.setenv("SEQUENCER_DATABASE_URL", "")
    with pytest.raises(CommandError, match="Set SEQUENCER_DATABASE_URL or"):
        call_command("database_roles")
