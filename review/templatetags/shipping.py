"""`shipped`, `matter_words`: what the program came with, in the reader's language."""

from django import template

from review.models import Matter
from review.shipped import shipped

register = template.Library()

register.filter(shipped)


@register.filter
def matter_words(matter: Matter) -> str:
    """Reference and title, or what people read who may not know of the matter."""
    if not matter.is_told:
        return matter.masked
    return f"{shipped(matter.reference)} {shipped(matter.title)}"
