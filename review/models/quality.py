"""Second reviews and samples: how good the verdicts are, and what has to be judged twice."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from review.models.decisions import Decision
from scanning.models import CandidatePair, Library


class SecondReviewRule(models.Model):
    """How much of a library is judged twice. Append-only: the highest number is in force."""

    class Mode(models.TextChoices):
        OFF = "off", _("Nothing")
        SAMPLE = "sample", _("A random sample")
        EVERYTHING = "everything", _("Everything")

    library = models.ForeignKey(Library, models.PROTECT, related_name="second_review_rules")
    number = models.PositiveIntegerField()
    mode = models.CharField(max_length=10, choices=Mode)
    percent = models.PositiveSmallIntegerField(default=0)
    # Whether an adjudicator is told who gave the two verdicts.
    shows_names = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["library", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["library", "number"], name="second_review_rule_once"),
            models.CheckConstraint(
                name="second_review_share_fits_mode",
                condition=(
                    models.Q(mode="off", percent=0)
                    | models.Q(mode="everything", percent=100)
                    | models.Q(mode="sample", percent__gte=1, percent__lte=99)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library} ({self.number})"


class QualitySample(models.Model):
    """Pairs drawn at random, to estimate what was missed. Append-only, as are its pairs.

    Drawn by the SHA-256 of `seed:pair`, lowest first, so that an auditor can draw it again.
    `population`: how many pairs it stands for.
    """

    class Kind(models.TextChoices):
        REJECTED = "rejected", _("Pairs that were called not duplicates")
        LOOKALIKE = "lookalike", _("Look-alikes that nobody has judged")

    library = models.ForeignKey(Library, models.PROTECT, related_name="quality_samples")
    kind = models.CharField(max_length=10, choices=Kind)
    score_from = models.PositiveSmallIntegerField(default=0)
    seed = models.CharField(max_length=32)
    population = models.PositiveIntegerField()
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField(auto_now_add=True)
    pairs = models.ManyToManyField(
        CandidatePair, through="review.QualitySamplePair", related_name="quality_samples"
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.pk}"


class QualitySamplePair(models.Model):
    """One pair of a sample."""

    sample = models.ForeignKey(QualitySample, models.PROTECT, related_name="sample_pairs")
    pair = models.ForeignKey(CandidatePair, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sample", "pair"], name="pair_once_per_sample")
        ]

    def __str__(self) -> str:
        return f"{self.sample_id}: {self.pair}"


class SecondReview(models.Model):
    """A pair that two people judge without knowing of each other, and a third if they differ.

    Until `settled` its verdicts are only in the log: the pair's review row stays empty, so that
    nothing counts it as decided (Postgres refuses otherwise). `ended`: it was taken back, or the
    pair is being judged anew.
    """

    pair = models.ForeignKey(CandidatePair, models.PROTECT, related_name="second_reviews")
    library = models.ForeignKey(Library, models.PROTECT, related_name="second_reviews")
    # Why the pair was chosen: by the library's rule, or by a sample.
    rule = models.ForeignKey(SecondReviewRule, models.PROTECT, null=True, related_name="+")
    sample = models.ForeignKey(QualitySample, models.PROTECT, null=True, related_name="reviews")
    first = models.ForeignKey(Decision, models.PROTECT, related_name="+")
    first_judge = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    second = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")
    second_judge = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    third = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")
    adjudicator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    settled = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")
    ended = models.BooleanField(default=False)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair"],
                condition=models.Q(ended=False),
                name="one_second_review_at_a_time",
            ),
            models.CheckConstraint(
                name="second_judge_is_another",
                condition=(
                    models.Q(second__isnull=True, second_judge__isnull=True)
                    | models.Q(second__isnull=False, second_judge__isnull=False)
                    & ~models.Q(second_judge=models.F("first_judge"))
                ),
            ),
            models.CheckConstraint(
                name="adjudicator_is_a_third",
                condition=(
                    models.Q(third__isnull=True, adjudicator__isnull=True)
                    | models.Q(third__isnull=False, adjudicator__isnull=False, second__isnull=False)
                    & ~models.Q(adjudicator=models.F("first_judge"))
                    & ~models.Q(adjudicator=models.F("second_judge"))
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["pair", "first_judge"],
                condition=models.Q(ended=False, settled__isnull=True),
                name="second_review_open",
            ),
            models.Index(fields=["library", "opened_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.pair}"

    @property
    def is_disputed(self) -> bool:
        """Two verdicts that differ wait for a third person."""
        return self.second_id is not None and self.settled_id is None

    def decision_of(self, user_id: int) -> Decision | None:
        """The person's own verdict in it."""
        if user_id == self.first_judge_id:
            return self.first
        return self.second if user_id == self.second_judge_id else None
