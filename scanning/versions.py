"""The version of everything that a fingerprint depends on, as one text."""

from scanning.engine.fingerprints import ALGORITHMS


def engine_version() -> str:
    """Changes whenever fingerprints made before can no longer be compared with new ones."""
    return "; ".join(f"{name} {version}" for name, version in sorted(ALGORITHMS.items()))
