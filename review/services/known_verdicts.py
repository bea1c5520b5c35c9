"""Meeting a known pair, and what people do with it: nothing of it is a decision.

A person meets each known pair once. It stands in front of a pair of their queue that the lot
chooses by the site's key, so that nobody foresees which.
"""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from review import own_uploads, policies, reasons
from review.filters import DecisionFilter, PairFilter, State
from review.models import (
    Decision,
    KnownMeeting,
    KnownPair,
    KnownPairRule,
    KnownVerdict,
    Matter,
    Verdict,
)
from review.services import holds
from review.services.known_pairs import lot
from review.services.notes import check_note
from review.services.refusals import TooLate, already_decided
from scanning.models import CandidatePair, Finding, Library, Picture, SourceFile
from scanning.services import copies

# Filters that a known pair cannot be sure to pass.
NARROW = ("sample", "attribute", "transform")


def open_to(user: User) -> QuerySet[KnownPair]:
    """Known pairs of the person's libraries, none of a sensitive one."""
    libraries = Library.objects.visible_to(user).filter(is_sensitive=False)
    found = KnownPair.objects.filter(library__in=libraries)
    return found.select_related("left", "right", "copy__origin", "copy__library", "library")


def may_meet(user: User, known: KnownPair) -> bool:
    """Whether the person sees its pictures, brought none of them, and has not judged the pair."""
    pictures = known.pictures
    if not policies.may_judge(user) or own_uploads.has_uploaded(user, pictures):
        return False
    digests = [bytes(picture.sha256) for picture in pictures]
    if SourceFile.objects.filter(sha256__in=digests, library__is_sensitive=True).exists():
        return False
    visible = Picture.objects.visible_to(user).filter(pk__in=[picture.pk for picture in pictures])
    if visible.count() < len(pictures):
        return False
    return not Decision.objects.filter(reviewer=user, pair=known.source_id or 0).exists()


@transaction.atomic
def instead_of(
    *, actor: User, pair: CandidatePair | None, chosen: PairFilter, leave_out: Iterable[int]
) -> KnownPair | None:
    """The known pair that the person meets before `pair`, the next one of their queue.

    None: they go on with `pair`, which is nearly always so. Without a pair only what they put off
    comes again.
    """
    passed = set(leave_out)
    known = _met(actor, chosen, passed, is_put_off=pair is None)
    if known is not None or pair is None:
        return known
    rule = _rule_for(actor, pair, chosen)
    if rule is None:
        return None
    unmet = _fitting(open_to(actor).filter(library=rule.library_id, retired_at=None), chosen)
    unmet = unmet.exclude(meetings__user=actor).exclude(pk__in=passed)
    for known in sorted(unmet, key=lambda each: lot("order", actor.pk, each.pk)):
        if may_meet(actor, known):
            try:
                with transaction.atomic():
                    KnownMeeting.objects.create(known=known, user=actor, in_front_of=pair.pk)
            except IntegrityError:
                return None  # another page of the same person was quicker
            return known
    return None


def _met(
    actor: User, chosen: PairFilter, passed: set[int], *, is_put_off: bool
) -> KnownPair | None:
    """One that the person met and has not judged."""
    open_ones = KnownMeeting.objects.filter(user=actor, is_over=False, is_put_off=is_put_off)
    numbers = [pk for pk in open_ones.values_list("known", flat=True) if pk not in passed]
    if not numbers:
        return None
    found = _fitting(open_to(actor).filter(pk__in=numbers, retired_at=None), chosen)
    return next((known for known in found if may_meet(actor, known)), None)


def _fitting(found: QuerySet[KnownPair], chosen: PairFilter) -> QuerySet[KnownPair]:
    """Those that pass the filters; none where a filter asks what a known pair cannot answer."""
    asked = chosen.form.cleaned_data if chosen.form.is_valid() else {"attribute": "-"}
    if chosen.chosen_state != State.UNDECIDED or any(
        asked.get(name) or (chosen.data or {}).get(name) for name in NARROW
    ):
        return found.none()
    found = found.filter(library__in=chosen.libraries, tier__in=chosen.tiers)
    if (least := asked.get("score_min")) is not None:
        found = found.filter(score__gte=least * 10)
    if (most := asked.get("score_max")) is not None:
        found = found.filter(score__lte=most * 10)
    return found


def _rule_for(actor: User, pair: CandidatePair, chosen: PairFilter) -> KnownPairRule | None:
    """The rule that puts a known pair in front of this one, if it has not done so before."""
    libraries = Finding.objects.filter(pair=pair, library__in=chosen.libraries).values("library")
    rules = (
        KnownPairRule.objects.filter(library__in=libraries, library__is_sensitive=False)
        .order_by("library_id", "-number")
        .distinct("library_id")
    )
    for rule in rules:
        if rule.percent and chooses(rule, actor, pair):
            met = KnownMeeting.objects.filter(user=actor, in_front_of=pair.pk)
            return None if met.exists() else rule
    return None


def chooses(rule: KnownPairRule, user: User, pair: CandidatePair) -> bool:
    """Whether a known pair comes before this one; a higher rate has every place of a lower one."""
    sides = (pair.left.digest, pair.left.page, pair.right.digest, pair.right.page)
    return lot("place", rule.library_id, user.pk, *sides) < rule.percent


def standing(user: User, known: KnownPair) -> KnownVerdict | None:
    """The person's verdict in force."""
    last = KnownVerdict.objects.filter(known=known, reviewer=user).order_by("-pk").first()
    return None if last is None or last.verdict == Verdict.WITHDRAWN else last


def as_decision(given: KnownVerdict) -> Decision:
    """As a decision for the desk and the person's history, never saved."""
    decision = Decision(
        pk=given.pk,
        pair=given.known.pair,
        verdict=given.verdict,
        reason=given.reason,
        note=given.note,
        reviewer=given.reviewer,
        made_at=given.made_at,
    )
    if after := getattr(given, "superseded_by", None):
        decision.superseded_by = Decision(
            pk=after.pk, verdict=after.verdict, reviewer=after.reviewer, made_at=after.made_at
        )
    return decision


@transaction.atomic
def judge(
    *,
    actor: User,
    known: KnownPair,
    verdict: str,
    reason: str,
    note: str = "",
    supersedes: int | None = None,
    matter: Matter | None = None,
) -> KnownVerdict:
    """Give a verdict on a known pair: a row of its own, and no decision.

    A legal hold is real: it is placed on the library's own pictures of the pair.

    Raises:
        PermissionDenied: the person may not give this verdict, or may not meet the pair.
        ValidationError: the reason does not belong to the verdict, or the note is too long.
        AlreadyDecided: the person has judged it.
    """
    _check(actor, known)
    if not policies.may_give(actor, verdict):
        raise PermissionDenied
    if reason not in reasons.codes(verdict):
        raise ValidationError(_("Choose a reason that belongs to the verdict."))
    check_note(note)
    if verdict == Verdict.LEGAL_HOLD and matter is None:
        raise ValidationError(_("Choose the matter under which the pictures are held."))
    meeting = _locked(actor, known)
    before = standing(actor, known)
    if before is not None and before.pk != supersedes:
        if (before.verdict, before.reason, before.note) == (verdict, reason, note):
            return before
        raise already_decided(as_decision(before), actor)
    given = _add(actor, known, verdict, reason, note)
    _put(meeting, is_over=True)
    if matter is not None and verdict == Verdict.LEGAL_HOLD:
        for picture in known.pictures:
            holds.place_hold(actor=actor, matter=matter, picture=picture, reason=reason, note=note)
    return given


@transaction.atomic
def undo(*, actor: User, given: KnownVerdict) -> KnownVerdict:
    """Take back one's own verdict of today.

    Raises:
        PermissionDenied: somebody else's.
        TooLate: it is not from today, or not in force any more.
    """
    if given.reviewer_id != actor.pk:
        raise PermissionDenied
    _check(actor, given.known)
    meeting = _locked(actor, given.known)
    if standing(actor, given.known) != given:
        raise TooLate(_("This decision has been changed since, so that it cannot be undone."))
    if timezone.localdate(given.made_at) != timezone.localdate():
        raise TooLate(
            _("Only decisions of today can be undone. Open the pair and change the decision.")
        )
    withdrawn = _add(actor, given.known, Verdict.WITHDRAWN, "", "")
    _put(meeting, is_over=False)
    return withdrawn


def last_of_today(actor: User) -> KnownVerdict | None:
    """The person's latest verdict of today, if it is in force."""
    return of_today(actor).order_by("-pk").select_related("known").first()


def among(
    page: list[Decision], chosen: DecisionFilter, before: int | None, most: int
) -> list[Decision]:
    """A page of somebody's own history with their verdicts on known pairs in their places.

    Whoever reads everybody's decisions reads decisions only.
    """
    user = chosen.request.user if chosen.request else None
    if not isinstance(user, User) or policies.sees_all_decisions(user):
        return page
    mine = KnownVerdict.objects.filter(reviewer=user).select_related(
        *("known__left", "known__right", "known__copy__origin", "reviewer"),
        "superseded_by__reviewer",
    )
    asked = chosen.form.cleaned_data if chosen.form.is_valid() else None
    if asked is None:
        return page
    for name, lookup in (
        *(("verdict", "verdict"), ("since", "made_at__date__gte")),
        *(("until", "made_at__date__lte"),),
    ):
        if asked.get(name):
            mine = mine.filter(**{lookup: asked[name]})
    if before is not None:
        mine = mine.filter(pk__lt=before)
    found = [*page, *(as_decision(given) for given in mine.order_by("-pk")[:most])]
    return sorted(found, key=lambda decision: -decision.pk)[:most]


def of_today(actor: User) -> QuerySet[KnownVerdict]:
    """The person's verdicts in force of today."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = KnownVerdict.objects.filter(reviewer=actor, made_at__gte=midnight)
    return mine.filter(superseded_by=None).exclude(verdict=Verdict.WITHDRAWN)


@transaction.atomic
def skip(*, actor: User, known: KnownPair) -> None:
    """Put it off: it comes again after all others."""
    _check(actor, known)
    _put(_locked(actor, known), is_put_off=True)


@transaction.atomic
def refer(*, actor: User, known: KnownPair, to: User, note: str) -> None:
    """It leaves one's queue and comes first in the colleague's, who may judge it too."""
    _check(actor, known)
    check_note(note)
    if to.pk == actor.pk:
        raise ValidationError(_("Choose somebody other than yourself."))
    _put(_locked(actor, known), is_over=True)
    if may_meet(to, known):
        KnownMeeting.objects.get_or_create(known=known, user=to)


def _check(actor: User, known: KnownPair) -> None:
    if not open_to(actor).filter(pk=known.pk).exists() or not may_meet(actor, known):
        raise PermissionDenied


def _locked(actor: User, known: KnownPair) -> KnownMeeting:
    KnownMeeting.objects.get_or_create(known=known, user=actor)
    return KnownMeeting.objects.select_for_update().get(known=known, user=actor)


def _put(meeting: KnownMeeting, **fields: bool) -> None:
    KnownMeeting.objects.filter(pk=meeting.pk).update(**{"is_put_off": False, **fields})


def _add(actor: User, known: KnownPair, verdict: str, reason: str, note: str) -> KnownVerdict:
    last = KnownVerdict.objects.filter(known=known, reviewer=actor).order_by("-pk").first()
    given = KnownVerdict.objects.create(
        pk=copies.next_number(Decision),
        known=known,
        reviewer=actor,
        verdict=verdict,
        reason=reason,
        note=note,
        supersedes=last,
    )
    record(
        "quality.known_pair_judged",
        actor=actor,
        target=known,
        library_id=known.library_id,
        data={"known_pair": known.pk, "verdict": verdict, "reason": reason, "truth": known.truth},
        detail={"note": note} if note else None,
    )
    return given
