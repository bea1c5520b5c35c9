"""What an auditor may ask of the log."""

from datetime import UTC, datetime

import pytest

from dedup_site.accounts.models import User
from dedup_site.audit.context import request_scope
from dedup_site.audit.filters import EventFilter
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import record
from scanning.models import Library

pytestmark = pytest.mark.django_db
REQUEST = "6f1c2a34-0000-4000-8000-000000000000"


@pytest.fixture
def events(auditor: User, reviewer: User, library: Library) -> dict[str, AuditEvent]:
    from uuid import UUID

    with request_scope(UUID(REQUEST)):
        change = record(
            "library.changed",
            actor=auditor,
            target=library,
            library_id=library.pk,
            detail={"path": "沙田區/大圍村/表格.tif"},
        )
    return {
        "change": change,
        "sign-in": record("account.signed_in", actor=reviewer, target=reviewer),
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"change", "sign-in"}),
        ({"action": "account.signed_in"}, {"sign-in"}),
        ({"person": "auditor"}, {"change"}),
        ({"target_type": "scanning.library"}, {"change"}),
        ({"target_type": "accounts.user", "target_id": "0"}, set()),
        ({"request": REQUEST}, {"change"}),
        ({"text": "大圍村"}, {"change"}),
        ({"text": "REVIEWER"}, {"sign-in"}),
        ({"text": "100%"}, set()),
        ({"since": "2026-01-01T00:00", "until": "2999-01-01T00:00"}, {"change", "sign-in"}),
        ({"until": "9999-12-31T23:59"}, {"change", "sign-in"}),
        ({"until": "2026-01-01T00:00"}, set()),
        ({"since": "2999-01-01T00:00"}, set()),
        ({"person": "nobody"}, set()),
        ({"action": "tea.made"}, set()),
    ],
)
def test_each_field_narrows_the_log(
    events: dict[str, AuditEvent], asked: dict[str, str], found: set[str]
) -> None:
    form = EventFilter(asked, libraries=Library.objects.all())
    assert set(form.apply(AuditEvent.objects.all())) == {events[name] for name in found}


def test_library_is_one_of_those_that_the_person_sees(
    events: dict[str, AuditEvent], library: Library
) -> None:
    asked = {"library": str(library.pk)}
    seen = EventFilter(asked, libraries=Library.objects.all())
    assert list(seen.apply(AuditEvent.objects.all())) == [events["change"]]
    unseen = EventFilter(asked, libraries=Library.objects.none())
    assert not unseen.apply(AuditEvent.objects.all()).exists()


def test_the_last_minute_counts_as_a_whole(auditor: User) -> None:
    event = AuditEvent.objects.create(
        at=datetime(2026, 11, 1, 4, 30, 59, tzinfo=UTC), action="x", body="{}", salt=b""
    )
    # Times are read in the site's zone, eight hours ahead of UTC.
    form = EventFilter({"until": "2026-11-01T12:30"}, libraries=Library.objects.none())
    assert list(form.apply(AuditEvent.objects.all())) == [event]
