"""Why the sequencer refuses to sign, with the words that people read."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: dict[str, Promise] = {
    "no_key": _("There is no signing key. %(reason)s"),
    "unknown_key": _(
        "The key %(key)s signed nothing so far, and no event of the log announces it."
        " Bring the old key back, then run manage.py audit_key rotate."
    ),
    "other_log": _(
        "The last checkpoint is of the log %(origin)s, the signing key of the log %(name)s."
        " Bring the right key back, or run manage.py audit_key restart."
    ),
    "outside_missing": _(
        "The copy of the last checkpoint is missing outside of the database: %(path)s."
        " Bring it back, or run manage.py sequence_audit --adopt."
    ),
    "outside_unusable": _(
        "The copy of the last checkpoint outside of the database cannot be used: %(path)s"
        " (%(reason)s). Nothing is signed until this is resolved."
    ),
    "history_lost": _(
        "%(signed)d entries were signed, and the database has %(found)d: it was restored from a"
        " backup, or entries were cut off. Nothing is signed until this is resolved."
    ),
    "history_changed": _(
        "The first %(signed)d entries are not those that were signed: they were changed, or the"
        " database was restored from a backup. Nothing is signed until this is resolved."
    ),
}
