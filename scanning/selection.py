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
    whole path and those of the folders it lies in; `*` and `?` are wild cards and capitals do not
    matter. Without include patterns everything is taken that is not excluded.
    """

    include_part: re.Pattern[str] | None
    include_path: re.Pattern[str] | None
    exclude_part: re.Pattern[str] | None
    exclude_path: re.Pattern[str] | None
    minimum_bytes: int

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Self:
        """The selection of a run's configuration."""
        included, excluded = _lines(configuration["include"]), _lines(configuration["exclude"])
        return cls(
            include_part=_any_of([line for line in included if "/" not in line]),
            include_path=_any_of([line for line in included if "/" in line]),
            exclude_part=_any_of([line for line in excluded if "/" not in line]),
            exclude_path=_any_of([line for line in excluded if "/" in line]),
            minimum_bytes=int(configuration["minimum_bytes"]),
        )

    def enters(self, raw: bytes) -> bool:
        """Whether a folder is looked into."""
        return not _fits(raw, self.exclude_part, self.exclude_path)

    def takes(self, raw: bytes, size: int) -> bool:
        """Whether a file is scanned; `size` in bytes."""
        if size < self.minimum_bytes or not self.enters(raw):
            return False
        everything = self.include_part is None and self.include_path is None
        return everything or _fits(raw, self.include_part, self.include_path)


def _fits(raw: bytes, part: re.Pattern[str] | None, whole: re.Pattern[str] | None) -> bool:
    """Whether some part of a path fits `part`, or the path or a folder on it fits `whole`."""
    parts = os.fsdecode(raw).lower().split("/")
    if part and any(map(part.fullmatch, parts)):
        return True
    paths = ("/".join(parts[: number + 1]) for number in range(len(parts)))
    return whole is not None and any(map(whole.fullmatch, paths))


def _lines(text: str) -> list[str]:
    return [line.strip().strip("/").lower() for line in text.splitlines() if line.strip()]


def _any_of(patterns: list[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{fnmatch.translate(pattern)})" for pattern in patterns))
