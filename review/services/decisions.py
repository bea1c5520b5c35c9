"""Verdicts: given, changed, taken back. Each is a new row; the log keeps every one of them."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from dedup_site.audit.verifier import digest_of
from review import evidence, own_uploads, policies, reasons
from review.models import Decision, Matter, PairReview, Skip, Verdict
from review.services import holds, leases, quality_second, referrals
from review.services.leases import locked as locked
from review.services.notes import check_note
from review.services.refusals import OwnUpload, TooLate, already_decided, lease_lost
from scanning.models import CandidatePair


@transaction.atomic
def decide(
    *,
    actor: User,
    pair: CandidatePair,
    verdict: str,
    reason: str,
    note: str = "",
    token: int | None = None,
    supersedes: int | None = None,
    matter: Matter | None = None,
) -> Decision:
    """Give a verdict on a pair, with the evidence as it is now. No file is touched.

    token: of the lease, for an undecided pair.
    supersedes: id of the decision in force, for a pair that is decided again on purpose.
    matter: for a legal hold, which also places a hold on both pictures at once.
    Returns the decision; the same answer sent twice gives the first one back.

    Raises:
        PermissionDenied: the person may not give this verdict, or may not see the pair.
        ValidationError: the reason does not belong to the verdict, or the note is too long.
        Refused: the person uploaded a file of the pair, the lease has passed on, or somebody
            decided in the meantime.
    """
    if not policies.may_give(actor, verdict):
        raise PermissionDenied
    policies.check_visible(actor, pair)
    if own_uploads.is_own(actor, pair.pk):
        raise OwnUpload(own_uploads.OF_A_PAIR)
    _check_answer(verdict, reason, note, matter)

    review = locked(pair)
    current = quality_second.known_to(review, actor)
    if current is not None and current.pk != supersedes:
        same_answer = (verdict, reason, note, actor.pk, token)
        if same_answer == (
            *(current.verdict, current.reason, current.note, current.reviewer_id),
            review.token,
        ):
            return current
        raise already_decided(current, actor)
    if current is None and (review.lease_holder_id, review.token) != (actor.pk, token):
        raise lease_lost(review, actor)

    _keep_held(pair, review.decision)
    decision = Decision.objects.create(
        pair=pair,
        verdict=verdict,
        reason=reason,
        note=note,
        reviewer=actor,
        supersedes=last(pair),
        evidence=evidence.snapshot(pair, actor),
    )
    standing = quality_second.standing_after(decision)
    PairReview.objects.filter(pk=pair.pk).update(
        decision=standing,
        verdict=standing.verdict if standing else "",
        lease_holder=None,
        lease_until=None,
        regroup=True,
    )
    Skip.objects.filter(pair=pair, user=actor).delete()
    referrals.answered(actor=actor, pair=pair)
    record_decision("decision.made", decision)
    if matter is not None and verdict == Verdict.LEGAL_HOLD:
        for picture in {pair.left_id: pair.left, pair.right_id: pair.right}.values():
            holds.place_hold(actor=actor, matter=matter, picture=picture, reason=reason, note=note)
    return decision


@transaction.atomic
def undo(*, actor: User, decision: Decision) -> Decision:
    """Take back one's own decision of today; the pair is undecided again and with the person.

    A hold that the decision placed stays: it ends only by a release.

    Raises:
        PermissionDenied: somebody else's decision, or a pair that the person may not see.
        TooLate: it is not from today, or not in force any more.
    """
    if decision.reviewer_id != actor.pk or not policies.may_give(actor, decision.verdict):
        raise PermissionDenied
    policies.check_visible(actor, decision.pair)
    review = locked(decision.pair)
    quality_second.check_undo(review, decision)
    if not policies.may_undo(actor, decision):
        raise TooLate(
            _("Only decisions of today can be undone. Open the pair and change the decision.")
        )
    _keep_held(decision.pair, review.decision)
    withdrawal = Decision.objects.create(
        pair=decision.pair,
        verdict=Verdict.WITHDRAWN,
        reviewer=actor,
        supersedes=decision,
        evidence={"v": evidence.VERSION, "withdraws": decision.pk},
    )
    PairReview.objects.filter(pk=decision.pair_id).update(
        decision=None,
        verdict="",
        token=F("token") + 1,
        lease_holder=actor,
        lease_until=None,
        regroup=True,
    )
    quality_second.taken_back([decision.pk])
    leases.take(actor=actor, pair=decision.pair)
    record_decision("decision.undone", withdrawal)
    return withdrawal


def last_of_today(actor: User) -> Decision | None:
    """What `undo` without a choice takes back: the person's latest decision in force of today."""
    return (
        Decision.objects.made_today_by(actor)
        .in_force()
        .visible_to(actor)
        .select_related("pair", "implied_by")
        .order_by("-pk")
        .first()
    )


@transaction.atomic
def skip(*, actor: User, pair: CandidatePair) -> None:
    """Put a pair off: it goes back to the queue, and comes to this person after all others.

    Raises:
        PermissionDenied: the person may not judge, or may not see the pair.
    """
    if not policies.may_judge(actor):
        raise PermissionDenied
    policies.check_visible(actor, pair)
    Skip.objects.update_or_create(pair=pair, user=actor)
    leases.release(actor=actor, pair=pair)


def _check_answer(verdict: str, reason: str, note: str, matter: Matter | None) -> None:
    if reason not in reasons.codes(verdict):
        raise ValidationError(_("Choose a reason that belongs to the verdict."))
    check_note(note)
    if verdict == Verdict.LEGAL_HOLD and matter is None:
        raise ValidationError(_("Choose the matter under which the pictures are held."))


def _keep_held(pair: CandidatePair, superseded: Decision | None) -> None:
    """What a hold reached through a verdict stays held when the verdict goes."""
    if superseded is not None and superseded.verdict == Verdict.DUPLICATE:
        holds.stay_held((pair.left_id, pair.right_id), superseded.made_at)


def last(pair: CandidatePair) -> Decision | None:
    """The end of the pair's chain of decisions, withdrawn ones included."""
    return Decision.objects.filter(pair=pair, superseded_by__isnull=True).first()


def record_decision(action: str, decision: Decision) -> None:
    """The audit event of a decision on one pair."""
    findings = evidence.findings_for(decision.pair, decision.reviewer)
    libraries = list(dict.fromkeys(finding.library_id for finding in findings))
    record(
        action,
        actor=decision.reviewer,
        target=decision.pair,
        library_id=libraries[0] if libraries else None,
        data={
            "decision": decision.pk,
            "pair": decision.pair_id,
            "verdict": decision.verdict,
            "reason": decision.reason,
            "supersedes": decision.supersedes_id,
            "libraries": libraries,
            "left_sha256": decision.pair.left.digest,
            "right_sha256": decision.pair.right.digest,
            "evidence_sha256": digest_of(decision.evidence),
        },
        detail={"note": decision.note} if decision.note else None,
    )
