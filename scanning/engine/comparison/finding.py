"""A verdict on two pictures before it is put into words."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from scanning.engine.comparison.evidence import Box, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """Boxes lie in the larger picture; `same` is the probability that the two are the same."""

    verdict: Verdict
    reason: str
    same: float
    boxes: tuple[Box, ...] = ()
    worst: float = 0.0
    mean: float = 0.0
    share: float = 0.0
    placement: NDArray[Any] | None = None
