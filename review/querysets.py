"""Reading decisions, groups and the queue; `hold_querysets` tells what is held."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils import timezone

from dedup_site.accounts.models import User
from review.records.hold_querysets import held_pictures as held_pictures
from review.records.hold_querysets import is_held as is_held
from scanning.models import CandidatePair, Library

if TYPE_CHECKING:
    from review.models import Decision, Group, PairReview  # noqa: F401

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

    def done_today_by(self, user: User) -> Self:
        """The same without what the person changed or took back; what others did does not count."""
        done = self.made_today_by(user).exclude(verdict="withdrawn")
        return done.exclude(superseded_by__reviewer=user)

    def as_judged(self) -> Self:
        """What people really said: of the pairs that one verdict on a group settled, the first."""
        from review.models import Decision

        before = Decision.objects.filter(
            implied_by=models.OuterRef("implied_by"), pk__lt=models.OuterRef("pk")
        )
        return self.filter(models.Q(implied_by=None) | ~models.Exists(before.order_by()))


class PairReviewQuerySet(models.QuerySet["PairReview"]):
    def free_for(self, user: User) -> Self:
        """Pairs that nobody else is looking at, and that do not wait for somebody else."""
        from review.quality.second import waiting_for_others

        return self.exclude(waiting_for_others(user)).filter(
            models.Q(lease_until__isnull=True)
            | models.Q(lease_until__lt=timezone.now())
            | models.Q(lease_holder=user)
        )


class GroupQuerySet(models.QuerySet["Group"]):
    def visible_to(self, user: User) -> Self:
        """Groups of libraries that the person was given."""
        return self.filter(library__in=Library.objects.visible_to(user))


def shown_to(user: User) -> Pairs:
    """Pairs that the person may open: those that a scan finds, and those that were judged."""
    from review.models import Decision

    judged = Decision.objects.filter(pair=models.OuterRef("pk"))
    pairs = CandidatePair.objects.filter(pk=models.OuterRef("pk"))
    return CandidatePair.objects.filter(
        models.Exists(pairs.visible_to(user))
        | models.Exists(judged) & models.Exists(pairs.known_to(user))
    )


def settled(pairs: Pairs) -> Pairs:
    """Those of `pairs` with a decision in force: what waits for a second person has none."""
    return pairs.filter(_review(~models.Q(verdict="")))


def undecided(pairs: Pairs) -> Pairs:
    """Those of `pairs` that have no decision in force."""
    return pairs.exclude(_review(~models.Q(verdict="")))


def _review(condition: models.Q) -> models.Exists:
    """Whether the pair has a review row like this.

    Asked this way, Postgres knows that nearly all pairs pass, and reads them in queue order.
    """
    from review.models import PairReview

    return models.Exists(PairReview.objects.filter(condition, pair=models.OuterRef("pk")))
