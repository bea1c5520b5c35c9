"""Second reviews as the rest of the desk meets them: what is open, for whom, and who sees what."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review import own_uploads
from review.models import Decision, Group, GroupDecision, SecondReview, SecondReviewRule, Verdict
from review.querysets import DecisionQuerySet
from scanning.models import CandidatePair

OPEN = models.Q(ended=False, settled__isnull=True)


def open_review(pair_id: int) -> SecondReview | None:
    """The second review that the pair waits for."""
    reviews = SecondReview.objects.filter(OPEN, pair=pair_id)
    return reviews.select_related("first__reviewer", "second__reviewer").first()


def sees_through(user: User) -> bool:
    """Whether somebody reads open second reviews: nobody does who could still judge."""
    may_judge = user.may(Can.REVIEW) or user.may(Can.PLACE_HOLDS)
    return not may_judge and (user.may(Can.READ_AUDIT) or user.may(Can.MANAGE_ACCESS))


def judged(user: User) -> DecisionQuerySet:
    """Verdicts that the person ever gave as one of two, also those that were taken back."""
    given = Decision.objects.filter(reviewer=user).exclude(verdict=Verdict.WITHDRAWN)
    return given.exclude(evidence__has_key="adjudicates")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one person may know of a pair's open second review.

    decision: their own verdict in it, which stands for them like any other. may_undo: nothing came
    after it. is_disputed: it waits for a third person. dispute: for whoever may be that person.
    """

    decision: Decision | None
    may_undo: bool
    is_disputed: bool
    dispute: SecondReview | None
    is_veiled: bool

    @property
    def verdicts(self) -> list[Decision]:
        """What the two said, for whoever settles it."""
        if self.dispute is None or self.dispute.second is None:
            return []
        return [self.dispute.first, self.dispute.second]

    @property
    def shows_names(self) -> bool:
        """Whether the library lets the third person know who gave the two verdicts."""
        rules = SecondReviewRule.objects.filter(
            library=self.dispute.library_id if self.dispute else 0
        )
        rule = rules.order_by("-number").first()
        return rule is not None and rule.shows_names


def seen_by(user: User, pair: CandidatePair) -> Seen | None:
    """The pair's open second review as this person sees it; None where there is none."""
    review = open_review(pair.pk)
    if review is None:
        return None
    own = review.decision_of(user.pk)
    may_settle = review.is_disputed and user.may(Can.ADJUDICATE)
    may_settle = may_settle and not judged(user).filter(pair=pair).exists()
    return Seen(
        decision=own,
        may_undo=own is not None and not Decision.objects.filter(supersedes=own).exists(),
        is_disputed=review.is_disputed and own is None,
        dispute=review if may_settle and not own_uploads.is_own(user, pair.pk) else None,
        is_veiled=not sees_through(user),
    )


def unveiled(decisions: Iterable[Decision], seen: Seen | None, user: User) -> list[Decision]:
    """Those of a pair's decisions that the person may know of now."""
    if seen is None or not seen.is_veiled:
        return list(decisions)
    return [decision for decision in decisions if decision.reviewer_id == user.pk]


def unveiled_to(decisions: DecisionQuerySet, user: User) -> DecisionQuerySet:
    """The same for decisions on many pairs: without those of others that still wait."""
    if sees_through(user):
        return decisions
    waiting = SecondReview.objects.filter(OPEN, pair=models.OuterRef("pair"))
    return decisions.filter(models.Q(reviewer=user) | ~models.Exists(waiting))


def standing(decisions: Collection[Decision], user: User) -> set[int]:
    """Of somebody's own decisions, by id: those that wait for others, whatever came after them."""
    reviews = SecondReview.objects.filter(
        OPEN, pair__in={decision.pair_id for decision in decisions}
    )
    ids = {pk for two in reviews.values_list("first", "second") for pk in two if pk}
    return ids & {decision.pk for decision in decisions if decision.reviewer_id == user.pk}


def own_verdicts(user: User, pairs: Collection[CandidatePair]) -> dict[int, Decision]:
    """The person's verdicts in open second reviews of these pairs."""
    own = models.Q(first_judge=user) | models.Q(second_judge=user)
    reviews = SecondReview.objects.filter(OPEN, own, pair__in=pairs)
    found = reviews.select_related("first__reviewer", "second__reviewer")
    return {each.pair_id: given for each in found if (given := each.decision_of(user.pk))}


def judged_by(user: User, pictures: Collection[int]) -> dict[int, str]:
    """The person's verdicts in open second reviews of these pictures: pair to verdict."""
    own = models.Q(first_judge=user) | models.Q(second_judge=user)
    reviews = SecondReview.objects.filter(OPEN, own, pair__left__in=pictures)
    rows = reviews.values_list("pair", "first_judge", "first__verdict", "second__verdict")
    return {pair: first if judge == user.pk else second for pair, judge, first, second in rows}


def awaited_by(user: User) -> models.Q:
    """Open second reviews that have nothing for this person to judge."""
    return OPEN & (models.Q(first_judge=user) | models.Q(second__isnull=False))


def waiting_for_others(user: User) -> models.Exists:
    """Whether a row's pair waits for somebody else, as a condition on rows that have a pair."""
    return models.Exists(
        SecondReview.objects.filter(awaited_by(user), pair=models.OuterRef("pair"))
    )


def judged_open(pair: Any, person: Any) -> models.Exists:
    """Whether the person gave one of the verdicts in the pair's open second review."""
    own = models.Q(first_judge=person) | models.Q(second_judge=person)
    return models.Exists(SecondReview.objects.filter(OPEN, own, pair=pair))


def groups_without_work(user: User) -> models.QuerySet[Group]:
    """Groups of which every open pair waits for somebody else."""
    counted = _waiting_by_group(user).filter(group=models.OuterRef("pk")).values("number")
    return Group.objects.filter(open_pairs__gt=0, open_pairs__lte=models.Subquery(counted))


def waiting_in(groups: Collection[Group], user: User) -> dict[int, int]:
    """How many open pairs of these groups wait for somebody else, by the group's id."""
    found = _waiting_by_group(user).filter(group__in=[group.pk for group in groups])
    return dict(found.values_list("group", "number"))


def _waiting_by_group(user: User) -> models.QuerySet[Any, Any]:
    both = SecondReview.objects.filter(
        awaited_by(user),
        ~models.Q(pair__left=models.F("pair__right")),
        pair__left__memberships__group=models.F("pair__right__memberships__group"),
    )
    by_group = both.order_by().values(group=models.F("pair__left__memberships__group"))
    return by_group.annotate(number=models.Count("pk"))


def given_by(user: User, verdict: str) -> models.QuerySet[SecondReview]:
    """Second reviews in which the person gave this verdict, and which wait for somebody else."""
    first = models.Q(first_judge=user, first__verdict=verdict)
    second = models.Q(second_judge=user, second__verdict=verdict)
    return SecondReview.objects.filter(OPEN, first | second)


def veiled(given: Collection[GroupDecision], user: User) -> list[GroupDecision]:
    """Verdicts on groups that the person may know of: not those of others that still wait."""
    others = [each for each in given if each.reviewer_id != user.pk]
    if not others or sees_through(user):
        return list(given)
    first, second = "first__implied_by", "second__implied_by"
    is_theirs = models.Q(**{f"{first}__in": others}) | models.Q(**{f"{second}__in": others})
    reviews = SecondReview.objects.filter(OPEN, is_theirs).values_list(first, second)
    waiting = {pk for two in reviews for pk in two}
    return [each for each in given if each.reviewer_id == user.pk or each.pk not in waiting]
