"""Which files a scan job takes: include and exclude patterns, and the smallest size."""

import fnmatch
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns of a job, ready to be asked.

    A pattern without a slash is held against each part of a path, one with a slash against the
    whole path; `*` and `?` are wild cards and capitals do not matter. Without include patterns
    everything is taken that is not excluded.
    """

    include: tuple[re.Pattern[str], ...]
    exclude_part: re.Pattern[str] | None
    exclude_path: re.Pattern[str] | None
    minimum_bytes: int

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Self:
        """The selection of a run's configuration."""
        excluded = _lines(configuration["exclude"])
        return cls(
            include=tuple(
                re.compile(_expression(line if "/" in line else f"*/{line}"))
                for line in _lines(configuration["include"])
            ),
            exclude_part=_any_of([line for line in excluded if "/" not in line]),
            exclude_path=_any_of([line for line in excluded if "/" in line]),
            minimum_bytes=int(configuration["minimum_bytes"]),
        )

    def enters(self, raw: bytes) -> bool:
        """Whether a folder is looked into."""
        return not self._is_excluded(raw)

    def takes(self, raw: bytes, size: int) -> bool:
        """Whether a file is scanned; `size` in bytes."""
        if size < self.minimum_bytes or self._is_excluded(raw):
            return False
        path = "/" + os.fsdecode(raw).lower()
        return not self.include or any(
            pattern.fullmatch(path) or pattern.fullmatch(path[1:]) for pattern in self.include
        )

    def _is_excluded(self, raw: bytes) -> bool:
        path = os.fsdecode(raw).lower()
        return bool(
            (self.exclude_part and any(map(self.exclude_part.fullmatch, path.split("/"))))
            or (self.exclude_path and self.exclude_path.fullmatch(path))
        )


def _lines(text: str) -> list[str]:
    return [line.strip().strip("/").lower() for line in text.splitlines() if line.strip()]


def _expression(pattern: str) -> str:
    return fnmatch.translate(pattern)


def _any_of(patterns: list[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns))
