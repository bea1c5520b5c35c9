"""Reading decisions, holds and the queue."""

from typing import TYPE_CHECKING, Any, Self, cast

from django.db import models
from django.utils import timezone

from dedup_site.accounts.models import User
from scanning.models import CandidatePair, Library, Picture, SourceFile

if TYPE_CHECKING:
    from review.models import Decision, Hold, PairReview  # noqa: F401

Pairs = models.QuerySet[CandidatePair]


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: User) -> Self:
        """Decisions on pairs that the person may see, also where no scan finds them any more."""
        pair = CandidatePair.objects.filter(pk=models.OuterRef("pair_id"))
        return self.filter(
            models.Exists(pair.visible_to(user)) | models.Exists(pair.known_to(user))
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
        return self.filter(
            models.Q(lease_until__isnull=True)
            | models.Q(lease_until__lt=timezone.now())
            | models.Q(lease_holder=user)
        )


class HoldQuerySet(models.QuerySet["Hold"]):
    def visible_to(self, user: User) -> Self:
        """Holds on something that the person may see."""
        files = SourceFile.objects.visible_to(user).filter(pk=models.OuterRef("source_file_id"))
        pictures = Picture.objects.visible_to(user).filter(pk=models.OuterRef("picture_id"))
        libraries = Library.objects.visible_to(user).filter(pk=models.OuterRef("library_id"))
        return self.filter(
            models.Exists(pictures) | models.Exists(files) | models.Exists(libraries)
        )


def shown_to(user: User) -> Pairs:
    """Pairs that the person may open: those that a scan finds, and those that were judged."""
    from review.models import Decision

    judged = Decision.objects.filter(pair=models.OuterRef("pk"))
    pairs = CandidatePair.objects.filter(pk=models.OuterRef("pk"))
    return CandidatePair.objects.filter(
        models.Exists(pairs.visible_to(user))
        | models.Exists(judged) & models.Exists(pairs.known_to(user))
    )


def undecided(pairs: Pairs) -> Pairs:
    """Those of `pairs` that have no decision in force."""
    return pairs.exclude(_review(~models.Q(verdict="")))


def free_for(pairs: Pairs, user: User) -> Pairs:
    """Those of `pairs` that nobody else is looking at."""
    others = models.Q(lease_until__gte=timezone.now()) & ~models.Q(lease_holder=user)
    return pairs.exclude(_review(others))


def _review(condition: models.Q) -> models.Exists:
    """Whether the pair has a review row like this.

    Asked this way, Postgres knows that nearly all pairs pass, and reads them in queue order.
    """
    from review.models import PairReview

    return models.Exists(PairReview.objects.filter(condition, pair=models.OuterRef("pk")))


def skipped_by(pairs: Pairs, user: User) -> Pairs:
    """Those of `pairs` that the person has put off."""
    return pairs.filter(was_skipped_by(user))


def was_skipped_by(user: User) -> models.Exists:
    """Whether the person has put the pair off, as a condition on candidate pairs."""
    from review.models import Skip

    return models.Exists(Skip.objects.filter(pair=models.OuterRef("pk"), user=user))


def is_held(user: User) -> models.Q:
    """Whether a hold that the person may see covers a picture, a file or a library of the pair.

    Others do not count: they would tell that a picture also lies in a library not given.
    """
    from review.models import Hold

    held = held_pictures(Hold.objects.visible_to(user))
    return models.Q(left__in=held) | models.Q(right__in=held)


def held_pictures(holds: "models.QuerySet[Hold] | None" = None) -> models.QuerySet[Any]:
    """Ids of pictures under a hold: their own, one of their files', or one of their libraries'.

    holds: those that count; without them every hold does, as for anything done to a file.
    """
    from review.models import Hold

    counted = Hold.objects.all() if holds is None else holds

    def of(target: str) -> models.QuerySet[Any]:
        on_target = counted.order_by().filter(**{f"{target}__isnull": False})
        return cast("models.QuerySet[Any]", on_target.values(target))

    def with_files(files: models.QuerySet[SourceFile]) -> models.QuerySet[Any]:
        return Picture.objects.filter(sha256__in=files.order_by().values("sha256")).values("pk")

    by_file = with_files(SourceFile.objects.filter(pk__in=of("source_file")))
    by_library = with_files(SourceFile.objects.filter(library__in=of("library")))
    return of("picture").union(by_file.order_by(), by_library.order_by())
