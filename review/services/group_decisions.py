"""Verdicts on whole groups: one person's word, and every pair that it settles as its own decision.

Nobody looked at those pairs one by one, and the log says so: each names the group decision that
implied it. Pairs that are decided already, on hold, or with somebody else are left as they are.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import prepared, record, record_all
from dedup_site.audit.verifier import digest_of
from review import evidence, own_uploads, policies, reasons
from review.grouping.groups import Link, Live, live
from review.models import (
    Decision,
    Group,
    GroupDecision,
    GroupVerdict,
    PairReview,
    Skip,
    Verdict,
)
from review.records.hold_querysets import is_held
from review.services import holds, quality_second
from review.services.notes import MOST_NOTE
from review.services.refusals import GroupChanged, NothingOpen, OwnUpload, TooLate
from scanning.models import CandidatePair, Picture

# Decisions that are written at once.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """What somebody says about a group.

    reason: why pictures are duplicates. reason_apart: why others are not. apart: ids of the
    pictures that do not belong, for “all but these”. seen, nonce: of the page that was answered.
    """

    verdict: str
    seen: str
    nonce: UUID
    reason: str = ""
    reason_apart: str = ""
    apart: frozenset[int] = frozenset()
    note: str = ""


@dataclass(slots=True)
class Sorted:
    """Pairs by what becomes of them; ids."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    decided: list[int] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    leased: dict[int, int] = field(default_factory=dict)

    @property
    def left_out(self) -> dict[str, list[int]]:
        return {"on_hold": sorted(self.held), "with_somebody_else": sorted(self.leased)}


@transaction.atomic
def judge(*, actor: User, group: Group, answer: GroupAnswer) -> GroupDecision:
    """Settle every open pair within the group by one verdict. No file is touched.

    “All duplicates” settles identical files too. Of “all but these” the pairs among the pictures
    that do not belong stay open: nothing was said about them.
    Returns the group decision; the same answer sent twice gives the first one back.

    Raises:
        PermissionDenied: the person may not judge, or was not given the group's library.
        ValidationError: reason, note or choice of pictures does not fit the verdict.
        Refused: the group is not the one that was shown, the person uploaded a file of it, or
            nothing in it can be decided now.
    """
    if not policies.may_give(actor, Verdict.DUPLICATE):
        raise PermissionDenied
    if not Group.objects.visible_to(actor).filter(pk=group.pk).exists():
        raise PermissionDenied
    _check(answer)
    locked = Group.objects.select_for_update(no_key=True).filter(pk=group.pk).first()
    if given := GroupDecision.objects.filter(nonce=answer.nonce, reviewer=actor).first():
        return given
    now = live(locked, actor) if locked else None
    if locked is None or now is None or now.seen != answer.seen:
        raise GroupChanged(
            _("The group has changed since you opened it. Nothing was saved. Look at it again.")
        )
    if answer.verdict == GroupVerdict.PART and not answer.apart < set(now.members):
        raise ValidationError(_("Choose pictures of this group, but not all of them."))
    if own_uploads.has_uploaded(actor, now.members):
        raise OwnUpload(own_uploads.OF_A_GROUP)
    found = _sorted(now, answer, actor)
    if not found.verdicts:
        raise NothingOpen(_nothing_open(found))
    given = GroupDecision.objects.create(
        library_id=locked.library_id,
        group_number=locked.pk,
        verdict=answer.verdict,
        reason=answer.reason,
        reason_apart=answer.reason_apart,
        note=answer.note,
        reviewer=actor,
        nonce=answer.nonce,
        evidence=evidence.of_group(locked.library_id, now.members, actor)
        | {
            "group": locked.pk,
            "apart": sorted(answer.apart),
            "settled": dict(Counter(verdict.value for verdict in found.verdicts.values())),
            "decided_before": len(found.decided),
            "left_out": found.left_out,
        },
    )
    _settle(given, found.verdicts, now.weakest)
    still_open = sum(1 for link in now.open if link.pair not in found.verdicts)
    Group.objects.filter(pk=locked.pk).update(open_pairs=still_open)
    Skip.objects.filter(user=actor, pair__in=list(found.verdicts)).delete()
    _record("decision.group_made", given, len(found.verdicts))
    return given


@transaction.atomic
def undo(*, actor: User, given: GroupDecision) -> GroupDecision:
    """Take back one's own group decision of today: every pair that still rests on it is open again.

    Pairs that somebody has decided anew since stay as they are.

    Raises:
        PermissionDenied: somebody else's decision, or a library that the person was not given.
        TooLate: it is not from today, was taken back, or no pair rests on it any more.
    """
    if given.reviewer_id != actor.pk or not policies.may_give(actor, Verdict.DUPLICATE):
        raise PermissionDenied
    if (
        not actor.sees_all_libraries
        and not actor.accesses.filter(library=given.library_id).exists()
    ):
        raise PermissionDenied
    if given.verdict == GroupVerdict.WITHDRAWN or not may_undo(actor, given):
        raise TooLate(
            _("Only decisions of today can be undone. Open the pair and change the decision.")
        )
    resting = PairReview.objects.filter(decision__in=given.decisions.order_by().values("pk"))
    resting |= PairReview.objects.filter(pk__in=quality_second.kept_back(given))
    pairs = [row.pk for row in resting.order_by("pk").select_for_update(of=("self",)).only("pk")]
    if not pairs or GroupDecision.objects.filter(supersedes=given).exists():
        raise TooLate(_("This decision has been changed since, so that it cannot be undone."))
    withdrawal = GroupDecision.objects.create(
        library_id=given.library_id,
        group_number=given.group_number,
        verdict=GroupVerdict.WITHDRAWN,
        reviewer=actor,
        supersedes=given,
        nonce=uuid4(),
        evidence={"v": evidence.VERSION, "withdraws": given.pk, "pairs": len(pairs)},
    )
    joined = CandidatePair.objects.filter(pk__in=pairs).values_list("left", "right")
    holds.stay_held(set(chain.from_iterable(joined)), given.made_at)
    _settle(withdrawal, dict.fromkeys(pairs, Verdict.WITHDRAWN))
    quality_second.taken_back(
        given.decisions.filter(pair__in=pairs).order_by().values_list("pk", flat=True)
    )
    _record("decision.group_undone", withdrawal, len(pairs))
    return withdrawal


def may_undo(user: User, given: GroupDecision) -> bool:
    """One's own verdict of today on a group, while it is not taken back."""
    return (
        given.reviewer_id == user.pk
        and given.verdict != GroupVerdict.WITHDRAWN
        and timezone.localdate(given.made_at) == timezone.localdate()
    )


def of_today(user: User) -> QuerySet[GroupDecision]:
    """The person's verdicts of today on groups that were not taken back."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    made = GroupDecision.objects.filter(reviewer=user, made_at__gte=midnight)
    return made.filter(superseded_by__isnull=True).exclude(verdict=GroupVerdict.WITHDRAWN)


def _check(answer: GroupAnswer) -> None:
    try:
        verdict = GroupVerdict(answer.verdict)
    except ValueError:
        verdict = GroupVerdict.WITHDRAWN
    if verdict == GroupVerdict.WITHDRAWN:
        raise ValidationError(_("Choose a verdict."))
    wanted = verdict != GroupVerdict.NOT_DUPLICATE, verdict != GroupVerdict.DUPLICATE
    given = (
        answer.reason in reasons.codes(Verdict.DUPLICATE),
        answer.reason_apart in reasons.codes(Verdict.NOT_DUPLICATE),
    )
    if wanted != given:
        raise ValidationError(_("Choose a reason that belongs to the verdict."))
    if len(answer.note) > MOST_NOTE:
        raise ValidationError(
            _("The note is longer than %(number)d characters. Shorten it.") % {"number": MOST_NOTE}
        )
    if verdict == GroupVerdict.PART and not answer.apart:
        raise ValidationError(_("Choose the pictures that do not belong to the group."))


def _verdict(link: Link, answer: GroupAnswer) -> Verdict | None:
    """What the answer says of a pair; None: nothing."""
    is_apart = (link.left in answer.apart) + (link.right in answer.apart)
    match answer.verdict:
        case GroupVerdict.DUPLICATE:
            return Verdict.DUPLICATE
        case GroupVerdict.NOT_DUPLICATE:
            return None if link.is_identical else Verdict.NOT_DUPLICATE
        case _:
            return (Verdict.DUPLICATE, Verdict.NOT_DUPLICATE, None)[is_apart]


def _sorted(now: Live, answer: GroupAnswer, actor: User) -> Sorted:
    """The group's pairs by what becomes of them; their review rows are locked from here on."""
    said = {link.pair: verdict for link in now.links if (verdict := _verdict(link, answer))}
    PairReview.objects.bulk_create(
        [PairReview(pair_id=pair) for pair in sorted(said)], ignore_conflicts=True, batch_size=5_000
    )
    rows = PairReview.objects.filter(pk__in=said).order_by("pk").select_for_update()
    held = set(
        CandidatePair.objects.filter(is_held(actor), pk__in=said).values_list("pk", flat=True)
    )
    found, moment = Sorted(), timezone.now()
    not_theirs = quality_second.not_theirs(said, actor)
    for pair, decided, holder, until in rows.values_list(
        "pk", "verdict", "lease_holder", "lease_until"
    ):
        if decided or pair in not_theirs:
            found.decided.append(pair)
        elif pair in held:
            found.held.append(pair)
        elif holder not in (None, actor.pk) and until and until >= moment:
            found.leased[pair] = holder
        else:
            found.verdicts[pair] = said[pair]
    return found


def _nothing_open(found: Sorted) -> str:
    if found.held or found.leased:
        return _(
            "Nothing was saved: the open pairs of this group are on legal hold or with "
            "somebody else at the moment."
        )
    return _("Nothing was saved: every pair of this group has been judged already.")


def _settle(
    given: GroupDecision, verdicts: dict[int, Verdict], weakest: Link | None = None
) -> None:
    """Write a decision on each pair, and where it stands; the review rows are locked."""
    reasons = {
        Verdict.DUPLICATE: given.reason,
        Verdict.NOT_DUPLICATE: given.reason_apart,
        Verdict.WITHDRAWN: "",
    }
    # Some hundred pictures at most, each in many pairs.
    ends = CandidatePair.objects.filter(pk__in=list(verdicts))
    pictures = Picture.objects.in_bulk(
        {picture for two in ends.values_list("left", "right") for picture in two}
    )
    waiting: list[int] = []
    for part in _parts(sorted(verdicts)):
        last = dict(
            Decision.objects.filter(pair__in=part, superseded_by__isnull=True)
            .order_by()
            .values_list("pair", "pk")
        )
        pairs = list(CandidatePair.objects.filter(pk__in=part).order_by("pk"))
        for pair in pairs:
            pair.left, pair.right = pictures[pair.left_id], pictures[pair.right_id]
        made = Decision.objects.bulk_create(
            Decision(
                pair=pair,
                verdict=verdicts[pair.pk],
                reason=reasons[verdicts[pair.pk]],
                note=given.note,
                reviewer=given.reviewer,
                supersedes_id=last.get(pair.pk),
                evidence=_evidence(pair, given, last.get(pair.pk)),
                implied_by=given,
            )
            for pair in pairs
        )
        record_all(_event(decision) for decision in made)
        if weakest is not None:
            waiting += quality_second.after_group(made, weakest.pair)
    _mark(given, list(verdicts), waiting)


def _evidence(pair: CandidatePair, given: GroupDecision, last: int | None) -> dict[str, object]:
    if given.verdict == GroupVerdict.WITHDRAWN:
        return {"v": evidence.VERSION, "withdraws": last, "group_decision": given.pk}
    return evidence.implied(pair, given.pk)


def _mark(given: GroupDecision, pairs: list[int], waiting: list[int]) -> None:
    """Say in the review rows where the pairs stand; whoever looked at one has lost it."""
    open_again = pairs if given.verdict == GroupVerdict.WITHDRAWN else waiting
    if open_again:
        PairReview.objects.filter(pk__in=open_again).update(
            decision=None,
            verdict="",
            lease_holder=None,
            lease_until=None,
            token=F("token") + 1,
            regroup=True,
        )
    if given.verdict == GroupVerdict.WITHDRAWN:
        return
    # One join of two tables: a subquery for each row would read all decisions again and again.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE review_pairreview AS review
            SET decision_id = made.id, verdict = made.verdict, regroup = true,
                lease_holder_id = NULL, lease_until = NULL, token = token + 1
            FROM review_decision AS made
            WHERE made.implied_by_id = %s AND made.pair_id = review.pair_id
              AND NOT review.pair_id = ANY (%s)
            """,
            [given.pk, waiting],
        )


def _record(action: str, given: GroupDecision, pairs: int) -> None:
    record(
        action,
        actor=given.reviewer,
        target=given,
        library_id=given.library_id,
        data={
            "group_decision": given.pk,
            "group": given.group_number,
            "verdict": given.verdict,
            "reason": given.reason,
            "reason_apart": given.reason_apart,
            "supersedes": given.supersedes_id,
            "pairs": pairs,
            "pictures": [each["picture"] for each in given.evidence.get("pictures", [])],
            "apart": given.evidence.get("apart", []),
            "left_out": given.evidence.get("left_out", {}),
            "evidence_sha256": digest_of(given.evidence),
        },
        detail={"note": given.note} if given.note else None,
    )


def _event(decision: Decision) -> AuditEvent:
    """The same event that a decision on a single pair has, and what implied it.

    The pair of the decision must have been selected with its pictures.
    """
    given, pair = decision.implied_by, decision.pair
    is_undone = decision.verdict == Verdict.WITHDRAWN
    return prepared(
        "decision.undone" if is_undone else "decision.made",
        actor=decision.reviewer,
        target=pair,
        library_id=given.library_id if given else None,
        data={
            "decision": decision.pk,
            "pair": decision.pair_id,
            "verdict": decision.verdict,
            "reason": decision.reason,
            "supersedes": decision.supersedes_id,
            "implied_by": decision.implied_by_id,
            "left_sha256": pair.left.digest,
            "right_sha256": pair.right.digest,
            "evidence_sha256": digest_of(decision.evidence),
        },
        detail={"note": decision.note} if decision.note else None,
    )


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, BATCH)):
        yield part
