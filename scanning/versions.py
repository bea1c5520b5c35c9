"""The versions of everything that fingerprints and comparisons depend on, as texts."""

from importlib.metadata import version

from scanning.engine.fingerprints import ALGORITHMS

# Raise it when `scanning.engine.compare` judges differently.
COMPARISON = 1


def engine_version() -> str:
    """Changes whenever fingerprints made before can no longer be compared with new ones."""
    return "; ".join(f"{name} {version}" for name, version in sorted(ALGORITHMS.items()))


def comparison_version() -> str:
    """Changes whenever pairs that were compared before should be compared again."""
    return f"{COMPARISON} opencv={version('opencv-python-headless')}"
