"""The truth table: which files of a folder belong together."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

REQUIRED: Final = ("path", "origin")
OPTIONAL: Final = ("transform", "domain", "differs_from", "difference")
ORIGINAL: Final = "original"


class TruthError(Exception):
    """The table or the folder cannot be used; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file. Files of one origin show the same picture.

    path: relative to the folder. transform: what made it a copy; `original` for what the copies
    were made from. domain: the kind of picture. differs_from: another origin that this one is
    like but for `difference`, such as "one field".
    """

    path: str
    origin: str
    transform: str = ""
    domain: str = ""
    differs_from: str = ""
    difference: str = ""


def read_truth(table: Path, folder: Path) -> list[Entry]:
    """The entries of a CSV table (UTF-8, columns `path` and `origin`, others if wanted).

    Raises:
        TruthError: something about the table or the folder is wrong; names file and line.
    """
    if not folder.is_dir():
        raise TruthError(f"{folder} is not a folder. Name the folder with the pictures.")
    if not any(path.is_file() for path in folder.rglob("*")):
        raise TruthError(f"There is no file in {folder}. Name the folder with the pictures.")
    lines = _lines(table)
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for number, line in lines:
        entry = _entry(line, f"{table}, line {number}", folder)
        if entry.path in seen:
            raise TruthError(
                f"{table}, line {number}: {entry.path} is in line {seen[entry.path]} already."
                " A file has one origin: keep one of the lines."
            )
        seen[entry.path] = number
        entries.append(entry)
    if not entries:
        raise TruthError(f"{table} lists no file. Give a line with path and origin for each file.")
    _check_differences(entries, table)
    return entries


def _lines(table: Path) -> list[tuple[int, dict[str, str]]]:
    """Number and cells of each line below the heading."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            names: Sequence[str] = reader.fieldnames or ()
            for name in REQUIRED:
                if name not in names:
                    raise TruthError(
                        f"{table} has no column “{name}”. Its first line must name the columns:"
                        f" {', '.join(REQUIRED)}, and if wanted {', '.join(OPTIONAL)}."
                    )
            return [(reader.line_num, line) for line in reader]
    except UnicodeDecodeError as error:
        raise TruthError(f"{table} is not UTF-8 text. Save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise TruthError(f"{table} cannot be read as CSV: {error}.") from error
    except OSError as error:
        raise TruthError(f"{table} cannot be read: {error.strerror}.") from error


def _entry(line: dict[str, str], place: str, folder: Path) -> Entry:
    cells = {name: line.get(name, "").strip() for name in (*REQUIRED[1:], *OPTIONAL)}
    path = PurePosixPath(line["path"])
    if not cells["origin"] or not line["path"]:
        raise TruthError(f"{place}: path or origin is empty. Give both, or take the line out.")
    if path.is_absolute() or ".." in path.parts or not (folder / path).is_file():
        raise TruthError(
            f"{place}: there is no file {line['path']} in {folder}. Paths are relative to it."
        )
    return Entry(str(path), **cells)


def _check_differences(entries: list[Entry], table: Path) -> None:
    origins = {entry.origin for entry in entries}
    for entry in entries:
        if entry.differs_from and entry.differs_from not in origins:
            raise TruthError(
                f"{table}: {entry.path} differs from {entry.differs_from},"
                " but no file has that origin."
            )
