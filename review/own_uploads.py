"""Whoever uploaded a file does not judge its pairs: what follows for lists and answers."""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from review.models import Membership
from review.querysets import GroupQuerySet
from scanning.models import CandidatePair, Picture, Upload

OF_A_PAIR = _(
    "You uploaded a file of this pair, so that somebody else judges it. You can look at it."
)
OF_A_GROUP = _(
    "You uploaded a file of this group, so that somebody else judges it. You can look at it."
)

AnyModel = TypeVar("AnyModel", bound=Model)


def has_uploaded(user: User, pictures: Iterable[Picture | int]) -> bool:
    """Whether the person uploaded the content of one of the pictures, under any name, anywhere."""
    ids = [picture if isinstance(picture, int) else picture.pk for picture in pictures]
    return pictures_of(user).filter(pk__in=ids).exists()


def is_own(user: User, pair_id: int) -> bool:
    """Whether the person uploaded a file of the pair."""
    return uploads_of(pair_id).filter(user=user).exists()


def uploads_of(pair_id: int) -> QuerySet[Upload]:
    """The uploads of both sides of a pair, whoever made them."""
    both = CandidatePair.objects.filter(pk=pair_id).values_list("left__sha256", "right__sha256")
    return Upload.objects.filter(sha256__in=[bytes(sha256) for row in both for sha256 in row])


def pictures_of(user: User) -> QuerySet[Picture]:
    """The pictures in the contents that the person uploaded."""
    uploads = Upload.objects.filter(user=user).values("sha256")
    return Picture.objects.filter(sha256__in=uploads)


def without_own_pairs(rows: QuerySet[AnyModel], user: User) -> QuerySet[AnyModel]:
    """Rows with a `pair` that are none of the person's own; most people have uploaded nothing."""
    if not Upload.objects.filter(user=user).exists():
        return rows
    own = pictures_of(user).values("pk")
    pairs = CandidatePair.objects.filter(Q(left__in=own) | Q(right__in=own))
    return rows.exclude(Exists(pairs.filter(pk=OuterRef("pair"))))


def without_own_groups(groups: GroupQuerySet, user: User) -> GroupQuerySet:
    """Groups without a picture that the person uploaded."""
    if not Upload.objects.filter(user=user).exists():
        return groups
    own = Membership.objects.filter(picture__in=pictures_of(user).values("pk"))
    return groups.exclude(Exists(own.filter(group=OuterRef("pk"))))
