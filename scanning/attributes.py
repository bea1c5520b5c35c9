"""What a source file's path, or a line about it in a manifest, says of it: supplier, tender, …

A path pattern such as `{tender}/{supplier}/…` names folders. A manifest is a CSV file in the
library whose column `path` names a file and whose other columns are its attributes.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

MAXIMUM_VALUE = 200
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PIECE = re.compile(r"\{([^{}]*)\}")
_REST = ("…", "...", "**")


class PatternError(ValueError):
    """A path pattern cannot be understood; the message says where."""


class ManifestError(ValueError):
    """A manifest cannot be understood; the message says which line."""


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A parsed pattern: one expression for each of its lines, and the names in all of them."""

    expressions: tuple[re.Pattern[str], ...]
    names: tuple[str, ...]

    def attributes_of(self, path: str) -> dict[str, str]:
        """The attributes that the first fitting line gives; none where no line fits the path."""
        for expression in self.expressions:
            match = expression.fullmatch(path)
            if match is not None:
                return {name: value[:MAXIMUM_VALUE] for name, value in match.groupdict().items()}
        return {}


def parse_pattern(text: str) -> PathPattern | None:
    """The pattern in `text`, or None for an empty text.

    Each line is a pattern of its own; the first that fits a path counts. `{name}` stands for one
    part of a path or a piece of it, `*` for anything within a part, and a last part `…` (or `...`
    or `**`) for whatever follows.

    Raises:
        PatternError: a name is not lower-case letters, digits and `_`, or stands twice in a line,
            or `…` is not the last part.
    """
    lines = [line.strip().strip("/") for line in text.splitlines()]
    parsed = [_parse_line(line) for line in lines if line]
    if not parsed:
        return None
    names = dict.fromkeys(name for _expression, names in parsed for name in names)
    return PathPattern(tuple(expression for expression, _names in parsed), tuple(names))


def _parse_line(line: str) -> tuple[re.Pattern[str], list[str]]:
    """The regular expression of one line, and the names it defines."""
    names: list[str] = []
    parts = line.split("/")
    expressions = []
    for number, part in enumerate(parts):
        if part in _REST:
            if number != len(parts) - 1:
                raise PatternError(_("“…” can only be the last part of the pattern."))
            expressions.append(".+")
        else:
            expressions.append(_part_expression(part, names))
    return re.compile("/".join(expressions), re.DOTALL), names


def _part_expression(part: str, names: list[str]) -> str:
    """The regular expression of one part between slashes; adds the names it defines."""
    expression = ""
    for number, piece in enumerate(_PIECE.split(part)):
        if number % 2 == 0:
            if "{" in piece or "}" in piece:
                raise PatternError(
                    _("A brace is missing its partner in “%(part)s”.") % {"part": part}
                )
            expression += "[^/]*".join(re.escape(text) for text in piece.split("*"))
            continue
        if not _NAME.fullmatch(piece):
            raise PatternError(
                _("“%(name)s” is no attribute name: use lower-case letters, digits and “_”.")
                % {"name": piece}
            )
        if piece in names:
            raise PatternError(_("“%(name)s” stands twice in the pattern.") % {"name": piece})
        names.append(piece)
        expression += f"(?P<{piece}>[^/]+?)"
    return expression


def read_manifest(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    """Attributes by path from the lines of a CSV file with a header.

    Raises:
        ManifestError: no column `path`, a column name that is no attribute name or stands twice,
            or a bad line.
    """
    # A database's text cannot hold the character with the number 0.
    reader = csv.reader((line.replace("\0", "") for line in lines), strict=True)
    try:
        header = _checked_header(next(reader, []))
        known: dict[str, dict[str, str]] = {}
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise ManifestError(
                    _("Line %(line)d of the manifest has %(got)d cells instead of %(wanted)d.")
                    % {"line": reader.line_num, "got": len(row), "wanted": len(header)}
                )
            cells = dict(zip(header, row, strict=True))
            path = cells.pop("path").strip().lstrip("/")
            known[path] = {
                name: value.strip()[:MAXIMUM_VALUE]
                for name, value in cells.items()
                if value.strip()
            }
    except csv.Error as error:
        raise ManifestError(
            _("Line %(line)d of the manifest is not CSV: %(reason)s.")
            % {"line": reader.line_num, "reason": error}
        ) from error
    return known


def _checked_header(cells: Iterable[str]) -> list[str]:
    """The names of a manifest's columns."""
    header = [cell.strip().lstrip("\ufeff").lower() for cell in cells]
    if "path" not in header:
        raise ManifestError(_("The manifest's first line must name a column “path”."))
    for number, name in enumerate(header):
        if not _NAME.fullmatch(name):
            raise ManifestError(
                _(
                    "“%(name)s” in the manifest's first line is no attribute name: use "
                    "lower-case letters, digits and “_”."
                )
                % {"name": name}
            )
        if name in header[:number]:
            raise ManifestError(
                _("“%(name)s” stands twice in the manifest's first line.") % {"name": name}
            )
    return header


def matters(
    left: Mapping[str, str],
    right: Mapping[str, str],
    *,
    must_agree: Iterable[str],
    must_differ: Iterable[str],
) -> bool:
    """Whether two files with these attributes are a finding under a job's rules.

    A missing attribute agrees with nothing and differs from nothing: it cannot be judged.
    """
    return all(name in left and left[name] == right.get(name) for name in must_agree) and all(
        name in left and name in right and left[name] != right[name] for name in must_differ
    )
