"""Adjudication: a third person settles a pair on which two judged differently."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review import evidence, own_uploads, policies, reasons
from review.models import Decision, PairReview, SecondReview, Skip, Verdict
from review.quality.second import OPEN, judged
from review.services import decisions
from review.services.leases import locked
from review.services.notes import check_note
from review.services.refusals import Refused
from scanning.models import CandidatePair

VERDICTS = (Verdict.DUPLICATE, Verdict.NOT_DUPLICATE)


class Settled(Refused):
    """Somebody settled it in the meantime, or one of the two took the verdict back."""


def disputes_for(user: User) -> models.QuerySet[SecondReview]:
    """What this person may settle: pairs that they may see, never judged, and did not upload."""
    if not user.may(Can.ADJUDICATE):
        return SecondReview.objects.none()
    pairs = CandidatePair.objects.filter(pk=models.OuterRef("pair_id"))
    own = judged(user).filter(pair=models.OuterRef("pair_id"))
    found = (
        SecondReview.objects.filter(OPEN, second__isnull=False)
        .exclude(models.Exists(own))
        .filter(models.Exists(pairs.visible_to(user)) | models.Exists(pairs.known_to(user)))
    )
    return own_uploads.without_own_pairs(found, user)


@transaction.atomic
def adjudicate(
    *, actor: User, review: SecondReview, verdict: str, reason: str, note: str = ""
) -> Decision:
    """Settle the pair; the verdict counts from now on, and both others stay in the log.

    Raises:
        PermissionDenied: the person may not adjudicate, judged the pair, or may not see it.
        ValidationError: the reason does not belong to the verdict, or the note is too long.
        Settled: there is nothing left to settle.
    """
    if not actor.may(Can.ADJUDICATE):
        raise PermissionDenied
    policies.check_visible(actor, review.pair)
    if own_uploads.is_own(actor, review.pair_id):
        raise PermissionDenied
    if verdict not in VERDICTS or reason not in reasons.codes(verdict):
        raise ValidationError(_("Choose a reason that belongs to the verdict."))
    check_note(note)
    locked(review.pair)
    if judged(actor).filter(pair=review.pair_id).exists():
        raise PermissionDenied
    review = SecondReview.objects.get(pk=review.pk)
    if review.ended or not review.is_disputed or review.second_id is None:
        raise Settled(_("This pair has been settled in the meantime. Your verdict was not saved."))
    pair = CandidatePair.objects.select_related("left", "right").get(pk=review.pair_id)
    decision = Decision.objects.create(
        pair=pair,
        verdict=verdict,
        reason=reason,
        note=note,
        reviewer=actor,
        supersedes=decisions.last(pair),
        evidence=evidence.snapshot(pair, actor)
        | {"adjudicates": [review.first_id, review.second_id]},
    )
    review.third, review.adjudicator, review.settled = decision, actor, decision
    review.save()
    PairReview.objects.filter(pk=pair.pk).update(
        decision=decision, verdict=verdict, lease_holder=None, lease_until=None, regroup=True
    )
    Skip.objects.filter(pair=pair).delete()
    decisions.record_decision("decision.made", decision)
    record(
        "quality.adjudicated",
        actor=actor,
        target=pair,
        library_id=review.library_id,
        data={
            "decision": decision.pk,
            "verdict": verdict,
            "between": [review.first_id, review.second_id],
        },
    )
    return decision
