"""Numbers that people send as text."""

# What Postgres stores as an id has nineteen digits at most.
MOST_DIGITS = 18


def number(text: str) -> int | None:
    """The whole number that the text is; None for anything else, also for one that is no id."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None
