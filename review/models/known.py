"""Hidden known pairs: their answer is known before anybody is asked. None is a candidate pair."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from review.models.decisions import Verdict
from scanning.models import CandidatePair, Library, MadeCopy, Picture


class KnownPairRule(models.Model):
    """How often a library's reviewers meet a known pair. Append-only: the highest number counts."""

    library = models.ForeignKey(Library, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    # For each hundred pairs of the queue; 0 is off.
    percent = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["library", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["library", "number"], name="known_pair_rule_once"),
            models.CheckConstraint(
                name="known_pairs_stay_few", condition=models.Q(percent__lte=20)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library} ({self.number})"


class KnownPair(models.Model):
    """A picture and its `copy`, or two pictures that people or the comparison told apart.

    Its number is drawn from the candidate pairs' own, so that an address says nothing. Left and
    right stand in the order of their digests, as in every pair; the copy's side is empty.
    """

    class Truth(models.TextChoices):
        DUPLICATE = "duplicate", _("Duplicate")
        NOT_DUPLICATE = "not_duplicate", _("Not a duplicate")

    id = models.BigIntegerField(primary_key=True)
    library = models.ForeignKey(Library, models.PROTECT, related_name="+")
    left = models.ForeignKey(Picture, models.PROTECT, null=True, related_name="+")
    right = models.ForeignKey(Picture, models.PROTECT, null=True, related_name="+")
    copy = models.OneToOneField(MadeCopy, models.PROTECT, null=True, related_name="+")
    # The candidate pair of which the answer is known.
    source = models.ForeignKey(CandidatePair, models.PROTECT, null=True, related_name="+")
    truth = models.CharField(max_length=13, choices=Truth)
    tier = models.CharField(max_length=11, choices=CandidatePair.Tier)
    distance = models.PositiveSmallIntegerField(null=True)
    score = models.PositiveSmallIntegerField()
    transform = models.CharField(max_length=200, blank=True)
    evidence = models.JSONField(default=dict)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["library", "source"], name="known_source_once"),
            models.CheckConstraint(
                name="known_pair_has_two_sides",
                condition=(
                    models.Q(copy__isnull=True, left__isnull=False, right__isnull=False)
                    | models.Q(copy__isnull=False, left__isnull=True, right__isnull=False)
                    | models.Q(copy__isnull=False, left__isnull=False, right__isnull=True)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def pair(self) -> CandidatePair:
        """As a candidate pair for the desk, never saved; it carries `known`."""
        pair = CandidatePair(
            pk=self.pk,
            left=self.left or self.its_copy.picture,
            right=self.right or self.its_copy.picture,
            tier=self.tier,
            distance=self.distance,
            score=self.score,
            transform=self.transform,
            evidence=self.evidence,
        )
        pair.known = self  # type: ignore[attr-defined]  # how the desk tells it apart
        return pair

    @property
    def its_copy(self) -> MadeCopy:
        """The copy that stands on its empty side."""
        if self.copy is None:
            raise ValueError("Both sides are pictures of the library.")
        return self.copy

    @property
    def pictures(self) -> list[Picture]:
        """Those of its pictures that are the library's own."""
        return [picture for picture in (self.left, self.right) if picture is not None]


class KnownMeeting(models.Model):
    """A person met a known pair: in front of a pair of their queue, or sent by a colleague."""

    known = models.ForeignKey(KnownPair, models.PROTECT, related_name="meetings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    in_front_of = models.BigIntegerField(null=True)
    is_put_off = models.BooleanField(default=False)
    is_over = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["known", "user"], name="known_pair_met_once"),
            models.UniqueConstraint(
                fields=["user", "in_front_of"], name="one_known_pair_in_front_of_a_pair"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.known_id}"


class KnownVerdict(models.Model):
    """What a person said of a known pair. Append-only; to take it back is a new row.

    Its number is drawn from the decisions' own, which it stands among in the person's history.
    """

    id = models.BigIntegerField(primary_key=True)
    known = models.ForeignKey(KnownPair, models.PROTECT, related_name="verdicts")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=13, choices=Verdict)
    reason = models.CharField(max_length=20, blank=True)
    note = models.TextField(blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["known", "reviewer"],
                condition=models.Q(supersedes__isnull=True),
                name="one_first_known_verdict",
            ),
        ]
        indexes = [models.Index(fields=["reviewer", "-id"])]

    def __str__(self) -> str:
        return f"{self.verdict} ({self.known_id})"
