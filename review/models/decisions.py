"""Decisions (append-only) and where each pair stands because of them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from review import reasons
from review.models.reasons import ReasonVersion
from review.querysets import DecisionQuerySet, PairReviewQuerySet
from scanning.models import CandidatePair


class Verdict(models.TextChoices):
    DUPLICATE = "duplicate", _("Duplicate")
    NOT_DUPLICATE = "not_duplicate", _("Not a duplicate")
    LEGAL_HOLD = "legal_hold", _("Legal hold")
    # Takes an earlier decision back; the pair is undecided again.
    WITHDRAWN = "withdrawn", _("Taken back")


class Decision(models.Model):
    """One person's verdict on one pair, with the evidence as it was. Never updated or deleted.

    To undo is to make a new decision that supersedes the old one; each can be superseded once.
    Postgres refuses UPDATE, DELETE and TRUNCATE.
    """

    pair = models.ForeignKey(CandidatePair, models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=13, choices=Verdict)
    # The code, and under which words it was given: Postgres fills the version in.
    reason = models.CharField(max_length=20, blank=True)
    reason_version = models.ForeignKey(
        ReasonVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.TextField(blank=True, max_length=2000)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="decisions")
    made_at = models.DateTimeField(auto_now_add=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by"
    )
    evidence = models.JSONField()
    # A verdict on a whole group settled the pair; nobody looked at this pair by itself.
    implied_by = models.ForeignKey(
        "review.GroupDecision", models.PROTECT, null=True, related_name="decisions"
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair"],
                condition=models.Q(supersedes__isnull=True),
                name="one_first_decision_per_pair",
            ),
            models.CheckConstraint(
                name="only_a_decision_can_be_taken_back",
                condition=~models.Q(verdict="withdrawn") | models.Q(supersedes__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["reviewer", "-id"]),
            models.Index(fields=["reviewer", "made_at"]),
            models.Index(
                fields=["reviewer", "made_at"],
                condition=models.Q(implied_by__isnull=True),
                name="decision_judged_by_itself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} ({self.pair})"

    def get_reason_display(self) -> str:
        """The reason in the words of that day."""
        return reasons.words(self.reason_version_id, self.reason)


class PairReview(models.Model):
    """Where a pair stands: the decision in force, and who looks at it until when.

    A row exists once somebody has touched the pair. It is derived (decisions are the truth), and
    it is the row that a verdict locks. `token` rises with every take-over, so that an answer that
    comes after the lease has passed to somebody else is refused.
    """

    pair = models.OneToOneField(
        CandidatePair, models.PROTECT, primary_key=True, related_name="review"
    )
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(max_length=13, choices=Verdict, blank=True)
    lease_holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    lease_until = models.DateTimeField(null=True)
    token = models.PositiveIntegerField(default=0)
    # Whose lease the holder ended by taking the pair over.
    taken_from = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # The verdict has changed, and the groups do not know of it yet.
    regroup = models.BooleanField(default=False)

    objects = PairReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="verdict_is_that_of_the_decision",
                condition=(
                    models.Q(decision__isnull=True, verdict="")
                    | models.Q(
                        decision__isnull=False,
                        verdict__in=["duplicate", "not_duplicate", "legal_hold"],
                    )
                ),
            )
        ]
        indexes = [
            models.Index(fields=["lease_holder", "lease_until"]),
            models.Index(fields=["verdict"]),
            models.Index(
                fields=["pair"], condition=models.Q(regroup=True), name="pair_review_regroup"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pair}: {self.verdict or 'undecided'}"


class Skip(models.Model):
    """Somebody put a pair off: it comes to them again after everything else."""

    pair = models.ForeignKey(CandidatePair, models.CASCADE, related_name="skips")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pair", "user"], name="skip_once_per_user")]

    def __str__(self) -> str:
        return f"{self.user} skipped {self.pair}"
