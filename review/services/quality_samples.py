"""Samples of pairs that were passed over: drawn at random, judged, and counted."""

import secrets

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.models import (
    PairReview,
    QualitySample,
    QualitySamplePair,
    SecondReview,
    Verdict,
)
from review.querysets import undecided
from scanning.models import CandidatePair, Library

Kind = QualitySample.Kind
MOST = 1_000


def population(library: Library, kind: str, score_from: int = 0) -> QuerySet[CandidatePair]:
    """The pairs of a library that a sample of this kind stands for.

    Rejected ones are those that one person judged, one by one: where two agreed there is nothing
    to find out, and a verdict on a group is a verdict on the group.
    """
    pairs = CandidatePair.objects.in_library(library.pk).filter(score__gte=score_from)
    if kind == Kind.LOOKALIKE:
        return undecided(pairs.filter(tier=CandidatePair.Tier.LOOKALIKE))
    twice = SecondReview.objects.filter(ended=False).values("pair")
    return pairs.filter(
        review__verdict=Verdict.NOT_DUPLICATE, review__decision__implied_by=None
    ).exclude(pk__in=twice)


@transaction.atomic
def draw(
    *, actor: User, library: Library, kind: str, size: int, score_from: int = 0
) -> QualitySample:
    """Draw a sample; its pairs are put to people who do not know what was said of them.

    Of rejected pairs the verdict becomes the first of a second review, so that the pair is open
    until somebody else has judged it. Look-alikes are open already.

    Raises:
        PermissionDenied: the person may not set up libraries, or was not given this one.
        ValidationError: a wrong size or score, or there is no such pair.
    """
    if not actor.may(Can.MANAGE_LIBRARIES):
        raise PermissionDenied
    if not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied
    if kind not in Kind.values or not 1 <= size <= MOST or not 0 <= score_from <= 1000:
        raise ValidationError(
            _("Choose what to draw from, and a size from 1 to %(most)d.") % {"most": MOST}
        )
    pairs = population(library, kind, score_from)
    count = pairs.count()
    if not count:
        raise ValidationError(_("There is no such pair in this library, so that none was drawn."))
    seed = secrets.token_hex(16)
    sample = QualitySample.objects.create(
        library=library,
        kind=kind,
        score_from=score_from,
        seed=seed,
        population=count,
        drawn_by=actor,
    )
    drawn = list(by_lot(pairs, seed).values_list("pk", flat=True)[:size])
    if kind == Kind.REJECTED:
        drawn = _open_again(sample, drawn)
    QualitySamplePair.objects.bulk_create(
        QualitySamplePair(sample=sample, pair_id=pair) for pair in drawn
    )
    record(
        "quality.sample_drawn",
        actor=actor,
        target=sample,
        library_id=library.pk,
        data={
            "kind": kind,
            "score_from": score_from,
            "seed": seed,
            "population": count,
            "pairs": drawn,
        },
    )
    return sample


def by_lot(pairs: QuerySet[CandidatePair], seed: str) -> QuerySet[CandidatePair]:
    """The pairs in the order that the seed gives them: by the SHA-256 of `seed:pair`."""
    text = Concat(Value(f"{seed}:"), Cast("pk", TextField()), output_field=TextField())
    ticket = Func(Func(text, Value("UTF8"), function="convert_to"), function="sha256")
    return pairs.annotate(ticket=ticket).order_by("ticket")


def _open_again(sample: QualitySample, drawn: list[int]) -> list[int]:
    """Have the pairs judged a second time; those that really are still rejected."""
    rows = PairReview.objects.filter(pk__in=drawn, verdict=Verdict.NOT_DUPLICATE)
    reviews = {
        row.pk: row
        for row in rows.order_by("pk").select_for_update(of=("self",)).select_related("decision")
    }
    SecondReview.objects.bulk_create(
        SecondReview(
            pair_id=pk,
            library=sample.library,
            sample=sample,
            first=row.decision,
            first_judge_id=row.decision.reviewer_id,
        )
        for pk, row in reviews.items()
        if row.decision is not None
    )
    PairReview.objects.filter(pk__in=reviews).update(
        decision=None, verdict="", token=F("token") + 1, regroup=True
    )
    return [pair for pair in drawn if pair in reviews]
