"""CSV for spreadsheet programs: no formulas, and every cell comes back as one cell."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_site.audit.spreadsheets import csv_line, csv_lines, safe_cell

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DANGEROUS = "=+-@\t\r\0\uff1d\uff0b\uff0d\uff20\u2212"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+852 2345 6789", "'+852 2345 6789"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tname", "'\tname"),
        ("\rname", "'\rname"),
        ("\0name", "'\0name"),
        ("  =1", "'  =1"),
        ("\n\u3000=1", "'\n\u3000=1"),
        ("\u200b=1", "'\u200b=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
        ("土地註冊處", "土地註冊處"),
        ("", ""),
        (-5, -5),
        (None, None),
    ],
)
def test_what_could_start_a_formula_gets_an_apostrophe(cell: str, shown: str) -> None:
    assert safe_cell(cell) == shown


@given(st.text(st.sampled_from(DANGEROUS + " \n\v\u3000\u00a0a'"), max_size=8) | TEXT)
def test_no_cell_starts_a_formula(cell: str) -> None:
    shown = str(safe_cell(cell))
    assert not shown.startswith(tuple(DANGEROUS))
    assert not shown.strip().startswith(tuple(DANGEROUS))
    assert shown in (cell, f"'{cell}")


@given(st.lists(TEXT, min_size=2, max_size=5))
def test_a_row_comes_back_as_it_was_shown(cells: list[str]) -> None:
    line = csv_line(cells)
    assert line.endswith("\r\n")
    assert list(csv.reader(io.StringIO(line, newline=""))) == [[safe_cell(cell) for cell in cells]]


def test_a_table_starts_with_a_byte_order_mark_so_that_excel_reads_chinese() -> None:
    lines = list(csv_lines(["name"], [["陳大文"]]))
    assert lines == ["\ufeffname\r\n", "陳大文\r\n"]
