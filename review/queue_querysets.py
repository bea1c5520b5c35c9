"""Reading the queue: places, referrals, saved filters."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from scanning.models import Library, LibraryAccess

if TYPE_CHECKING:
    from review.models import QueuePlace, Referral, SavedFilter  # noqa: F401

CODENAMES = (Can.REVIEW.value, Can.PLACE_HOLDS.value)


class QueuePlaceQuerySet(models.QuerySet["QueuePlace"]):
    def within(self, libraries: Collection[int]) -> Self:
        """Each pair of these libraries once: by its place in the first of them."""
        from review.models import QueuePlace

        found = self.filter(library__in=libraries)
        if len(libraries) < 2:
            return found
        before = QueuePlace.objects.filter(
            pair=OuterRef("pair"), library__in=libraries, library__lt=OuterRef("library")
        )
        return found.exclude(Exists(before))

    def undecided(self) -> Self:
        """Without pairs that were decided a moment ago."""
        return self.exclude(_review(~Q(verdict="")))

    def free_for(self, user: User) -> Self:
        """Undecided pairs that nobody else is looking at."""
        theirs = Q(lease_until__gte=timezone.now()) & ~Q(lease_holder=user)
        return self.not_waiting_for_others(user).exclude(_review(~Q(verdict="") | theirs))

    def not_waiting_for_others(self, user: User) -> Self:
        """Without those that the person has judged and that now wait for a second person."""
        from review.quality.second import waiting_for_others

        return self.exclude(waiting_for_others(user))

    def put_off_by(self, user: User) -> Self:
        """Those that the person has skipped."""
        return self.filter(_skip(user))

    def not_put_off_by(self, user: User) -> Self:
        """Those that the person has not skipped."""
        return self.exclude(_skip(user))

    def referred_to(self, user: User) -> Self:
        """Those about which a colleague asked the person."""
        return self.filter(Exists(_referrals().filter(pair=OuterRef("pair"), asked=user)))


class ReferralQuerySet(models.QuerySet["Referral"]):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def in_force(self) -> Self:
        """Open ones whose colleague may still judge the pair; any other is in everybody's queue.

        Not one that was put to whoever judged the pair first: nobody is told that they did.
        """
        from review.quality.second import judged_open
        from scanning.models import Finding

        found = Finding.objects.filter(pair=OuterRef(OuterRef("pair"))).values("library")
        given = LibraryAccess.objects.filter(user=OuterRef("asked"), library__in=found)
        return (
            self.open()
            .exclude(judged_open(OuterRef("pair"), OuterRef("asked")))
            .filter(
                Q(asked__sees_all_libraries=True) | Exists(given),
                asked__in=_able(User.objects.filter(is_active=True)).values("pk"),
            )
        )


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def usable_by(self, user: User) -> Self:
        """One's own, and those shared with the reviewers of one's libraries."""
        return self.filter(Q(owner=user) | Q(library__in=Library.objects.visible_to(user)))


def who_may_judge(pair_id: int) -> models.QuerySet[User]:
    """Active people who may give a verdict, and see a library in which a scan found the pair;
    none of those who uploaded a file of it."""
    from review import own_uploads
    from scanning.models import Finding

    found = Finding.objects.filter(pair=pair_id).values("library")
    given = LibraryAccess.objects.filter(user=OuterRef("pk"), library__in=found)
    others = User.objects.exclude(pk__in=own_uploads.uploads_of(pair_id).values("user"))
    return _able(others.filter(is_active=True)).filter(Q(sees_all_libraries=True) | Exists(given))


def _able(people: models.QuerySet[User]) -> models.QuerySet[User]:
    """Those of the people whose role lets them give a verdict."""
    role = User.groups.through.objects.filter(
        user=OuterRef("pk"), group__permissions__codename__in=CODENAMES
    )
    own = User.user_permissions.through.objects.filter(
        user=OuterRef("pk"), permission__codename__in=CODENAMES
    )
    return people.filter(Q(is_superuser=True) | Exists(role) | Exists(own))


def _referrals() -> "ReferralQuerySet":
    from review.models import Referral

    return Referral.objects.open()


def _review(condition: Q) -> Exists:
    from review.models import PairReview

    return Exists(PairReview.objects.filter(condition, pair=OuterRef("pair")))


def _skip(user: User) -> Exists:
    from review.models import Skip

    return Exists(Skip.objects.filter(pair=OuterRef("pair"), user=user))
