"""What stands between words: Chinese has marks of its own, without a space after them."""

from collections.abc import Iterable

from django.utils.translation import gettext


def colon() -> str:
    """Between a label and its value."""
    return gettext(": ")


def comma() -> str:
    """Between the parts of a list."""
    return gettext(", ")


def semicolon() -> str:
    """Between parts that may hold commas."""
    return gettext("; ")


def joined(parts: Iterable[object]) -> str:
    """The parts as a list in the reader's language."""
    return comma().join(map(str, parts))
