"""Pages of the log, forwards and backwards, without holes and without doubles."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.paging import TooSlow, page_of, within

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def events(db: None) -> list[AuditEvent]:
    """Eleven events, newest first; three of them happened in the same microsecond."""
    minutes = [0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8]
    made = [
        AuditEvent.objects.create(
            at=START + timedelta(minutes=minute), action="account.signed_in", body="{}", salt=b""
        )
        for minute in minutes
    ]
    return made[::-1]


def test_walking_to_the_end_and_back_shows_every_event_once(events: list[AuditEvent]) -> None:
    page = page_of(AuditEvent.objects.all(), size=4)
    seen = [page.events]
    while page.older:
        page = page_of(AuditEvent.objects.all(), page.older, size=4)
        seen.append(page.events)
    assert seen == [events[0:4], events[4:8], events[8:11]]
    page = page_of(AuditEvent.objects.all(), page.newer, size=4)
    assert page.events == events[4:8]
    page = page_of(AuditEvent.objects.all(), page.newer, size=4)
    assert page.events == events[0:4]
    assert page.newer == ""


def test_a_new_event_does_not_move_the_older_pages(events: list[AuditEvent]) -> None:
    first = page_of(AuditEvent.objects.all(), size=4)
    AuditEvent.objects.create(at=timezone.now(), action="account.signed_in", body="{}", salt=b"")
    assert page_of(AuditEvent.objects.all(), first.older, size=4).events == events[4:8]


def test_a_page_is_one_query(
    events: list[AuditEvent], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        page_of(AuditEvent.objects.all(), size=4)


@pytest.mark.parametrize(
    "cursor", ["", "older", "older.x.1", "older.1", "sideways.1.1", "older.٣.1", "older.9.9" * 9]
)
def test_a_cursor_that_makes_no_sense_is_the_first_page(
    events: list[AuditEvent], cursor: str
) -> None:
    assert page_of(AuditEvent.objects.all(), cursor, size=4).events == events[0:4]


def test_an_empty_log_has_no_pages(auditor: User) -> None:
    page = page_of(AuditEvent.objects.all())
    assert (page.events, page.newer, page.older) == ([], "", "")


def sleep(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def test_a_query_that_takes_too_long_is_stopped(db: None) -> None:
    with pytest.raises(TooSlow), within(1):
        sleep(30)


def test_other_trouble_of_the_database_is_not_taken_for_it(db: None) -> None:
    with pytest.raises(OperationalError, match="out of tea"), within(1):
        raise OperationalError("out of tea")
