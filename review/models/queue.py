"""The shared queue: where open pairs stand in it, who asked whom, and how people like it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from review.queue_querysets import QueuePlaceQuerySet, ReferralQuerySet, SavedFilterQuerySet
from scanning.models import CandidatePair, Library

TIERS = CandidatePair.Tier


class Order(models.TextChoices):
    """By what the queue goes; each is a column of `QueuePlace` with an index of its own."""

    SURE = "sure", _("Surest first")
    EASY = "easy", _("Easiest first")
    VALUE = "value", _("Most space first")
    RISK = "risk", _("Riskiest first")
    AGE = "age", _("Oldest first")


class QueuePlace(models.Model):
    """An undecided pair in the queue of one library, with everything the queue goes by.

    Triggers of Postgres write it (migration `queue_places`), where findings, pairs and verdicts
    change. It is an index, not the truth: whoever takes a pair asks its review row as well.

    bytes_saved: by keeping one of the files. risk: how many attributes differ between the files,
    then the score. ease: 0 to 1000. labels: attributes of the files as `name=value`, and the steps
    of the transform as `~step`.
    """

    library = models.ForeignKey(Library, models.CASCADE, related_name="+", db_index=False)
    pair = models.ForeignKey(CandidatePair, models.CASCADE, related_name="places", db_index=False)
    tier = models.CharField(max_length=11, choices=TIERS)
    score = models.PositiveSmallIntegerField()
    bytes_saved = models.PositiveBigIntegerField()
    risk = models.PositiveIntegerField()
    ease = models.PositiveSmallIntegerField()
    labels = ArrayField(models.TextField())

    objects = QueuePlaceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pair", "library"], name="queue_place_once")]
        indexes = [
            models.Index(fields=["library", "tier", "-score", "pair"], name="queue_by_score"),
            models.Index(fields=["library", "tier", "-ease", "pair"], name="queue_by_ease"),
            models.Index(fields=["library", "tier", "-bytes_saved", "pair"], name="queue_by_bytes"),
            models.Index(fields=["library", "tier", "-risk", "pair"], name="queue_by_risk"),
            models.Index(fields=["library", "tier", "pair"], name="queue_by_age"),
            GinIndex(fields=["labels"], name="queue_labels"),
        ]

    def __str__(self) -> str:
        return f"{self.pair} in {self.library}"


class Referral(models.Model):
    """Somebody asks a colleague to judge a pair; open until `closed_at`.

    While it is open, and the colleague may still judge the pair, it is in nobody else's queue.
    """

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        SENT_BACK = "sent_back", _("Sent back")
        TAKEN_BACK = "taken_back", _("Taken back")
        PASSED_ON = "passed_on", _("Referred to somebody else")

    pair = models.ForeignKey(CandidatePair, models.PROTECT, related_name="referrals")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="referrals")
    note = models.TextField(blank=True, max_length=2000)
    made_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    answer = models.TextField(blank=True, max_length=2000)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_referral_per_pair",
            ),
            models.CheckConstraint(
                name="closed_referral_has_an_outcome",
                condition=models.Q(closed_at__isnull=True, outcome="")
                | models.Q(closed_at__isnull=False) & ~models.Q(outcome=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked", "pair"],
                condition=models.Q(closed_at__isnull=True),
                name="referral_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pair}: {self.asked_by} → {self.asked}"


class QueueChoice(models.Model):
    """In which order somebody likes the queue."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="queue_choice"
    )
    order = models.CharField(max_length=5, choices=Order, default=Order.SURE)

    def __str__(self) -> str:
        return f"{self.user}: {self.order}"


class SavedFilter(models.Model):
    """Filters of the queue under a name: the query string that they make.

    With a library it is shared: whoever sees the library finds it too.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000)
    library = models.ForeignKey(Library, models.CASCADE, null=True, related_name="+")

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_filter_name_once")
        ]

    def __str__(self) -> str:
        return self.name
