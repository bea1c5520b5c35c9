"""Workbooks: every cell comes back as it was, and none of them is a formula."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_site.audit import xlsx
from dedup_site.audit.spreadsheets import Cell
from dedup_site.audit.xlsx import MAIN, Workbook

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=32)
    | st.sampled_from("\t\n_x0041_<>&'\"="),
    min_size=1,
    max_size=20,
)

CELLS = st.none() | st.integers() | TEXT


def written(path: Path, header: Sequence[str], rows: Iterable[Iterable[Cell]]) -> Path:
    book = Workbook(path, header)
    for row in rows:
        book.write(row)
    book.close()
    return path


def sheet(path: Path, number: int = 1) -> ElementTree.Element:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        text = archive.read(f"xl/worksheets/{number}.xml")
    return ElementTree.fromstring(text)  # noqa: S314  written by the test itself


def cells(path: Path, number: int = 1) -> list[list[Cell]]:
    """What a spreadsheet program reads from a sheet."""
    rows: list[list[Cell]] = []
    for row in sheet(path, number).iterfind(f"{{{MAIN}}}sheetData/{{{MAIN}}}row"):
        rows.append([])
        for cell in row:
            text, value = cell.find(f".//{{{MAIN}}}t"), cell.find(f"{{{MAIN}}}v")
            if text is not None:
                rows[-1].append((text.text or "").replace("_x005F_", "_").replace("_x000D_", "\r"))
            else:
                rows[-1].append(int(value.text or "") if value is not None else None)
    return rows


def test_a_table_has_its_header_and_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", ["id", "name"], [(1, "=1+1"), (-2, "土地"), (None, "")])
    assert cells(path) == [["id", "name"], [1, "=1+1"], [-2, "土地"], [None, None]]
    assert sheet(path).find(f".//{{{MAIN}}}f") is None


@settings(max_examples=50)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=3))
def test_cells_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[Cell]]) -> None:
    path = written(tmp_path_factory.mktemp("book") / "a.xlsx", ["a", "b"], rows)
    assert cells(path)[1:] == rows


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\0b", "a\ufffdb"), ("\ud800", "\ufffd"), ("a\r\nb", "a\r\nb"), ("x" * 40_000, "x" * 4095)],
)
def test_what_a_workbook_cannot_hold_is_replaced(tmp_path: Path, text: str, shown: str) -> None:
    assert cells(written(tmp_path / "a.xlsx", ["a"], [[text]])) == [["a"], [shown]]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    path = written(tmp_path / "a.xlsx", ["n"], ([number] for number in range(5)))
    assert [cells(path, number) for number in (1, 2, 3)] == [
        [["n"], [0], [1]],
        [["n"], [2], [3]],
        [["n"], [4]],
    ]
    with zipfile.ZipFile(path) as archive:
        assert archive.read("xl/workbook.xml").count(b"<sheet ") == 3
