"""Scan jobs: the services, and the pages about them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from scanning.defaults import DEFAULT_EXCLUDE
from scanning.models import Library, ScanJob, ScanRun
from scanning.services.jobs import JobSettings, change_job, create_job, next_run_at
from tests.conftest import make_user
from tests.scanning.pages import assert_guarded

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]

# What the form sends when nobody changed anything.
UNTOUCHED: dict[str, Any] = {
    "name": "Everything",
    "include": "",
    "exclude": DEFAULT_EXCLUDE,
    "minimum_bytes": "0",
    "minimum_edge": "0",
    "near_radius": "64",
    "find_crops": "on",
    "must_agree": "",
    "must_differ": "",
    "schedule": "manual",
}


@pytest.fixture
def job(library: Library) -> ScanJob:
    return ScanJob.objects.create(library=library, name="Everything")


@pytest.fixture
def other_admin(db: None) -> User:
    return make_user("other_admin", Role.ADMIN)


def hong_kong(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Hong_Kong"))


# Services


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("hourly", "2026-11-22 16:30", "2026-11-22 17:00"),
        ("hourly", "2026-11-22 23:59", "2026-11-23 00:00"),
        ("daily", "2026-11-22 16:30", "2026-11-23 02:00"),
        ("daily", "2026-11-22 01:59", "2026-11-22 02:00"),
        ("daily", "2026-11-22 02:00", "2026-11-23 02:00"),
        ("weekly", "2026-11-22 01:00", "2026-11-22 02:00"),  # a Sunday
        ("weekly", "2026-11-22 16:30", "2026-11-29 02:00"),
        ("weekly", "2026-11-25 16:30", "2026-11-29 02:00"),
    ],
)
def test_when_a_schedule_is_due(schedule: str, after: str, due: str) -> None:
    assert next_run_at(schedule, hong_kong(after)) == hong_kong(due)


def test_a_manual_job_is_never_due() -> None:
    assert next_run_at("manual", hong_kong("2026-11-22 16:30")) is None


def test_a_new_job_has_the_defaults_and_its_first_time(admin: User, library: Library) -> None:
    job = create_job(
        actor=admin, library=library, settings=JobSettings(name="Nightly", schedule="daily")
    )
    job.refresh_from_db()
    assert (job.exclude, job.near_radius, job.must_agree) == (DEFAULT_EXCLUDE, 64, [])
    assert job.next_run_at is not None
    assert timezone.localtime(job.next_run_at).hour == 2
    event = AuditEvent.objects.get(action="scan_job.created")
    assert json.loads(event.body)["data"] == {"near_radius": 64, "schedule": "daily"}


def test_a_change_names_old_and_new_values(admin: User, job: ScanJob) -> None:
    settings = JobSettings(
        name="Everything", exclude="", must_agree=["tender"], must_differ=["supplier"]
    )
    change_job(actor=admin, job=job, settings=settings)
    event = AuditEvent.objects.get(action="scan_job.changed")
    assert event.detail["changes"] == {
        "must_agree": ["", "tender"],
        "must_differ": ["", "supplier"],
    }
    change_job(actor=admin, job=job, settings=settings)
    assert AuditEvent.objects.filter(action="scan_job.changed").count() == 1


def test_leaving_a_schedule_clears_the_next_time(admin: User, library: Library) -> None:
    hourly = JobSettings(name="Often", schedule="hourly")
    job = create_job(actor=admin, library=library, settings=hourly)
    changed = change_job(actor=admin, job=job, settings=JobSettings(name="Often"))
    assert (changed.schedule, changed.next_run_at) == ("manual", None)


def test_another_change_leaves_the_next_time_alone(admin: User, library: Library) -> None:
    job = create_job(
        actor=admin, library=library, settings=JobSettings(name="Often", schedule="hourly")
    )
    due = hong_kong("2026-11-22 17:00")
    ScanJob.objects.filter(pk=job.pk).update(next_run_at=due)
    settings = JobSettings(name="Often", schedule="hourly", near_radius=40)
    assert change_job(actor=admin, job=job, settings=settings).next_run_at == due


def test_what_cannot_be_is_refused(admin: User, library: Library, job: ScanJob) -> None:
    with pytest.raises(ValidationError, match="128"):
        create_job(actor=admin, library=library, settings=JobSettings(name="Wide", near_radius=129))
    with pytest.raises(ValidationError):
        create_job(actor=admin, library=library, settings=JobSettings(name="Everything"))


def test_only_admins_of_the_library_set_up_jobs(
    reviewer: User, other_admin: User, library: Library, job: ScanJob
) -> None:
    for person in (reviewer, other_admin):
        with pytest.raises(PermissionDenied):
            create_job(actor=person, library=library, settings=JobSettings(name="Mine"))
        with pytest.raises(PermissionDenied):
            change_job(actor=person, job=job, settings=JobSettings(name="Mine"))


# Pages


def test_the_form_offers_the_defaults(admin: User, library: Library, client_as: SignIn) -> None:
    library.attribute_pattern = "{tender}/{supplier}/…"
    library.save()
    page = client_as(admin).get(reverse("scanning:job_new", args=[library.pk])).content.decode()
    assert 'value="Everything"' in page
    assert "Thumbs.db" in page
    assert "<code>supplier</code>" in page


def test_saving_and_starting_a_job(admin: User, library: Library, client_as: SignIn) -> None:
    data = UNTOUCHED | {"must_agree": " tender ", "must_differ": "supplier, vendor", "start": "1"}
    answer = client_as(admin).post(reverse("scanning:job_new", args=[library.pk]), data)
    job = ScanJob.objects.get()
    assert (job.must_agree, job.must_differ) == (["tender"], ["supplier", "vendor"])
    run = ScanRun.objects.get(job=job)
    assert answer.headers["Location"] == reverse("scanning:run", args=[run.pk])
    assert run.configuration["must_differ"] == ["supplier", "vendor"]
    assert run.started_by == admin


def test_saving_alone_starts_nothing(admin: User, job: ScanJob, client_as: SignIn) -> None:
    url = reverse("scanning:job_edit", args=[job.pk])
    assert client_as(admin).get(url).status_code == 200
    answer = client_as(admin).post(
        url, UNTOUCHED | {"include": "*.jpg\r\n\r\n  2024/* ", "exclude": ""}
    )
    assert answer.headers["Location"] == reverse("scanning:library", args=[job.library_id])
    job.refresh_from_db()
    assert (job.include, job.exclude) == ("*.jpg\n2024/*", "")
    assert not ScanRun.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("near_radius", "200", "less than or equal to 128"),
        ("must_agree", "Tender No.", "is no attribute name"),
        ("must_agree", "vendor", "cannot agree and differ at once"),
        ("name", "Taken", "already exists"),
        ("minimum_edge", "-1", "greater than or equal to 0"),
    ],
)
def test_settings_that_cannot_be_are_explained(
    admin: User, library: Library, client_as: SignIn, field: str, value: str, words: str
) -> None:
    ScanJob.objects.create(library=library, name="Taken")
    data = UNTOUCHED | {"must_differ": "vendor", field: value}
    page = client_as(admin).post(reverse("scanning:job_new", args=[library.pk]), data)
    assert page.status_code == 200
    assert words in page.content.decode()


def test_start_button(admin: User, job: ScanJob, client_as: SignIn) -> None:
    client = client_as(admin)
    url = reverse("scanning:job_start", args=[job.pk])
    assert client.get(url).status_code == 405
    client.post(url)
    again = client.post(url, follow=True)
    assert "is still going on" in again.content.decode()
    assert ScanRun.objects.count() == 1


def test_guards(library: Library, job: ScanJob, reviewer: User, other_admin: User) -> None:
    for name, pk in (("job_new", library.pk), ("job_edit", job.pk)):
        url = reverse(f"scanning:{name}", args=[pk])
        assert_guarded(url, wrong_role=reviewer, stranger=other_admin)
    start = reverse("scanning:job_start", args=[job.pk])
    assert_guarded(start, wrong_role=reviewer, stranger=other_admin, method="post")
    assert not ScanRun.objects.exists()
