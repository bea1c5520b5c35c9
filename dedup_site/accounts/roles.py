"""What people may do, and the roles that bundle it. Which libraries they see is a matter of scope.

Each role is a group of the same name; migrations keep its permissions as they stand here.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Can(models.TextChoices):
    """One capability each; the value is the permission's code name."""

    REVIEW = "review_pairs", _("Judge candidate pairs")
    READ_PAIRS = "read_pairs", _("Look at pairs and pictures")
    PLACE_HOLDS = "place_holds", _("Place legal holds")
    MANAGE_MATTERS = "manage_matters", _("Open matters")
    APPROVE_RELEASES = "approve_releases", _("Approve releases of legal holds")
    MANAGE_RETENTION = "manage_retention", _("Keep retention rules")
    APPROVE_RETENTION = "approve_retention", _("Approve shorter retention")
    MANAGE_LIBRARIES = "manage_libraries", _("Set up libraries and scan jobs")
    RUN_SCANS = "run_scans", _("Start, pause and cancel scans")
    MANAGE_ACCESS = "manage_access", _("Give people roles and libraries")
    READ_AUDIT = "read_audit", _("Read and export the audit log")
    MAKE_PLANS = "make_plans", _("Make action plans")
    APPROVE_PLANS = "approve_plans", _("Approve action plans")
    ADJUDICATE = "adjudicate_pairs", _("Settle pairs that two people judged differently")

    @property
    def permission(self) -> str:
        """The name that `User.has_perm` takes."""
        return f"accounts.{self.value}"


class Role(models.TextChoices):
    """The value is the group's name."""

    REVIEWER = "reviewer", _("Reviewer")
    ADMIN = "admin", _("Admin")
    RECORDS_OFFICER = "records officer", _("Records officer")
    AUDITOR = "auditor", _("Auditor")


CAPABILITIES: dict[Role, tuple[Can, ...]] = {
    Role.REVIEWER: (Can.READ_PAIRS, Can.REVIEW, Can.PLACE_HOLDS, Can.ADJUDICATE),
    Role.ADMIN: (
        *(Can.READ_PAIRS, Can.MANAGE_LIBRARIES, Can.RUN_SCANS, Can.MANAGE_ACCESS),
        *(Can.MANAGE_RETENTION, Can.MAKE_PLANS, Can.ADJUDICATE),
    ),
    Role.RECORDS_OFFICER: (
        *(Can.READ_PAIRS, Can.PLACE_HOLDS, Can.MANAGE_MATTERS, Can.APPROVE_RELEASES),
        *(Can.MANAGE_RETENTION, Can.APPROVE_RETENTION, Can.MAKE_PLANS, Can.APPROVE_PLANS),
    ),
    Role.AUDITOR: (Can.READ_PAIRS, Can.READ_AUDIT),
}
