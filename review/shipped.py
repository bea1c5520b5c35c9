"""Texts that the database came with: shown in the reader's language until somebody changes them.

What they are stored as, exported and hashed as, stays English.
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

TEXTS = frozenset(
    {
        _("UNASSIGNED"),
        _("Holds that wait for their matter"),
        _("Customer due diligence records"),
        _("Transaction records"),
        _("Business and accounting records"),
        _("Records without a duty to keep"),
        _("AMLO: customer due diligence records"),
        _("AMLO: transaction records"),
        _("Inland Revenue Ordinance: business records"),
        _("No duty to keep is known"),
        _(
            "Anti-Money Laundering and Counter-Terrorist Financing Ordinance (Cap. 615), "
            "Schedule 2, section 20(3)"
        ),
        _(
            "Anti-Money Laundering and Counter-Terrorist Financing Ordinance (Cap. 615), "
            "Schedule 2, section 20(2)"
        ),
        _("Inland Revenue Ordinance (Cap. 112), section 51C"),
        _("A decision of the organisation: name it here"),
        _(
            "Not verified against the ordinance. Taken from summaries of the SFC and the Law "
            "Society: throughout the business relationship and at least 5 years after its end. An "
            "authority may require longer by notice (section 20(4)): place a hold for that."
        ),
        _(
            "Not verified against the ordinance. Taken from summaries of the SFC and the Law "
            "Society: at least 5 years after the transaction."
        ),
        _(
            "Not verified against the ordinance. Taken from secondary sources that agree: at "
            "least 7 years after the transaction to which the record belongs."
        ),
        _(
            "For libraries of which somebody has found that no law or contract asks to keep them. "
            "Nothing counts as such by itself."
        ),
    }
)


def shipped(text: str) -> str:
    """The text in the reader's language, if the program came with it; otherwise as it is."""
    return gettext(text) if text in TEXTS else text
