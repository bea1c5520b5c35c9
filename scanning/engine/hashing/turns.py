"""The seven other ways to lay a picture down: turned, mirrored, both."""

from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", bound=np.generic)


class Turn(NamedTuple):
    """What is done to rows and columns: transposed first, then flipped.

    name: "90", "180", "270" (anticlockwise), "mirror" (left to right), or "mirror90" and so on:
        mirrored first, then turned.
    """

    name: str
    transposed: bool
    rows_flipped: bool
    columns_flipped: bool

    def apply(self, values: NDArray[Pixel]) -> NDArray[Pixel]:
        """Turn an array of shape (rows, columns)."""
        turned = values.T if self.transposed else values
        rows = slice(None, None, -1 if self.rows_flipped else 1)
        columns = slice(None, None, -1 if self.columns_flipped else 1)
        return turned[rows, columns]


TURNS: Final = (
    Turn("90", transposed=True, rows_flipped=True, columns_flipped=False),
    Turn("180", transposed=False, rows_flipped=True, columns_flipped=True),
    Turn("270", transposed=True, rows_flipped=False, columns_flipped=True),
    Turn("mirror", transposed=False, rows_flipped=False, columns_flipped=True),
    Turn("mirror90", transposed=True, rows_flipped=False, columns_flipped=False),
    Turn("mirror180", transposed=False, rows_flipped=True, columns_flipped=False),
    Turn("mirror270", transposed=True, rows_flipped=True, columns_flipped=True),
)
