"""Candidate pairs, and in which libraries scans found them."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from scanning.models.jobs import ScanJob, ScanRun
from scanning.models.libraries import Library
from scanning.models.pictures import Picture
from scanning.querysets.pairs import CandidatePairQuerySet


class CandidatePair(models.Model):
    """Two pictures that may be the same, ordered by digest.

    Equal files are one picture: their pair is the picture with itself (`identical`), one row for
    any number of files. A pair belongs to contents, not to paths, so that it survives rename,
    re-mount and re-scan. `distance` is out of 256 bits; `score` is 0 to 1000, 1000 being certain.
    """

    class Tier(models.TextChoices):
        IDENTICAL = "identical", _("Identical files")
        SAME_PIXELS = "same_pixels", _("Same pixels")
        NEAR = "near", _("Near-duplicate")
        LOOKALIKE = "lookalike", _("Look-alike")

    left = models.ForeignKey(Picture, models.PROTECT, related_name="pairs_as_left")
    right = models.ForeignKey(Picture, models.PROTECT, related_name="pairs_as_right")
    tier = models.CharField(max_length=11, choices=Tier)
    distance = models.PositiveSmallIntegerField(null=True)
    score = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(0), MaxValueValidator(1000)]
    )
    transform = models.CharField(max_length=200, blank=True)
    evidence = models.JSONField(default=dict)
    # The version of the comparison that gave tier and score; empty while none has.
    compared_with = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CandidatePairQuerySet.as_manager()

    class Meta:
        ordering = ["-score", "id"]
        constraints = [
            models.UniqueConstraint(fields=["left", "right"], name="pair_once"),
            models.UniqueConstraint(
                Least("left", "right"), Greatest("left", "right"), name="pair_once_either_way"
            ),
            models.CheckConstraint(
                name="identical_is_one_picture",
                condition=(
                    models.Q(tier="identical", left=models.F("right"))
                    | ~models.Q(tier="identical") & ~models.Q(left=models.F("right"))
                ),
            ),
            models.CheckConstraint(
                name="score_in_thousandths", condition=models.Q(score__lte=1000)
            ),
        ]
        indexes = [
            models.Index(fields=["-score", "id"]),
            models.Index(fields=["tier", "-score", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.left} ↔ {self.right}"

    @property
    def is_identical(self) -> bool:
        return self.left_id == self.right_id


class Finding(models.Model):
    """A scan job found this pair in its library, and the job's rules say that it matters.

    Each job keeps its own findings up to date: `run` is its last run that found the pair.
    """

    pair = models.ForeignKey(CandidatePair, models.CASCADE, related_name="findings")
    library = models.ForeignKey(Library, models.CASCADE, related_name="findings")
    job = models.ForeignKey(ScanJob, models.CASCADE, related_name="findings")
    run = models.ForeignKey(ScanRun, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pair", "job"], name="finding_once_per_job")]
        indexes = [models.Index(fields=["library", "pair"])]

    def __str__(self) -> str:
        return f"{self.pair} in {self.library}"
