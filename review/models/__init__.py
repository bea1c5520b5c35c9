"""The people's side of the database: decisions, groups, holds, retention, plans, and the rest."""

from review.models.decisions import Decision, PairReview, Skip, Verdict
from review.models.groups import Group, GroupDecision, Grouping, GroupVerdict, Membership
from review.models.holds import (
    HeldBefore,
    Hold,
    HoldRelease,
    Matter,
    ReleaseApproval,
    ReleaseWithdrawal,
)
from review.models.known import KnownMeeting, KnownPair, KnownPairRule, KnownVerdict
from review.models.plans import (
    ActionPlan,
    ActionRule,
    Certificate,
    PlanAnswer,
    PlanItem,
    PlanStep,
)
from review.models.quality import (
    QualitySample,
    QualitySamplePair,
    SecondReview,
    SecondReviewRule,
)
from review.models.queue import Order, QueueChoice, QueuePlace, Referral, SavedFilter
from review.models.reasons import ReasonCode, ReasonVersion
from review.models.retention import (
    LibraryScheme,
    RecordClass,
    RetentionAnswer,
    RetentionRule,
    RetentionRuleVersion,
)

__all__ = [
    "ActionPlan",
    "ActionRule",
    "Certificate",
    "Decision",
    "Group",
    "GroupDecision",
    "GroupVerdict",
    "Grouping",
    "HeldBefore",
    "Hold",
    "HoldRelease",
    "KnownMeeting",
    "KnownPair",
    "KnownPairRule",
    "KnownVerdict",
    "LibraryScheme",
    "Matter",
    "Membership",
    "Order",
    "PairReview",
    "PlanAnswer",
    "PlanItem",
    "PlanStep",
    "QualitySample",
    "QualitySamplePair",
    "QueueChoice",
    "QueuePlace",
    "ReasonCode",
    "ReasonVersion",
    "RecordClass",
    "Referral",
    "ReleaseApproval",
    "ReleaseWithdrawal",
    "RetentionAnswer",
    "RetentionRule",
    "RetentionRuleVersion",
    "SavedFilter",
    "SecondReview",
    "SecondReviewRule",
    "Skip",
    "Verdict",
]
