"""The versions of everything that fingerprints and comparisons depend on, as texts."""

from functools import cache
from importlib.metadata import version

from django.conf import settings

from scanning.engine.decoding.extras import EXTRAS
from scanning.engine.hashing.fingerprints import ALGORITHMS

# Raise it when files are read differently: other pages of them, or other pictures.
READING = 2

# Raise it when `scanning.engine.comparison.compare` judges differently.
COMPARISON = 3


def engine_version() -> str:
    """Changes whenever fingerprints made before can no longer be compared with new ones."""
    algorithms = (f"{name} {version}" for name, version in sorted(ALGORITHMS.items()))
    return "; ".join([f"reading {READING}", *algorithms])


def reading_version(format_name: str | None, *, is_partial: bool = False) -> str:
    """What a file was read with; None: with everything there is, and nothing could read it.

    Changes when the library that reads this format is installed or replaced, and for a file that
    was read only in part also when more pages may be read.
    """
    used = [extra for name, extra in EXTRAS.items() if format_name in (None, name)]
    parts = [engine_version(), *(extra.version() for extra in used)]
    return "; ".join(parts + [f"pages {settings.DECODE_PAGES}"] * is_partial)


@cache
def current_versions() -> frozenset[str]:
    """All that `reading_version` may say now: what was read with another is read again."""
    formats = (None, "", *EXTRAS)
    return frozenset(
        reading_version(name, is_partial=is_partial)
        for name in formats
        for is_partial in (False, True)
    )


def comparison_version() -> str:
    """Changes whenever pairs that were compared before should be compared again."""
    return f"{COMPARISON} opencv={version('opencv-python-headless')}"
