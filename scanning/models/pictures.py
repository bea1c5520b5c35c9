"""Source files (paths in libraries), pictures (distinct contents) and their fingerprints."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from scanning.models.jobs import ScanRun
from scanning.models.libraries import Library
from scanning.querysets.pictures import PictureQuerySet, SourceFileQuerySet


class SourceFile(models.Model):
    """One path in one library.

    `path_key` is the SHA-256 of the raw path: Postgres cannot index long text, and a file name
    need not be valid text at all. `raw_path` is kept only where the name is not UTF-8.
    """

    # The kind of error of a file that was read, but not all of its pages.
    PARTIAL = "partial"

    class State(models.TextChoices):
        PENDING = "pending", _("To be read")
        READ = "read", _("Read")
        ERROR = "error", _("Could not be read")

    library = models.ForeignKey(Library, models.PROTECT, related_name="files")
    path_key = models.BinaryField(max_length=32)
    path = models.TextField()
    raw_path = models.BinaryField(null=True)
    size = models.PositiveBigIntegerField()
    modified_ns = models.BigIntegerField()
    changed_ns = models.BigIntegerField(default=0)
    inode = models.DecimalField(max_digits=20, decimal_places=0, default=0)
    sha256 = models.BinaryField(max_length=32, null=True)
    attributes = models.JSONField(default=dict)
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    is_present = models.BooleanField(default=True)
    # An approved plan took the file away then; scans do not bring it back unless it stands there.
    set_aside_at = models.DateTimeField(null=True)
    error_kind = models.CharField(max_length=20, blank=True)
    error_message = models.TextField(blank=True)
    read_with = models.CharField(max_length=500, blank=True)
    last_run = models.ForeignKey(
        ScanRun, models.PROTECT, null=True, related_name="+", db_index=False
    )
    first_seen_at = models.DateTimeField(auto_now_add=True)

    objects = SourceFileQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(fields=["library", "path_key"], name="path_once_per_library")
        ]
        indexes = [
            models.Index(fields=["sha256", "library"]),
            models.Index(fields=["library", "state"]),
            GinIndex(fields=["attributes"], opclasses=["jsonb_path_ops"], name="file_attributes"),
        ]

    def __str__(self) -> str:
        return self.path


class Picture(models.Model):
    """One distinct content: the SHA-256 of the bytes, and the page or frame within it, from 0.

    `read_with` is empty on page 0 of a content that was read in part, and on a later page that is
    not found any more.
    """

    sha256 = models.BinaryField(max_length=32)
    page = models.PositiveIntegerField(default=0)
    byte_size = models.PositiveBigIntegerField()
    format = models.CharField(max_length=20)
    mode = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField(default=1)
    metadata = models.JSONField(default=dict)
    read_with = models.CharField(max_length=500, blank=True)

    objects = PictureQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["sha256", "page"], name="picture_once"),
        ]

    def __str__(self) -> str:
        return self.digest[:12]

    @property
    def digest(self) -> str:
        """The SHA-256 as hexadecimal text."""
        return bytes(self.sha256).hex()


class Fingerprint(models.Model):
    """What one algorithm, in one version, computed from a picture."""

    picture = models.ForeignKey(Picture, models.CASCADE, related_name="fingerprints")
    algorithm = models.CharField(max_length=20)
    version = models.CharField(max_length=100)
    code = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["picture", "algorithm", "version"], name="fingerprint_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} of {self.picture_id}"
