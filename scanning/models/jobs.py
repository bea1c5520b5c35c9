"""What to scan and how (scan job), one execution of it (scan run), and its ledger (chunks)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from scanning.models.libraries import Library
from scanning.querysets.jobs import (
    ACTIVE_STATES,
    ChunkQuerySet,
    ScanJobQuerySet,
    ScanRunQuerySet,
)


class ScanJob(models.Model):
    """The configuration of scans of one library."""

    class Schedule(models.TextChoices):
        MANUAL = "manual", _("Only when started by hand")
        HOURLY = "hourly", _("Every hour")
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every week")

    library = models.ForeignKey(Library, models.PROTECT, related_name="jobs")
    name = models.CharField(_("name"), max_length=200)
    include = models.TextField(_("include"), blank=True)
    exclude = models.TextField(_("exclude"), blank=True)
    minimum_bytes = models.PositiveBigIntegerField(_("smallest file (bytes)"), default=0)
    minimum_edge = models.PositiveIntegerField(_("shortest edge (pixels)"), default=0)
    near_radius = models.PositiveIntegerField(
        _("largest distance (of 256)"), default=64, validators=[MaxValueValidator(128)]
    )
    find_crops = models.BooleanField(_("find parts of pictures"), default=True)
    must_agree = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    must_differ = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    schedule = models.CharField(
        _("schedule"), max_length=10, choices=Schedule, default=Schedule.MANUAL
    )
    next_run_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScanJobQuerySet.as_manager()

    class Meta:
        ordering = ["library__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["library", "name"], name="job_name_once_per_library")
        ]

    def __str__(self) -> str:
        return f"{self.library}: {self.name}"


class ScanRun(models.Model):
    """One execution of a scan job; `configuration` is the job as it was when the run began."""

    class State(models.TextChoices):
        WALKING = "walking", _("Listing files")
        READING = "reading", _("Reading pictures")
        MATCHING = "matching", _("Finding pairs")
        COMPARING = "comparing", _("Comparing pairs")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    ACTIVE = (State.WALKING, State.READING, State.MATCHING, State.COMPARING)

    job = models.ForeignKey(ScanJob, models.PROTECT, related_name="runs")
    library = models.ForeignKey(Library, models.PROTECT, related_name="runs")
    state = models.CharField(max_length=10, choices=State, default=State.WALKING)
    is_paused = models.BooleanField(default=False)
    configuration = models.JSONField()
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    files_found = models.PositiveBigIntegerField(default=0)
    bytes_found = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)
    notices = models.JSONField(default=list)
    # What the search for pairs took: {"seconds": {step: CPU seconds}, "pairs": {step: found}}.
    figures = models.JSONField(default=dict)

    objects = ScanRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["library"],
                condition=models.Q(state__in=ACTIVE_STATES),
                name="one_active_run_per_library",
            )
        ]

    def __str__(self) -> str:
        return f"{self.job} #{self.pk}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES


class Chunk(models.Model):
    """The unit of work in a run's ledger.

    A worker claims it under a row lock and raises `token`; whatever it writes later it
    writes only while the token is still its own, so that a worker that slept past its lease can
    do no harm.
    """

    class Kind(models.TextChoices):
        WALK = "walk", _("List files")
        READ = "read", _("Read pictures")
        MATCH = "match", _("Find pairs")
        COMPARE = "compare", _("Compare pairs")

    class State(models.TextChoices):
        READY = "ready", _("Ready")
        LEASED = "leased", _("In work")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey(ScanRun, models.PROTECT, related_name="chunks")
    kind = models.CharField(max_length=7, choices=Kind)
    ordinal = models.PositiveIntegerField()
    state = models.CharField(max_length=6, choices=State, default=State.READY)
    file_ids = ArrayField(models.BigIntegerField(), default=list)
    pair_ids = ArrayField(models.BigIntegerField(), default=list)
    pairs_done = models.PositiveIntegerField(default=0)
    # Of a match chunk: which step of matching it is (see services.matching), and its share.
    part = models.JSONField(default=dict)
    files_total = models.PositiveIntegerField(default=0)
    bytes_total = models.PositiveBigIntegerField(default=0)
    files_done = models.PositiveIntegerField(default=0)
    bytes_done = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)

    objects = ChunkQuerySet.as_manager()

    class Meta:
        ordering = ["run", "kind", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "ordinal"], name="chunk_once"),
            models.CheckConstraint(
                name="chunk_done_within_total",
                condition=models.Q(files_done__lte=models.F("files_total")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "lease_until"],
                condition=models.Q(state__in=["ready", "leased"]),
                name="chunk_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ordinal} of run {self.run_id}"


class Joined(models.Model):
    """What one match chunk has found, as arrays (see services.joining).

    The rows of a share last until the run's pairs are stored. Those of the whole stay, with the
    `key` of everything that they depend on: the job's next run joins new pictures only.
    """

    chunk = models.OneToOneField(Chunk, models.CASCADE, primary_key=True, related_name="joined")
    job = models.ForeignKey(ScanJob, models.CASCADE, related_name="joined")
    key = models.TextField(blank=True)
    arrays = models.BinaryField()
    figures = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"joined by {self.chunk}"
