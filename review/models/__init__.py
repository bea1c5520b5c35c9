"""The people's side of the database: decisions, leases, matters and holds."""

from review.models.decisions import REASONS, Decision, PairReview, Reason, Skip, Verdict
from review.models.holds import Hold, Matter

__all__ = ["REASONS", "Decision", "Hold", "Matter", "PairReview", "Reason", "Skip", "Verdict"]
