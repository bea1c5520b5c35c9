"""Numbers and times that browsers send as text."""

from datetime import datetime

# What Postgres stores as an id has nineteen digits at most.
MOST_DIGITS = 18


def number(text: str) -> int | None:
    """The whole number that the text is; None for anything else, also for one that is no id."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def moment(text: str) -> datetime | None:
    """The time that the text is, ISO 8601 with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
