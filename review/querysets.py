"""Reading decisions, holds and the queue."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils import timezone

from dedup_site.accounts.models import User
from scanning.models import CandidatePair, Library, Picture, SourceFile

if TYPE_CHECKING:
    from review.models import Decision, Hold, PairReview  # noqa: F401

Pairs = models.QuerySet[CandidatePair]


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: User) -> Self:
        """Decisions on pairs that the person may see."""
        return self.filter(
            models.Exists(
                CandidatePair.objects.visible_to(user).filter(pk=models.OuterRef("pair_id"))
            )
        )

    def in_force(self) -> Self:
        """Decisions that no later one supersedes and that were not taken back."""
        return self.filter(superseded_by__isnull=True).exclude(verdict="withdrawn")

    def made_today_by(self, user: User) -> Self:
        """The person's own decisions since midnight, local time."""
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return self.filter(reviewer=user, made_at__gte=midnight)


class PairReviewQuerySet(models.QuerySet["PairReview"]):
    def free_for(self, user: User) -> Self:
        """Pairs that nobody else is looking at."""
        return self.filter(_free_for(user))


class HoldQuerySet(models.QuerySet["Hold"]):
    def visible_to(self, user: User) -> Self:
        """Holds on something that the person may see."""
        files = SourceFile.objects.visible_to(user).filter(pk=models.OuterRef("source_file_id"))
        pictures = Picture.objects.visible_to(user).filter(pk=models.OuterRef("picture_id"))
        libraries = Library.objects.visible_to(user).filter(pk=models.OuterRef("library_id"))
        return self.filter(
            models.Exists(pictures) | models.Exists(files) | models.Exists(libraries)
        )


def undecided(pairs: Pairs) -> Pairs:
    """Those of `pairs` that have no decision in force."""
    return pairs.filter(models.Q(review__isnull=True) | models.Q(review__verdict=""))


def free_for(pairs: Pairs, user: User) -> Pairs:
    """Those of `pairs` that nobody else is looking at."""
    return pairs.filter(models.Q(review__isnull=True) | _free_for(user, "review__"))


def skipped_by(pairs: Pairs, user: User) -> Pairs:
    """Those of `pairs` that the person has put off."""
    return pairs.filter(was_skipped_by(user))


def was_skipped_by(user: User) -> models.Exists:
    """Whether the person has put the pair off, as a condition on candidate pairs."""
    from review.models import Skip

    return models.Exists(Skip.objects.filter(pair=models.OuterRef("pk"), user=user))


def is_held() -> models.Q:
    """Whether a hold covers a picture, a file or a library of the pair."""
    held = held_pictures().values("pk")
    return models.Q(left__in=held) | models.Q(right__in=held)


def held_pictures() -> models.QuerySet[Picture]:
    """Pictures under a hold: their own, one of their files', or one of their libraries'."""
    from review.models import Hold

    files = SourceFile.objects.filter(
        models.Q(pk__in=Hold.objects.filter(source_file__isnull=False).values("source_file"))
        | models.Q(library__in=Hold.objects.filter(library__isnull=False).values("library")),
        sha256__isnull=False,
    )
    return Picture.objects.filter(
        models.Q(pk__in=Hold.objects.filter(picture__isnull=False).values("picture"))
        | models.Q(sha256__in=files.values("sha256"))
    )


def _free_for(user: User, prefix: str = "") -> models.Q:
    return (
        models.Q(**{f"{prefix}lease_until__isnull": True})
        | models.Q(**{f"{prefix}lease_until__lt": timezone.now()})
        | models.Q(**{f"{prefix}lease_holder": user})
    )
