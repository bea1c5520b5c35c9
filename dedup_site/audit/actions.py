"""Every action that can stand in the audit log, with the words that people read.

An action that is not listed here cannot be recorded: a silent logger is worse than none.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, Promise] = {
    "account.signed_in": _("Signed in"),
    "account.signed_out": _("Signed out"),
    "account.sign_in_failed": _("Sign-in failed"),
    "account.created": _("Account created"),
    "account.roles_changed": _("Roles changed"),
    "account.scope_changed": _("Access to all libraries changed"),
    "account.deactivated": _("Account deactivated"),
    "account.reactivated": _("Account reactivated"),
    "account.link_issued": _("One-time link issued"),
    "account.password_set": _("Password set"),
    "library.created": _("Library created"),
    "library.changed": _("Library changed"),
    "library.access_granted": _("Access to a library granted"),
    "library.access_revoked": _("Access to a library revoked"),
    "library.file_uploaded": _("File uploaded"),
    "scan_job.created": _("Scan job created"),
    "scan_job.changed": _("Scan job changed"),
    "scan_run.started": _("Scan started"),
    "scan_run.paused": _("Scan paused"),
    "scan_run.resumed": _("Scan resumed"),
    "scan_run.cancelled": _("Scan cancelled"),
    "scan_run.finished": _("Scan finished"),
    "scan_run.failed": _("Scan failed"),
    "picture.viewed": _("Sensitive picture viewed"),
    "decision.made": _("Decision made"),
    "decision.undone": _("Decision undone"),
    "matter.opened": _("Matter opened"),
    "hold.placed": _("Legal hold placed"),
    "export.candidates": _("Candidate pairs exported"),
    "export.decisions": _("Decisions exported"),
    "export.audit": _("Audit log exported"),
    "export.report": _("Report exported"),
}
