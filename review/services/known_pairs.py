"""Hidden known pairs: how often people meet them, and making them from a library's own pictures."""

from collections.abc import Iterator
from itertools import cycle

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.models import KnownPair, KnownPairRule, SecondReview, Verdict
from scanning.models import CandidatePair, Library, MadeCopy, Picture, SourceFile
from scanning.services import copies
from scanning.services.renditions import CannotShow

MOST_PERCENT = 20
MOST = 20
SALT = "review.known_pair"
Truth = KnownPair.Truth
Tier = CandidatePair.Tier
# A look-alike of which the comparison is that sure is told apart without people.
CLEAR = 50


def in_force(library: Library) -> KnownPairRule | None:
    """The library's rule; None where there has never been one."""
    return KnownPairRule.objects.filter(library=library).order_by("-number").first()


@transaction.atomic
def set_rule(*, actor: User, library: Library, percent: int, reason: str) -> KnownPairRule:
    """Put a new version of the library's rule in force; 0 turns known pairs off.

    Raises:
        PermissionDenied: the person may not set up libraries, or was not given this one.
        ValidationError: the rate is not 0 to 20, nothing has changed, or the library is sensitive.
    """
    _check(actor, library)
    if not 0 <= percent <= MOST_PERCENT:
        raise ValidationError(
            _("Give the rate, from 0 to %(most)d percent.") % {"most": MOST_PERCENT}
        )
    Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    before = in_force(library)
    if percent == (before.percent if before else 0):
        raise ValidationError(_("Nothing has changed, so that nothing was saved."))
    numbers = KnownPairRule.objects.filter(library=library)
    rule = KnownPairRule.objects.create(
        library=library,
        number=(numbers.aggregate(last=Max("number"))["last"] or 0) + 1,
        percent=percent,
        reason=reason,
        made_by=actor,
    )
    record(
        "quality.known_rule_changed",
        actor=actor,
        target=rule,
        library_id=library.pk,
        data={"number": rule.number, "percent": percent},
        detail={"reason": reason} if reason else None,
    )
    return rule


@transaction.atomic
def make(*, actor: User, library: Library, size: int) -> list[KnownPair]:
    """Make up to `size` known pairs: every second one a copy, as far as there are look-alikes.

    Raises:
        PermissionDenied: the person may not set up libraries, or was not given this one.
        ValidationError: a wrong size, a sensitive library, or nothing to make any from.
    """
    _check(actor, library)
    if not 1 <= size <= MOST:
        raise ValidationError(_("Make 1 to %(most)d at once.") % {"most": MOST})
    apart = list(told_apart(library)[: size // 2])
    made = [_of_pair(actor, library, pair) for pair in apart]
    for origin, recipe in zip(_origins(library), cycle(MadeCopy.Recipe), strict=False):
        if len(made) >= size:
            break
        if known := _of_copy(actor, library, origin, recipe):
            made.append(known)
    if not made:
        raise ValidationError(
            _("There is no picture in this library from which to make one. Scan it first.")
        )
    record(
        "quality.known_pairs_made",
        actor=actor,
        target=library,
        library_id=library.pk,
        data={"pairs": [known.pk for known in made], "truths": [known.truth for known in made]},
    )
    return made


@transaction.atomic
def retire(*, actor: User, library: Library) -> int:
    """Nobody meets the library's known pairs any more; how many there were."""
    _check(actor, library)
    in_use = KnownPair.objects.filter(library=library, retired_at=None)
    retired = list(in_use.values_list("pk", flat=True))
    in_use.update(retired_at=timezone.now())
    if retired:
        record(
            "quality.known_pairs_made",
            actor=actor,
            target=library,
            library_id=library.pk,
            data={"retired": retired},
        )
    return len(retired)


def told_apart(library: Library) -> QuerySet[CandidatePair]:
    """Pairs of the library that surely are no duplicates, and none of which is in use yet.

    Two people or a third one settled it, or the comparison calls them look-alikes without doubt.
    """
    settled = SecondReview.objects.filter(
        pair=OuterRef("pk"), ended=False, settled__verdict=Verdict.NOT_DUPLICATE
    )
    used = KnownPair.objects.filter(library=library, source=OuterRef("pk"))
    sensitive = SourceFile.objects.filter(library__is_sensitive=True)
    return (
        CandidatePair.objects.in_library(library.pk)
        .filter(Exists(settled) | Q(tier=Tier.LOOKALIKE, score__lte=CLEAR, review__decision=None))
        .exclude(Exists(used))
        .exclude(Exists(sensitive.filter(sha256=OuterRef("left__sha256"))))
        .exclude(Exists(sensitive.filter(sha256=OuterRef("right__sha256"))))
        .select_related("left", "right")
        .annotate(is_settled=Exists(settled))
        .order_by("-is_settled", "pk")
    )


def lot(*parts: object) -> float:
    """From 0 to 100: always the same for the same parts, and foreseen only with the site's key."""
    digest = salted_hmac(SALT, ":".join(map(str, parts)), algorithm="sha256").digest()
    return int.from_bytes(digest[:6], "big") / 2**48 * 100


def _check(actor: User, library: Library) -> None:
    if not actor.may(Can.MANAGE_LIBRARIES):
        raise PermissionDenied
    if not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied
    if library.is_sensitive:
        raise ValidationError(_("A sensitive library has no known pairs."))


def _origins(library: Library) -> Iterator[Picture]:
    """Pictures of the library to copy, by lot: large enough, and not in use yet."""
    files = SourceFile.objects.filter(sha256=OuterRef("sha256"))
    used = MadeCopy.objects.filter(library=library, origin=OuterRef("pk"))
    pictures = Picture.objects.filter(
        Exists(files.readable().filter(library=library)),
        ~Exists(files.filter(library__is_sensitive=True)),
        ~Exists(used),
        page=0,
        width__gte=64,
        height__gte=64,
    )
    numbers = list(pictures.values_list("pk", flat=True)[:10_000])
    for pk in sorted(numbers, key=lambda pk: lot("origin", library.pk, pk))[: 3 * MOST]:
        yield pictures.get(pk=pk)


def _of_pair(actor: User, library: Library, pair: CandidatePair) -> KnownPair:
    return KnownPair.objects.create(
        pk=copies.next_number(CandidatePair),
        library=library,
        left=pair.left,
        right=pair.right,
        source=pair,
        truth=Truth.NOT_DUPLICATE,
        tier=pair.tier,
        distance=pair.distance,
        score=pair.score,
        transform=pair.transform,
        evidence=pair.evidence,
        made_by=actor,
    )


def _of_copy(actor: User, library: Library, origin: Picture, recipe: str) -> KnownPair | None:
    """None where the copy cannot be made, or where the comparison would keep it from the queue."""
    try:
        with transaction.atomic():
            copy = copies.make(origin=origin, library=library, recipe=recipe)
            is_left = bytes(copy.sha256) < bytes(origin.sha256)
            found = copies.compared_as_near(copy, is_left=is_left)
    except CannotShow:
        return None
    return KnownPair.objects.create(
        pk=copies.next_number(CandidatePair),
        library=library,
        left=None if is_left else origin,
        right=origin if is_left else None,
        copy=copy,
        truth=Truth.DUPLICATE,
        tier=Tier.NEAR,
        distance=found.distance,
        score=found.score,
        transform=found.transform,
        evidence=found.evidence,
        made_by=actor,
    )
