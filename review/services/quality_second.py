"""Second reviews: a verdict that waits for another person's, and what becomes of the two.

Everything here runs in the transaction of the verdict, with the pair's review row locked. What it
writes is derived: the verdicts are decisions like all others, and stand in the log as such.
"""

from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from review.models import (
    Decision,
    GroupDecision,
    PairReview,
    SecondReview,
    SecondReviewRule,
    Verdict,
)
from review.quality.second import OPEN, awaited_by, open_review
from review.services import quality_rules
from review.services.refusals import TooLate
from scanning.models import CandidatePair


def known_to(review: PairReview, user: User) -> Decision | None:
    """The decision that this person changes: the one in force, or their own that still waits."""
    waiting = open_review(review.pk)
    return review.decision if waiting is None else waiting.decision_of(user.pk)


def standing_after(decision: Decision) -> Decision | None:
    """Take note of a new verdict; the decision that is in force then, None while the pair waits.

    A legal hold counts at once. A pair that two people settled and that is judged again needs two
    people again.
    """
    waiting = open_review(decision.pair_id)
    if waiting is not None:
        return decision if _goes_on(waiting, decision) else None
    if decision.verdict == Verdict.LEGAL_HOLD:
        return decision
    before = SecondReview.objects.filter(pair=decision.pair_id, ended=False).first()
    rule = quality_rules.of_pair(decision.pair)
    if rule is None and before is None:
        return decision
    SecondReview.objects.filter(pair=decision.pair_id).update(ended=True)
    _opened(decision, rule, before).save()
    return None


def _goes_on(waiting: SecondReview, decision: Decision) -> bool:
    """Whether the verdict settles the second review."""
    is_hold = decision.verdict == Verdict.LEGAL_HOLD
    if is_hold:
        pass
    elif decision.reviewer_id == waiting.first_judge_id:
        waiting.first = decision
    else:
        waiting.second, waiting.second_judge = decision, decision.reviewer
    is_agreed = waiting.second is not None and waiting.second.verdict == waiting.first.verdict
    if is_hold or is_agreed:
        waiting.settled = decision
    waiting.save()
    return is_hold or is_agreed


def _opened(
    decision: Decision, rule: SecondReviewRule | None, before: SecondReview | None
) -> SecondReview:
    return SecondReview(
        pair_id=decision.pair_id,
        library_id=(rule or before).library_id,  # type: ignore[union-attr]  # one is there
        rule=rule,
        sample=before.sample if before else None,
        first=decision,
        first_judge=decision.reviewer,
    )


def after_group(made: Collection[Decision], weakest: int) -> list[int]:
    """The same for the verdicts that one on a group implied; the pairs that wait, by id.

    A group is chosen as one: by the pair that holds it together, so that the second person finds
    all of it open, or nothing.
    """
    pairs = [decision.pair_id for decision in made]
    before = {review.pair_id: review for review in _reviews(pairs).filter(ended=False)}
    held_together = CandidatePair.objects.select_related("left", "right").get(pk=weakest)
    rules = quality_rules.of_pairs(pairs, held_together)
    new, kept = [], []
    for decision in made:
        known = before.get(decision.pair_id)
        rule = rules.get(decision.pair_id)
        if known is not None and known.settled_id is None:
            if not _goes_on(known, decision):
                kept.append(decision.pair_id)
        elif rule is not None or known is not None:
            new.append(_opened(decision, rule, known))
            kept.append(decision.pair_id)
    _reviews([review.pair_id for review in new]).update(ended=True)
    SecondReview.objects.bulk_create(new)
    return kept


def _reviews(pairs: Collection[int]) -> QuerySet[SecondReview]:
    return SecondReview.objects.filter(pair__in=pairs).select_related("first", "second")


def not_theirs(pairs: Iterable[int], user: User) -> set[int]:
    """Of these pairs, those in which the person has nothing to judge: they wait for others."""
    reviews = SecondReview.objects.filter(awaited_by(user), pair__in=list(pairs))
    return set(reviews.values_list("pair", flat=True))


def kept_back(given: GroupDecision) -> list[int]:
    """The pairs whose verdict, implied by this one on a group, waits and may be taken back."""
    last = given.decisions.filter(superseded_by__isnull=True).order_by().values("pk")
    reviews = SecondReview.objects.filter(Q(first__in=last) | Q(second__in=last), OPEN)
    return list(reviews.values_list("pair", flat=True))


def check_undo(review: PairReview, decision: Decision) -> None:
    """Raise TooLate unless the decision is in force, or is the last one of what waits."""
    waiting = open_review(review.pk)
    own = review.decision if waiting is None else waiting.decision_of(decision.reviewer_id)
    is_last = not Decision.objects.filter(supersedes=decision).exists()
    if own is None or own.pk != decision.pk or not is_last:
        raise TooLate(_("This decision has been changed since, so that it cannot be undone."))


def taken_back(decisions: Iterable[int]) -> None:
    """Take note of decisions, by id, that their makers took back."""
    ids = list(decisions)
    reviews = SecondReview.objects.filter(ended=False)
    reviews.filter(settled__in=ids).update(settled=None)
    reviews.filter(third__in=ids).update(third=None, adjudicator=None)
    reviews.filter(second__in=ids).update(second=None, second_judge=None)
    reviews.filter(first__in=ids).update(ended=True)
