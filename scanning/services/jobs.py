"""Setting up scan jobs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from scanning.defaults import DEFAULT_EXCLUDE
from scanning.models import Library, ScanJob
from scanning.services.changes import apply_changes, check
from scanning.services.libraries import require_manager

# Daily and weekly scans begin when hardly anybody works.
QUIET_HOUR = time(2)
QUIET_WEEKDAY = 6  # Sunday


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """Everything that can be set about a scan job."""

    name: str
    include: str = ""
    exclude: str = DEFAULT_EXCLUDE
    minimum_bytes: int = 0
    minimum_edge: int = 0
    near_radius: int = 64
    find_crops: bool = True
    must_agree: Sequence[str] = field(default_factory=list)
    must_differ: Sequence[str] = field(default_factory=list)
    schedule: str = ScanJob.Schedule.MANUAL


@transaction.atomic
def create_job(*, actor: User | None, library: Library, settings: JobSettings) -> ScanJob:
    """Make a scan job in a library.

    Raises:
        PermissionDenied: the actor may not set up this library.
        ValidationError: the name is taken in this library, or a value is out of range.
    """
    require_manager(actor, library)
    job = ScanJob(library=library, created_by=actor, **asdict(settings))
    job.next_run_at = next_run_at(job.schedule, timezone.now())
    check(job)
    job.save()
    record(
        "scan_job.created",
        actor=actor,
        target=job,
        library_id=library.pk,
        data={"near_radius": job.near_radius, "schedule": job.schedule},
        detail={"settings": {name: str(value) for name, value in asdict(settings).items()}},
    )
    return job


@transaction.atomic
def change_job(*, actor: User | None, job: ScanJob, settings: JobSettings) -> ScanJob:
    """Change a scan job. Runs that are under way keep the configuration they began with.

    Raises:
        PermissionDenied, ValidationError: as for `create_job`.
    """
    require_manager(actor, job.library)
    locked = ScanJob.objects.select_for_update(no_key=True).get(pk=job.pk)
    changes = apply_changes(locked, asdict(settings))
    if "schedule" in changes:
        locked.next_run_at = next_run_at(locked.schedule, timezone.now())
        locked.save(update_fields=["next_run_at"])
    if changes:
        record(
            "scan_job.changed",
            actor=actor,
            target=locked,
            library_id=locked.library_id,
            data={"fields": sorted(changes)},
            detail={"changes": changes},
        )
    return locked


def next_run_at(schedule: str, after: datetime) -> datetime | None:
    """When a job with this schedule is due for the first time after `after`; None for never.

    Every hour on the hour; every day at 02:00; every week on Sunday at 02:00, local time.
    """
    local = timezone.localtime(after)
    if schedule == ScanJob.Schedule.HOURLY:
        return local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if schedule not in (ScanJob.Schedule.DAILY, ScanJob.Schedule.WEEKLY):
        return None
    day = local.date()
    while (due := datetime.combine(day, QUIET_HOUR, local.tzinfo)) <= local or (
        schedule == ScanJob.Schedule.WEEKLY and day.weekday() != QUIET_WEEKDAY
    ):
        day += timedelta(days=1)
    return due
