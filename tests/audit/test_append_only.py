"""The log only grows: Postgres refuses everything else, whoever asks."""

import pytest
from django.db import IntegrityError, connection, transaction

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(auditor: User) -> AuditEvent:
    return record("account.signed_in", actor=auditor, target=auditor)


def test_a_row_is_not_updated(event: AuditEvent) -> None:
    with pytest.raises(IntegrityError, match="append-only: UPDATE"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(action="account.signed_out")


def test_a_row_is_not_saved_again(event: AuditEvent) -> None:
    event.detail = {}
    with pytest.raises(IntegrityError, match="append-only: UPDATE"), transaction.atomic():
        event.save()


def test_a_row_is_not_deleted(event: AuditEvent) -> None:
    with pytest.raises(IntegrityError, match="append-only: DELETE"), transaction.atomic():
        event.delete()


def test_the_table_is_not_emptied(event: AuditEvent) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only: TRUNCATE"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE audit_auditevent")


def test_replication_mode_does_not_open_a_way_round(event: AuditEvent) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    with pytest.raises(IntegrityError, match="append-only: DELETE"), transaction.atomic():
        event.delete()
