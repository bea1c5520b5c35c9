"""Check an exported decision bundle: `python -m dedup_site.audit.verifier BUNDLE`.

One file, the standard library, no Django, no database: it can be copied and run anywhere with
Python 3.11 or later. BUNDLE is a folder or a .zip file.

It checks that every file is the one in manifest.json (SHA-256, bytes, rows); that every line is
canonical JSON; that each event's body commits to its detail; that each decision has the event that
was recorded with it, and that both say the same; that superseding links lead to an earlier
decision on the same pair, and none is superseded twice.

A bundle that agrees with itself can still have been made up as a whole. The event
`export.decisions` in the audit log holds the manifest's SHA-256 that this program prints.

Exit status: 0 all is well; 1 something was changed (file, line and field are named);
2 the bundle cannot be read.
"""

import argparse
import csv
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

FORMAT = "second-look-decisions"
VERSION = 1
MANIFEST = "manifest.json"
DECISIONS = "decisions.jsonl"
EVENTS = "events.jsonl"
TABLE = "decisions.csv"
DECISION_ACTIONS = ("decision.made", "decision.undone")
MOST_PRINTED = 100


class Problem(NamedTuple):
    """Something that is not as it was written. `line` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(part for part in (self.file, line, self.field) if part)
        return f"{place}: {self.message}"


class Problems:
    """The first problems, and how many there are."""

    def __init__(self) -> None:
        self.first: list[Problem] = []
        self.count = 0

    def add(self, problem: Problem) -> None:
        self.count += 1
        if self.count <= MOST_PRINTED:
            self.first.append(problem)

    def lines(self) -> Iterator[str]:
        yield from map(str, self.first)
        if self.count > MOST_PRINTED:
            yield f"… and {self.count - MOST_PRINTED} more"


class Broken(Exception):
    """A value that fails its check: the field, then what is wrong with it."""


class Unreadable(Exception):
    """The bundle cannot be checked at all."""


def parse_canonical(text: str, field: str) -> Any:
    """The value of canonical JSON text. Raises Broken if it is not canonical."""

    def refuse(number: str) -> Any:
        raise Broken(field, f"holds the number {number}, which canonical JSON does not know")

    try:
        value = json.loads(text, parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Broken(field, f"is not JSON ({error})") from error
    if json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) != text:
        raise Broken(field, "is not in canonical form")
    return value


def read_body(body: str, detail: Any, salt: bytes) -> dict[str, Any]:
    """The content of an event's body, after a check of its form and of its detail's digest."""
    content = parse_canonical(body, "body")
    if not isinstance(content, dict):
        raise Broken("body", "is not an object")
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(salt + text.encode("utf-8", "surrogatepass")).hexdigest()
    if content.get("detail_sha256") != digest:
        raise Broken("detail", "is not what the body's detail_sha256 stands for")
    return content


class Bundle:
    """The files of a bundle, in a folder or in a zip file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = None if path.is_dir() else zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{path} is neither a folder nor a zip file ({error}).") from error

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name) if self._zip is not None else (self.path / name).open("rb")


class Check:
    """One run over one bundle."""

    def __init__(self, path: Path) -> None:
        self.problems = Problems()
        self.rows: dict[str, int] = {}
        self._bundle = Bundle(path)
        self._pairs: dict[int, Any] = {}
        self._superseded: dict[int, int] = {}
        self._claims: dict[int, dict[str, Any]] = {}
        self._witnessed: set[int] = set()

    def run(self) -> None:
        """Fill `problems` and `rows`. Raises Unreadable."""
        raw = self._read(MANIFEST)
        self.manifest_digest = hashlib.sha256(raw).hexdigest()
        files = self._files(raw)
        self._lines(EVENTS, files, self._event)
        self._lines(DECISIONS, files, self._decision)
        self._lines(TABLE, files, None)
        self._missing_decisions()
        if self.rows.get(TABLE) != self.rows.get(DECISIONS):
            self._add(TABLE, 0, "rows", f"differ in number from {DECISIONS}")

    def _add(self, file: str, line: int, field: str, message: str) -> None:
        self.problems.add(Problem(file, line, field, message))

    def _read(self, name: str) -> bytes:
        try:
            with self._bundle.open(name) as file:
                return file.read()
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{name} cannot be read ({error}).") from error

    def _files(self, raw: bytes) -> Mapping[str, Any]:
        """What the manifest says about each file. Raises Unreadable."""
        try:
            manifest = json.loads(raw)
            known = (manifest["format"], manifest["version"])
            files = manifest["files"]
            listed = {name: dict(entry) for name, entry in files.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"{MANIFEST} is not a manifest ({error!r}).") from error
        if known != (FORMAT, VERSION):
            raise Unreadable(f"{MANIFEST}: format {known} is not known to this program.")
        for name in (DECISIONS, EVENTS, TABLE):
            if name not in listed:
                raise Unreadable(f"{MANIFEST} does not list {name}.")
        return listed

    def _lines(
        self, name: str, files: Mapping[str, Any], check: Callable[[int, Any], None] | None
    ) -> None:
        """Read a file once: its digest, its size and its rows; each line of JSON to `check`."""
        digest, size, rows = hashlib.sha256(), 0, 0
        try:
            with self._bundle.open(name) as file:
                for chunk in file:
                    digest.update(chunk)
                    size += len(chunk)
                    rows += 1
                    if check is not None:
                        self._line(name, rows, chunk, check)
            if check is None:
                rows = self._table_rows(name)
        except (KeyError, FileNotFoundError):
            self._add(name, 0, "", "is missing")
            return
        except (OSError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{name} cannot be read ({error}).") from error
        self.rows[name] = rows
        found = {"sha256": digest.hexdigest(), "bytes": size, "rows": rows}
        for field, value in found.items():
            if files[name].get(field) != value:
                self._add(name, 0, field, f"is {value}, the manifest says {files[name].get(field)}")

    def _line(self, name: str, number: int, raw: bytes, check: Callable[[int, Any], None]) -> None:
        try:
            text = raw.decode("utf-8")
            check(number, parse_canonical(text.removesuffix("\n"), "line"))
        except Broken as broken:
            self._add(name, number, *broken.args)
        except UnicodeDecodeError as error:
            self._add(name, number, "line", f"is not UTF-8 ({error.reason})")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._add(name, number, "line", f"lacks something or has the wrong shape ({error!r})")

    def _table_rows(self, name: str) -> int:
        """Records of the table without its header; a record may span lines."""
        with self._bundle.open(name) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
            return max(sum(1 for _row in csv.reader(text)) - 1, 0)

    def _event(self, number: int, line: dict[str, Any]) -> None:
        content = read_body(line["body"], line["detail"], bytes.fromhex(line["salt"]))
        if line["uuid"] != content["uuid"]:
            raise Broken("uuid", "is not the one in the body")
        if content["action"] not in DECISION_ACTIONS:
            return
        data = content["data"]
        if data["decision"] in self._claims:
            raise Broken("body", f"is a second event for decision {data['decision']}")
        self._claims[data["decision"]] = {
            **{field: data[field] for field in ("pair", "verdict", "reason", "supersedes")},
            "reviewer": content["actor"],
            "note": line["detail"].get("note", ""),
            "evidence_sha256": data.get("evidence_sha256"),
        }

    def _decision(self, number: int, line: dict[str, Any]) -> None:
        key, earlier = line["id"], line["supersedes"]
        if key in self._pairs:
            raise Broken("id", f"decision {key} is there twice")
        if self._pairs and key < next(reversed(self._pairs)):
            raise Broken("id", "is out of order")
        self._pairs[key] = line["pair"]["id"]
        if earlier is not None:
            if earlier not in self._pairs:
                raise Broken("supersedes", f"names decision {earlier}, which is not there before")
            if earlier in self._superseded:
                raise Broken(
                    "supersedes",
                    f"names decision {earlier}, which {self._superseded[earlier]} superseded too",
                )
            self._superseded[earlier] = key
            if self._pairs[earlier] != line["pair"]["id"]:
                raise Broken("supersedes", f"names decision {earlier} on another pair")
        self._compare(line)

    def _compare(self, line: dict[str, Any]) -> None:
        """The decision says what its event says."""
        claim = self._claims.get(line["id"])
        if claim is None:
            raise Broken("id", f"decision {line['id']} has no event in {EVENTS}")
        self._witnessed.add(line["id"])
        said = {**line, "pair": line["pair"]["id"], "reviewer": line["reviewer"]["id"]}
        for field in ("pair", "verdict", "reason", "supersedes", "reviewer", "note"):
            if said[field] != claim[field]:
                raise Broken(field, "is not what the decision's event says")
        if claim["evidence_sha256"] not in (None, digest_of(line["evidence"])):
            raise Broken("evidence", "is not what the decision's event says")

    def _missing_decisions(self) -> None:
        for key in sorted(set(self._claims) - set(self._pairs)):
            self._add(DECISIONS, 0, "", f"lacks decision {key}, which {EVENTS} tells about")


def digest_of(value: Any) -> str:
    """The SHA-256 (hex) of a value as canonical JSON."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m dedup_site.audit.verifier", description="Check an exported decision bundle."
    )
    parser.add_argument("bundle", type=Path, help="a folder or a .zip file")
    check_path = parser.parse_args(arguments).bundle
    try:
        check = Check(check_path)
        check.run()
    except Unreadable as error:
        sys.stderr.write(f"cannot read: {error}\n")
        return 2
    for line in check.problems.lines():
        sys.stderr.write(f"changed: {line}\n")
    if check.problems.count:
        return 1
    sys.stdout.write(
        f"ok: {check.rows[DECISIONS]} decisions, {check.rows[EVENTS]} events\n"
        f"manifest sha256: {check.manifest_digest}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
