"""CSV that a spreadsheet program may open: no cell of it becomes a formula.

The guard changes what a cell holds, so that CSV is a view; the JSONL beside it is the truth.
"""

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

# The full-width forms are taken for the plain ones by spreadsheets in East Asian languages.
FORMULA_STARTS = (
    *("=", "+", "-", "@", "\t", "\r", "\0"),
    *("\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}"),
    *("\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}", "\N{MINUS SIGN}"),
)
# So that Excel reads Chinese as UTF-8.
BYTE_ORDER_MARK = "\ufeff"

Cell = str | int | None


def safe_cell(value: Cell) -> Cell:
    """Text that could start a formula, also behind blanks, gets a leading apostrophe."""
    if not isinstance(value, str) or value[:1].isalnum():
        return value
    start = value.lstrip(" \n\v\f")
    while start and start[0] not in FORMULA_STARTS and _is_blank(start[0]):
        start = start[1:]
    return f"'{value}" if start.startswith(FORMULA_STARTS) else value


def csv_line(row: Iterable[Cell]) -> str:
    """One record, guarded, quoted as RFC 4180 has it, with its line end."""
    return str(_write_row(list(map(safe_cell, row))))


def csv_lines(header: Sequence[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """The table line by line: byte order mark and header, then the rows."""
    yield BYTE_ORDER_MARK + csv_line(header)
    yield from map(csv_line, rows)


def _is_blank(character: str) -> bool:
    """White space, control characters and characters without a shape."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


_write_row = csv.writer(_Echo()).writerow
