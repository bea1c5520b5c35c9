"""Why one picture could not be read."""

from typing import Final

KINDS: Final = frozenset(
    {
        "truncated",
        "unsupported",
        "broken",
        "too_large",
        "timeout",
        "crashed",
        "memory",
        "empty",
        "unreadable",
        "not_installed",
    }
)


class PictureError(Exception):
    """One file that could not be read. `message` is plain English and never holds a path."""

    def __init__(self, kind: str, message: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"unknown kind of picture error: {kind}")
        # Both go to `args`, so that the error can be pickled.
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return self.message
