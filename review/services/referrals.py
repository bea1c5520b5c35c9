"""Asking a colleague: the pair leaves one's own queue and stands first in theirs."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from review import policies
from review.models import PairReview, Referral, Skip
from review.queue_querysets import who_may_judge
from review.services.leases import locked
from review.services.notes import check_note
from review.services.refusals import Refused, already_decided, lease_lost
from scanning.models import CandidatePair, Finding

Outcome = Referral.Outcome


class NotReferred(Refused):
    """The referral has been answered or closed since."""


@transaction.atomic
def refer(
    *, actor: User, pair: CandidatePair, to: User, note: str = "", token: int | None = None
) -> Referral:
    """Ask a colleague to judge an undecided pair; it is given back to the queue for them alone.

    token: of the lease. A pair that was referred to the actor is passed on.
    Should the colleague be deactivated, or lose library or role, it is in everybody's queue again.

    Raises:
        PermissionDenied: the actor may not judge, or may not see the pair.
        ValidationError: the colleague may not judge this pair, or the note is too long.
        Refused: the lease has passed on, or somebody decided in the meantime.
    """
    _check(actor, pair, note)
    if to.pk == actor.pk:
        raise ValidationError(_("Choose somebody other than yourself."))
    if not who_may_judge(pair.pk).filter(pk=to.pk).exists():
        raise ValidationError(_("This person cannot judge the pair. Choose somebody else."))
    review = locked(pair)
    if review.decision is not None:
        raise already_decided(review.decision, actor)
    if (review.lease_holder_id, review.token) != (actor.pk, token):
        raise lease_lost(review, actor)
    _close(pair, Outcome.PASSED_ON, actor)
    referral = Referral.objects.create(pair=pair, asked_by=actor, asked=to, note=note)
    Skip.objects.filter(pair=pair, user__in=(actor, to)).delete()
    _give_up(pair)
    _record("pair.referred", referral, actor, note)
    return referral


@transaction.atomic
def send_back(*, actor: User, referral: Referral, note: str = "") -> Referral:
    """The one who was asked gives it back unanswered, or the one who asked takes it back.

    The pair is in everybody's queue again.

    Raises:
        PermissionDenied: neither of the two.
        NotReferred: it is closed already.
    """
    if actor.pk not in (referral.asked_id, referral.asked_by_id):
        raise PermissionDenied
    _check(actor, referral.pair, note)
    review = locked(referral.pair)
    outcome = Outcome.SENT_BACK if actor.pk == referral.asked_id else Outcome.TAKEN_BACK
    closed = _close(referral.pair, outcome, actor, note)
    if closed is None or closed.pk != referral.pk:
        raise NotReferred(_("This question has been answered or taken back already."))
    if review.lease_holder_id == actor.pk:
        _give_up(referral.pair)
    return closed


def answered(*, actor: User, pair: CandidatePair) -> None:
    """A verdict answers what is open about the pair, whoever gave it. Within its transaction."""
    _close(pair, Outcome.ANSWERED, actor)


def open_for(pair: CandidatePair) -> Referral | None:
    """The open referral of the pair, while the colleague may still judge it."""
    found = Referral.objects.in_force().filter(pair=pair)
    return found.select_related("asked", "asked_by").first()


def colleagues(pair: CandidatePair, user: User) -> list[User]:
    """Whom the person may ask about the pair, by name."""
    found = who_may_judge(pair.pk).exclude(pk=user.pk)
    return sorted(found, key=lambda each: each.display_name.casefold())


def _check(actor: User, pair: CandidatePair, note: str) -> None:
    if not policies.may_judge(actor):
        raise PermissionDenied
    policies.check_visible(actor, pair)
    check_note(note)


def _close(pair: CandidatePair, outcome: Outcome, actor: User, note: str = "") -> Referral | None:
    """Close what is open about the pair; its review row is locked."""
    referral = Referral.objects.open().filter(pair=pair).first()
    if referral is None:
        return None
    referral.closed_at, referral.outcome, referral.answer = timezone.now(), outcome.value, note
    referral.save(update_fields=["closed_at", "outcome", "answer"])
    _record("pair.referral_closed", referral, actor, note)
    return referral


def _give_up(pair: CandidatePair) -> None:
    PairReview.objects.filter(pk=pair.pk).update(
        lease_holder=None, lease_until=None, token=F("token") + 1
    )


def _record(action: str, referral: Referral, actor: User, note: str) -> None:
    library = Finding.objects.filter(pair=referral.pair_id).values_list("library", flat=True)
    record(
        action,
        actor=actor,
        target=referral.pair,
        library_id=library.first(),
        data={
            "referral": referral.pk,
            "pair": referral.pair_id,
            "asked_by": referral.asked_by_id,
            "asked": referral.asked_id,
            "outcome": referral.outcome,
        },
        detail={"note": note} if note else None,
    )
