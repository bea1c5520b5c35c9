"""The people's side of the database: decisions, leases, matters and holds."""

from review.models.decisions import Decision, PairReview, Reason, Skip, Verdict
from review.models.holds import Hold, Matter

__all__ = ["Decision", "Hold", "Matter", "PairReview", "Reason", "Skip", "Verdict"]
