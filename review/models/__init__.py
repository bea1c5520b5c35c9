"""The people's side of the database: decisions, leases, groups, matters, holds, retention."""

from review.models.decisions import REASONS, Decision, PairReview, Reason, Skip, Verdict
from review.models.groups import Group, GroupDecision, Grouping, GroupVerdict, Membership
from review.models.holds import (
    HeldBefore,
    Hold,
    HoldRelease,
    Matter,
    ReleaseApproval,
    ReleaseWithdrawal,
)
from review.models.retention import (
    LibraryScheme,
    RecordClass,
    RetentionAnswer,
    RetentionRule,
    RetentionRuleVersion,
)

__all__ = [
    "REASONS",
    "Decision",
    "Group",
    "GroupDecision",
    "GroupVerdict",
    "Grouping",
    "HeldBefore",
    "Hold",
    "HoldRelease",
    "LibraryScheme",
    "Matter",
    "Membership",
    "PairReview",
    "Reason",
    "RecordClass",
    "ReleaseApproval",
    "ReleaseWithdrawal",
    "RetentionAnswer",
    "RetentionRule",
    "RetentionRuleVersion",
    "Skip",
    "Verdict",
]
