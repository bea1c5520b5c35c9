"""What people write next to a verdict."""

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext as _

MOST_NOTE = 2000


def check_note(note: str) -> None:
    """Raise ValidationError if the note is too long, or cannot be kept."""
    ProhibitNullCharactersValidator()(note)
    if len(note) > MOST_NOTE:
        raise ValidationError(
            _("The note is longer than %(number)d characters. Shorten it.") % {"number": MOST_NOTE}
        )
