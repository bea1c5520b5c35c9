"""Groups: which pictures are judged on one page, and what was decided there."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from review import reasons
from review.models.reasons import ReasonVersion
from review.querysets import GroupQuerySet
from scanning.models import CandidatePair, Library, Picture, ScanRun


class Grouping(models.Model):
    """Up to which scan the groups of a library are brought up to date."""

    library = models.OneToOneField(
        Library, models.CASCADE, primary_key=True, related_name="grouping"
    )
    run = models.ForeignKey(ScanRun, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.library}: {self.run}"


class Group(models.Model):
    """Pictures of one library that its pairs join, none of which differ by their own comparison.

    Derived from findings and decisions, and brought up to date soon after they change: what a page
    shows and what a verdict is about is worked out anew from the pairs (`grouping.groups.live`).
    `weakest`: the pair that holds the group's two sides together.
    """

    library = models.ForeignKey(Library, models.CASCADE, related_name="groups")
    size = models.PositiveIntegerField()
    open_pairs = models.PositiveIntegerField()
    weakest = models.ForeignKey(CandidatePair, models.CASCADE, related_name="+")
    representative = models.ForeignKey(Picture, models.CASCADE, related_name="+")
    # Joined by confirmed pairs alone; until then it is only a candidate.
    is_confirmed = models.BooleanField(default=False)

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ["-size", "id"]
        indexes = [
            models.Index(fields=["-size", "id"]),
            models.Index(
                fields=["-size", "id"], condition=models.Q(open_pairs__gt=0), name="group_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Membership(models.Model):
    """One picture of a group. In one library a picture is in one group at most."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="memberships")
    library = models.ForeignKey(Library, models.CASCADE, related_name="+")
    picture = models.ForeignKey(Picture, models.CASCADE, related_name="memberships", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["picture", "library"], name="picture_in_one_group_per_library"
            )
        ]

    def __str__(self) -> str:
        return f"{self.picture} in {self.group_id}"


class GroupVerdict(models.TextChoices):
    DUPLICATE = "duplicate", _("All duplicates")
    PART = "part", _("All but these")
    NOT_DUPLICATE = "not_duplicate", _("Not duplicates")
    WITHDRAWN = "withdrawn", _("Taken back")


class GroupDecision(models.Model):
    """One person's verdict on a whole group; each pair it settles is a decision implied by it.

    Never updated or deleted (Postgres refuses). `group_number` is only a number: groups come and
    go, decisions stay. `reason` is why pictures are duplicates, `reason_apart` why others are not.
    `nonce` belongs to the page that was answered: the same answer sent twice counts once.
    """

    library = models.ForeignKey(Library, models.PROTECT, related_name="+")
    group_number = models.BigIntegerField()
    verdict = models.CharField(max_length=13, choices=GroupVerdict)
    reason = models.CharField(max_length=20, blank=True)
    reason_version = models.ForeignKey(
        ReasonVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason_apart = models.CharField(max_length=20, blank=True)
    reason_apart_version = models.ForeignKey(
        ReasonVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.TextField(blank=True, max_length=2000)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="group_decisions"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by"
    )
    nonce = models.UUIDField(unique=True)
    evidence = models.JSONField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["reviewer", "made_at"])]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} ({self.group_number})"

    def get_reason_display(self) -> str:
        """Why pictures are duplicates, in the words of that day."""
        return reasons.words(self.reason_version_id, self.reason)

    def get_reason_apart_display(self) -> str:
        """Why others are not, in the words of that day."""
        return reasons.words(self.reason_apart_version_id, self.reason_apart)
