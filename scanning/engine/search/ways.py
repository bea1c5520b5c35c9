"""The ways that lead from one picture to another, and how far each of them reaches."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from scanning.engine.hashing.turns import TURNS
from scanning.engine.hashing.windows import WINDOWS

MANY: Final = 20_000

_NAMES: Final = [turn.name for turn in TURNS]
WAYS: Final = (
    "whole",
    *(f"turned:{name}" for name in _NAMES),
    "trimmed",
    *(f"window:left:{index}" for index in range(1, len(WINDOWS))),
    *(f"window:right:{index}" for index in range(1, len(WINDOWS))),
    *(f"turned:{name}:trimmed" for name in _NAMES),
    *(f"turned:{name}:window:left" for name in _NAMES),
    *(f"turned:{name}:window:right" for name in _NAMES),
)
WHOLE: Final = 0
TURNED: Final = 1
TRIMMED: Final = WAYS.index("trimmed")
LEFT_WINDOW: Final = TRIMMED + 1
RIGHT_WINDOW: Final = LEFT_WINDOW + len(WINDOWS) - 1
TURNED_TRIMMED: Final = RIGHT_WINDOW + len(WINDOWS) - 1
TURNED_LEFT_WINDOW: Final = TURNED_TRIMMED + len(TURNS)

_OPPOSITE: Final = {"90": "270", "270": "90"}
_OTHER_SIDE: Final = {"left": "right", "right": "left"}


def _back(way: str) -> str:
    """The way from right to left for a way from left to right."""
    kind, _, rest = way.partition(":")
    if kind == "turned":
        name, _, what = rest.partition(":")
        sides = [_OTHER_SIDE.get(part, part) for part in what.split(":") if part]
        return ":".join([kind, _OPPOSITE.get(name, name), *sides])
    return ":".join(_OTHER_SIDE.get(part, part) for part in way.split(":"))


BACK: Final = np.array([WAYS.index(_back(way)) for way in WAYS])
# The turn that undoes each of TURNS.
UNDONE: Final = np.array([_NAMES.index(_OPPOSITE.get(name, name)) for name in _NAMES])

KINDS: Final = ("whole", "turned", "trimmed", "window", "turned_trimmed", "turned_window")


def _kind(way: str) -> int:
    parts = way.split(":")
    if parts[0] == "turned" and len(parts) > 2:
        return KINDS.index(f"turned_{parts[2]}")
    return KINDS.index(parts[0])


# For each way its place among KINDS.
KIND: Final = np.array([_kind(way) for way in WAYS])


@dataclass(frozen=True, slots=True)
class Radii:
    """The most bits in which two codes may differ, for each way; None switches a way off.

    whole, turned, trimmed, turned_trimmed: of 256 bits. windows, turned_windows: of 64 bits.
    agreement, turned_agreement: how well rasters must agree behind two windows, up to 1.
    """

    whole: int = 64
    turned: int | None = 64
    trimmed: int | None = 56
    windows: int | None = 12
    turned_trimmed: int | None = 48
    turned_windows: int | None = 10
    agreement: float = 0.94
    turned_agreement: float = 0.95

    @classmethod
    def for_count(cls, count: int) -> Self:
        """What so many pictures can bear: wrong pairs grow with the square of their number.

        A radius of 10 costs a few crops in a hundred, and a quarter of the time and of the pairs
        whose rasters must be asked.
        """
        if count <= MANY:
            return cls()
        return cls(windows=10, agreement=0.95, turned_windows=8, turned_agreement=0.96)

    def without_crops(self) -> Self:
        return replace(self, windows=None, turned_windows=None)

    def within(self, largest: int) -> Self:
        """Not beyond a largest distance of 256 bits; `largest` is that of whole pictures."""

        def least(radius: int | None, most: int) -> int | None:
            return None if radius is None else min(radius, most)

        return replace(
            self,
            whole=largest,
            turned=least(self.turned, largest),
            trimmed=least(self.trimmed, largest),
            turned_trimmed=least(self.turned_trimmed, largest),
            windows=least(self.windows, largest // 4),
            turned_windows=least(self.turned_windows, largest // 4),
        )
