"""Sums over small squares of two pictures: the compiled loops under the comparison.

All sums run along whole rows, which compilers turn into vector instructions, and are whole numbers
below 2**24, which 32-bit floats hold exactly: every machine gives the same answer.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.engine.compiled import compiled

cv2.setNumThreads(1)

Bytes = NDArray[Any]  # H x W of uint8; the stubs of cv2 know no narrower type
Sums = NDArray[np.float32]

CELL: Final = 8  # px; the side of a cell


def cell_means(values: Bytes) -> Bytes:
    """The mean of each whole cell, rows x columns of uint8."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    whole = values[: rows * CELL, : columns * CELL]
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)


@compiled
def moments(values: Any) -> Any:
    """The mean and the mean square of each whole cell: 2 x rows x columns of float32."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    width = columns * CELL
    result = np.empty((2, rows, columns), np.float32)
    plain, square = np.empty(width, np.float32), np.empty(width, np.float32)
    for row in range(rows):
        plain[:], square[:] = 0, 0
        for y in range(row * CELL, row * CELL + CELL):
            line = values[y]
            for x in range(width):
                value = np.float32(line[x])
                plain[x] += value
                square[x] += value * value
        _fold(plain, result[0, row])
        _fold(square, result[1, row])
    return result


@compiled
def products(left: Any, right: Any, reach: int) -> Any:
    """For each shift by up to `reach` px what the cells of two pictures come to.

    `right` has `reach` more pixels on each side. Returns rows x columns x (3 x shifts) of float32:
    the means of left times right, then those of right, then those of its square.
    """
    rows, columns = left.shape[0] // CELL, left.shape[1] // CELL
    width, span = columns * CELL, 2 * reach + 1
    shifts = span * span
    result = np.empty((rows, columns, 3 * shifts), np.float32)
    both, plain = np.empty(width, np.float32), np.empty(width, np.float32)
    square = np.empty(width, np.float32)
    for row in range(rows):
        for shift in range(shifts):
            both[:], plain[:], square[:] = 0, 0, 0
            for y in range(row * CELL, row * CELL + CELL):
                line = left[y]
                moved = right[y + shift // span, shift % span :]
                for x in range(width):
                    value = np.float32(moved[x])
                    both[x] += np.float32(line[x]) * value
                    plain[x] += value
                    square[x] += value * value
            _fold(both, result[row, :, shift])
            _fold(plain, result[row, :, shifts + shift])
            _fold(square, result[row, :, 2 * shifts + shift])
    return result


@compiled
def _fold(sums: Any, cells: Any) -> None:
    """The means of cells from the sums of their columns."""
    for column in range(len(cells)):
        total = np.float32(0)
        for x in range(column * CELL, column * CELL + CELL):
            total += sums[x]
        cells[column] = total / np.float32(CELL * CELL)


@compiled
def share_of(values: Any, whole: Any, least: float) -> Any:
    """What of `whole` the values lack, in parts of 255; `whole` counts as `least` at least."""
    parts = np.empty(256, np.float32)
    for level in range(256):
        parts[level] = 255 / max(np.float32(level), np.float32(least))
    result = np.empty(values.shape, np.uint8)
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            lack = np.float32(whole[y, x]) - np.float32(values[y, x])
            result[y, x] = np.uint8(max(np.float32(0), lack) * parts[whole[y, x]])
    return result


@compiled
def third_highest(values: Any) -> Any:
    """The third highest value of each whole cell: a stroke is more than a speck."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    result = np.empty((rows, columns), np.uint8)
    for row in range(rows):
        for column in range(columns):
            first = second = third = np.uint8(0)
            for y in range(row * CELL, row * CELL + CELL):
                for x in range(column * CELL, column * CELL + CELL):
                    value = values[y, x]
                    if value > third:
                        if value > first:
                            first, second, third = value, first, second
                        elif value > second:
                            second, third = value, second
                        else:
                            third = value
            result[row, column] = third
    return result


@compiled
def correlations(left: Any, right: Any, corners: Any, tile: int, reach: int) -> Any:
    """How well tiles of `left` agree with `right` at each shift by up to `reach` px.

    `corners` are rows of (x, y), at least `reach` px within both. Returns the normalised
    cross-correlations, tiles x shifts down x shifts across, -1..1.
    """
    span = 2 * reach + 1
    result = np.zeros((len(corners), span, span), np.float32)
    for number in range(len(corners)):
        x, y = corners[number]
        piece = left[y : y + tile, x : x + tile].astype(np.float32)
        around = right[y - reach : y + tile + reach, x - reach : x + tile + reach]
        _correlate(piece, around.astype(np.float32), result[number])
    return result


@compiled
def _correlate(piece: Any, around: Any, result: Any) -> None:
    """Fills in the correlation of a square piece with each place of the square around it."""
    tile, area = len(piece), np.float64(piece.size)
    both = np.empty(tile, np.float32)
    plain, square = np.empty(len(around), np.float32), np.empty(len(around), np.float32)
    total, power = _sums(piece)
    spread = power - total * total / area
    for down in range(len(result)):
        plain[:], square[:] = 0, 0
        for row in range(tile):
            line = around[row + down]
            for column in range(len(line)):
                value = line[column]
                plain[column] += value
                square[column] += value * value
        for across in range(len(result)):
            both[:] = 0
            for row in range(tile):
                line, moved = piece[row], around[row + down, across:]
                for column in range(tile):
                    both[column] += line[column] * moved[column]
            shared = other = energy = 0.0
            for column in range(tile):
                shared += both[column]
                other += plain[across + column]
                energy += square[across + column]
            scale = spread * (energy - other * other / area)
            if scale > 0:
                result[down, across] = (shared - total * other / area) / np.sqrt(scale)


@compiled
def _sums(values: Any) -> Any:
    """The sum of the values, and of their squares."""
    total = power = 0.0
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            value = np.float64(values[row, column])
            total += value
            power += value * value
    return total, power
