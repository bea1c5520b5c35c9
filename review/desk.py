"""What the pair page shows: one pair, who has it, and which answers this person may give."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from review import (
    advice,
    compared,
    comparison,
    evidence,
    keeping,
    own_uploads,
    policies,
    reasons,
    wording,
)
from review.compared import Placement
from review.grouping import groups
from review.keeping import Standing
from review.models import Decision, Hold, Matter, PairReview, Verdict
from review.plans import rules
from review.quality import second
from review.reasons import Reason
from review.records.hold_querysets import tell
from review.services import referrals
from review.services.holds import UNASSIGNED
from review.services.leases import Lease
from scanning.models import CandidatePair, SourceFile


@dataclass(frozen=True, slots=True)
class Option:
    """A verdict with its key on the keyboard and its reasons."""

    verdict: Verdict
    key: str
    shortcut_hint: str | Promise
    reasons: Sequence[Reason] = ()


OPTIONS = (
    Option(Verdict.DUPLICATE, "d", _("Both show the same thing")),
    Option(Verdict.NOT_DUPLICATE, "n", _("Keep both")),
    Option(Verdict.LEGAL_HOLD, "h", _("Nothing may happen to either")),
)


@dataclass(slots=True)
class Answer:
    """What was typed before an answer was refused, so that nothing is lost."""

    verdict: str = ""
    note: str = ""
    matter: int | None = None
    problems: list[str] = field(default_factory=list)


def context(
    pair: CandidatePair,
    user: User,
    lease: Lease | None,
    *,
    right_file: int | None = None,
    answer: Answer | None = None,
    sides: tuple[comparison.Side, comparison.Side] | None = None,
) -> dict[str, Any]:
    """Everything for `review/_desk.html` but the filters; the number of queries is fixed."""
    left, right = sides or comparison.sides(pair, user, right_file)
    review = (
        PairReview.objects.filter(pk=pair.pk)
        .select_related("lease_holder", "decision__reviewer")
        .first()
    )
    decision = review.decision if review else None
    seen = second.seen_by(user, pair)
    if seen is not None:
        decision = seen.decision
    in_force = reasons.in_force()
    given = [replace(option, reasons=in_force.get(option.verdict, ())) for option in OPTIONS]
    options = [option for option in given if policies.may_give(user, option.verdict)]
    matters = Matter.objects.open_for(user) if policies.may_give(user, Verdict.LEGAL_HOLD) else []
    is_own = policies.may_judge(user) and own_uploads.is_own(user, pair.pk)
    answer = answer or Answer()
    holds = _holds(pair, user)
    placement = compared.placement(pair)
    return {
        "pair": pair,
        "left": left,
        "right": right,
        "differences": comparison.differences(left, right),
        "advice": _advice(left, right, holds, placement),
        "tier_words": compared.sentence(pair) or wording.TIERS[pair.tier],
        "regions": compared.regions(pair),
        "other_regions": compared.other_regions(pair),
        "placement": placement,
        "facts": wording.facts(pair),
        "findings": [
            (finding, wording.rules(finding)) for finding in evidence.findings_for(pair, user)
        ],
        "versions": wording.versions(pair),
        "lease": lease,
        "held_elsewhere": None if decision else _holder(review, user),
        "may_take_over": policies.may_judge(user) and not is_own,
        "decision": decision,
        "may_undo": decision is not None
        and policies.may_undo(user, decision)
        and (seen is None or seen.may_undo),
        "past": second.unveiled(_past(pair), seen, user),
        "second": seen,
        "settle_options": given[:2] if seen and seen.dispute else (),
        "group": groups.of_pair(pair, user),
        "holds": holds,
        "options": options if (lease or decision) and not is_own else [],
        "own_upload": own_uploads.OF_A_PAIR if is_own else "",
        "referral": referrals.open_for(pair),
        "colleagues": referrals.colleagues(pair, user) if lease and not is_own else [],
        "matters": matters,
        "matter_chosen": answer.matter or _unassigned(matters),
        "answer": answer,
    }


def _holder(review: PairReview | None, user: User) -> PairReview | None:
    """The review row, where its lease keeps this person from judging."""
    if review is None or review.decision_id or review.lease_until is None:
        return None
    is_theirs = review.lease_holder_id not in (None, user.pk)
    return review if is_theirs and review.lease_until > timezone.now() else None


def _past(pair: CandidatePair) -> list[Decision]:
    """Every decision on the pair, newest first."""
    return list(Decision.objects.filter(pair=pair).select_related("reviewer").order_by("-pk")[:20])


def _holds(pair: CandidatePair, user: User) -> list[Hold]:
    """The holds on either picture or a copy of it, where the person may see what is held."""
    digests = (pair.left.sha256, pair.right.sha256)
    files = SourceFile.objects.filter(sha256__in=digests)
    holds = Hold.objects.visible_to(user).covering(files)
    return tell(holds.select_related("matter", "placed_by", "picture", "library"), user)


def _advice(
    left: comparison.Side, right: comparison.Side, holds: list[Hold], placement: Placement | None
) -> advice.Advice:
    """Which of the two to keep, should they be duplicates."""
    standings = (_standing(left, holds), _standing(right, holds))
    shown = (left.shown, right.shown)
    order = rules.keep_order(*(file.library_id if file else None for file in shown))
    return advice.advise(*advice.candidates((left, right), standings, placement), order)


def _standing(side: comparison.Side, holds: list[Hold]) -> Standing:
    is_record_copy = side.shown is not None and keeping.is_record_copy(side.shown.attributes)
    if not holds:
        return Standing(is_record_copy=is_record_copy)
    files = SourceFile.objects.filter(sha256=side.picture.sha256)
    covering = Hold.objects.filter(pk__in=[hold.pk for hold in holds]).covering(files)
    return Standing(covering.exists(), is_record_copy)


def _unassigned(matters: list[Matter]) -> int | None:
    return next((matter.pk for matter in matters if matter.reference == UNASSIGNED), None)
