"""The confirmed duplicates that plans are built from. There is no other source."""

from django.db import models

from review.models import PairReview, Verdict


def settled_duplicates() -> models.QuerySet[PairReview]:
    """Pairs whose decision in force says “duplicate”.

    A pair that still waits for a second review has no verdict in force, and is not among them.
    """
    return PairReview.objects.filter(verdict=Verdict.DUPLICATE, decision__isnull=False)
