"""Check an exported decision bundle: `python -m dedup_site.audit.verifier BUNDLE`.

Three files (this one, entries.py and proofs.py), the standard library, no Django, no database: they
can be copied into one folder and run anywhere with Python 3.11 or later. BUNDLE is a folder or a
.zip file.

    --keys FILE         public keys that you trust, one a line; may be repeated. Without it the
                        bundle's own keys.txt is used: compare what is printed with your copy.
    --checkpoint FILE   a checkpoint that you kept earlier: the log must still contain all of it

It checks that every file is the one in manifest.json (SHA-256, bytes, rows); that the checkpoint is
signed by a known key; that the entries of the log (events.jsonl) are those under the signed root,
all of them in order, or each with its proof where the export was filtered; that each body commits
to its detail; that each decision has the entry that was recorded with it, and that both say the
same; that superseding links lead to an earlier decision on the same pair, and none twice.

Each finding starts with what happened: edited, deleted, reordered, doubled, truncated, unsigned,
unknown key, inconsistent. Exit status, the highest that applies:

    0   all is well
    1   something was changed: file, line or entry, and field are named
    2   the bundle, a key or a checkpoint cannot be read
    3   no known key has signed the checkpoint: nothing below it is proved
    4   the log contradicts the checkpoint that you kept: history was rewritten or cut off

Signatures are checked by proofs.py itself, so that there is one answer everywhere.
"""

import argparse
import base64
import csv
import gc
import hashlib
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

try:
    from dedup_site.audit import proofs
    from dedup_site.audit.entries import (
        ERASURE,
        EVENTS,
        UNREADABLE,
        WRONG_SHAPE,
        Broken,
        Log,
        Problem,
        Problems,
        Seals,
        Unreadable,
        digest_of,
        is_erased,
        parse_canonical,
        read_body,
    )
except ImportError:  # copied out of the program, or run with `python -I`
    sys.path.append(str(Path(__file__).resolve().parent))
    import proofs  # type: ignore[no-redef, import-not-found]  # the files beside this one
    from entries import (  # type: ignore[no-redef, import-not-found]  # the files beside this one
        ERASURE,
        EVENTS,
        UNREADABLE,
        WRONG_SHAPE,
        Broken,
        Log,
        Problem,
        Problems,
        Seals,
        Unreadable,
        digest_of,
        is_erased,
        parse_canonical,
        read_body,
    )

__all__ = ["Broken", "Check", "digest_of", "main", "parse_canonical", "read_body"]

FORMAT = "second-look-decisions"
VERSION = 2
MANIFEST = "manifest.json"
DECISIONS = "decisions.jsonl"
TABLE = "decisions.csv"
WORKBOOK = "decisions.xlsx"
CHECKPOINTS = "checkpoints.jsonl"
KEYS = "keys.txt"
CONSISTENCY = "consistency.jsonl"
NEEDED = (DECISIONS, EVENTS, TABLE, CHECKPOINTS, KEYS)
FIELDS = ("index", "pair", "verdict", "reason", "supersedes", "reviewer", "implied_by", "note")
DECISION_ACTIONS = ("decision.made", "decision.undone")


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

    def text(self, name: str) -> str:
        """A small file as a whole. Raises Unreadable."""
        try:
            with self.open(name) as file:
                return file.read().decode("utf-8")
        except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise Unreadable(f"{name} cannot be read ({error}).") from error


class Check:
    """One run over one bundle.

    keys: those that are trusted; None stands for the bundle's own.
    kept: a checkpoint from earlier, as it was kept.
    """

    def __init__(
        self, path: Path, keys: Sequence[proofs.Key] | None = None, kept: str | None = None
    ) -> None:
        self.problems = Problems()
        self.rows: dict[str, int] = {}
        self.bundle = Bundle(path)
        self._keys = keys
        self._kept_note = kept
        self._pairs: dict[int, int] = {}
        self._superseded: set[int] = set()
        self._claims: Iterator[dict[str, Any]] = iter(())
        self._unclaimed: dict[int, dict[str, Any]] = {}
        self._read_to = self._last = -1
        self._erasures, self.erased = set[str](), dict[str, int]()

    def run(self) -> None:
        """Fill `problems` and `rows`. Raises Unreadable."""
        text = self.bundle.text(MANIFEST)
        self.manifest_digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
        self._files = self._listed(text)
        self.seals = self._seals()
        self._log = Log(self.problems, self.seals, whole=self.whole)
        self._claims = self._events()
        self._decisions()
        self._log.close()
        kept_agrees = self._log.kept_agrees if self.whole else None
        self.seals.compare(kept_agrees=kept_agrees, offered=self._offered())
        self._missing_details()
        self._table()
        for name in sorted(set(self._files) - {DECISIONS, EVENTS, TABLE}):
            for _chunk in self._read(name):
                pass

    def _missing_details(self) -> None:
        """Details that are gone need an event that tells so; only the whole log shows it."""
        gone = set(self.erased) - self._erasures if self.whole else set()
        for uuid in sorted(gone, key=self.erased.__getitem__):
            entry = self.erased[uuid]
            self._add(
                EVENTS, 0, "detail", f"of entry {entry} is gone, no event tells why", "deleted"
            )

    def _add(self, file: str, line: int, field: str, message: str, kind: str = "edited") -> None:
        self.problems.add(Problem(file, line, field, message, kind))

    def _tell(self, file: str, line: int, error: Exception) -> None:
        match error:
            case Broken():
                self._add(file, line, *error.args)
            case UnicodeDecodeError():
                self._add(file, line, "line", f"is not UTF-8 ({error.reason})")
            case _:
                self._add(file, line, "line", f"lacks something or has the wrong shape ({error!r})")

    def _listed(self, text: str) -> Mapping[str, Any]:
        """What the manifest says about each file. Raises Unreadable."""
        try:
            manifest = json.loads(text)
            known = (manifest["format"], manifest["version"])
            listed = {str(name): dict(entry) for name, entry in manifest["files"].items()}
        except WRONG_SHAPE as error:
            raise Unreadable(f"{MANIFEST} is not a manifest ({error!r}).") from error
        if known != (FORMAT, VERSION):
            raise Unreadable(f"{MANIFEST}: format {known} is not known to this program.")
        for name in NEEDED:
            if name not in listed:
                raise Unreadable(f"{MANIFEST} does not list {name}.")
        self.whole = manifest.get("whole") is True
        return listed

    def _seals(self) -> Seals:
        """The signed checkpoints, with what the auditor brought along. Raises Unreadable."""
        try:
            own = proofs.read_keys(self.bundle.text(KEYS))
            lines = self.bundle.text(CHECKPOINTS).splitlines()
            seals = Seals(self.problems, own if self._keys is None else self._keys)
            seals.read([json.loads(line)["note"] for line in lines], self._kept_note)
        except WRONG_SHAPE as error:
            raise Unreadable(f"A key or a checkpoint cannot be read ({error}).") from error
        return seals

    def _offered(self) -> dict[int, list[bytes]]:
        """The proofs of consistency in the bundle, by the size that they start from."""
        if CONSISTENCY not in self._files:
            return {}
        try:
            lines = map(json.loads, self.bundle.text(CONSISTENCY).splitlines())
            return {
                line["size"]: [base64.b64decode(item, validate=True) for item in line["proof"]]
                for line in lines
            }
        except WRONG_SHAPE as error:
            raise Unreadable(f"{CONSISTENCY} cannot be read ({error!r}).") from error

    def _read(self, name: str) -> Iterator[bytes]:
        """The lines of a file, and at its end what the manifest says about it."""
        digest, size, rows, rest = hashlib.sha256(), 0, 0, b""
        try:
            with self.bundle.open(name) as file:
                while block := file.read(2**20):
                    digest.update(block)
                    size += len(block)
                    *lines, rest = (rest + block).split(b"\n")
                    rows += len(lines)
                    yield from lines
            if rest:
                rows += 1
                yield rest
        except (KeyError, FileNotFoundError):
            self._add(name, 0, "", "is missing", "deleted")
            return
        except (OSError, zipfile.BadZipFile, zlib.error) as error:
            raise Unreadable(f"{name} cannot be read ({error}).") from error
        found: dict[str, Any] = {"sha256": digest.hexdigest(), "bytes": size}
        if name.endswith(".jsonl"):
            found["rows"] = self.rows[name] = rows
        for field, value in found.items():
            if self._files[name].get(field) != value:
                said = self._files[name].get(field)
                self._add(name, 0, field, f"is {value}, the manifest says {said}")

    def _events(self) -> Iterator[dict[str, Any]]:
        """What each decision's entry claims, in the order of the log."""
        for number, raw in enumerate(self._read(EVENTS), 1):
            try:
                line = json.loads(raw)
                claim = self._event(line)
            except (Broken, *WRONG_SHAPE) as error:
                self._tell(EVENTS, number, error)
            else:
                if claim is not None:
                    yield claim

    def _event(self, line: dict[str, Any]) -> dict[str, Any] | None:
        self._log.add(line)
        is_open = "detail" in line
        if is_open:
            detail, salt = line["detail"], bytes.fromhex(line["salt"])
            content = read_body(line["body"], detail, salt)
            if is_erased(detail, salt):
                self.erased[content["uuid"]] = line["index"]
        else:
            content = parse_canonical(line["body"], "body")
            detail = {}
        if content["action"] == ERASURE:
            self._erasures.update(content["data"]["events"])
        if content["action"] not in DECISION_ACTIONS:
            return None
        data = content["data"]
        if data["decision"] in self._pairs or data["decision"] in self._unclaimed:
            raise Broken("body", f"is a second event for decision {data['decision']}", "doubled")
        return {
            **{field: data[field] for field in ("pair", "verdict", "reason", "supersedes")},
            "index": line["index"],
            "decision": data["decision"],
            "reviewer": content["actor"],
            "implied_by": data.get("implied_by"),
            "note": None if is_erased(detail, b"") else detail.get("note", ""),
            "evidence_sha256": data.get("evidence_sha256"),
        }

    def _decisions(self) -> None:
        """Each decision against what its entry claims; both files are read side by side."""
        for number, raw in enumerate(self._read(DECISIONS), 1):
            try:
                self._decision(json.loads(raw))
            except (Broken, *WRONG_SHAPE) as error:
                self._tell(DECISIONS, number, error)
        for claim in self._claims:
            self._unclaimed[claim["decision"]] = claim
        for key in sorted(self._unclaimed):
            self._add(DECISIONS, 0, "", f"lacks decision {key} of {EVENTS}", "deleted")

    def _decision(self, line: dict[str, Any]) -> None:
        key, index, pair = line["id"], line["event"], line["pair"]["id"]
        if key in self._pairs:
            raise Broken("id", f"decision {key} is there twice", "doubled")
        claim = self._claim(key, index)
        self._pairs[key] = pair
        if claim is None:
            raise Broken("id", f"decision {key} has no event in {EVENTS}", "added")
        if index < self._last:
            raise Broken("event", f"decision {key} is out of order", "reordered")
        self._last = index
        said = {**line, "index": index, "pair": pair, "reviewer": line["reviewer"]["id"]}
        for field in FIELDS:
            if said[field] != claim[field] and not (field == "note" and claim["note"] is None):
                raise Broken(field, "is not what the decision's event says")
        if claim["evidence_sha256"] not in (None, digest_of(line["evidence"])):
            raise Broken("evidence", "is not what the decision's event says")
        self._supersedes(line["supersedes"], pair)

    def _claim(self, key: int, index: int) -> dict[str, Any] | None:
        """What the entry of a decision claims; entries are read up to `index`."""
        while self._read_to < index:
            claim = next(self._claims, None)
            if claim is None:
                break
            self._read_to = claim["index"]
            self._unclaimed[claim["decision"]] = claim
        return self._unclaimed.pop(key, None)

    def _supersedes(self, earlier: int | None, pair: int) -> None:
        if earlier is None:
            return
        if earlier in self._superseded:
            raise Broken("supersedes", f"names decision {earlier}, which another superseded too")
        self._superseded.add(earlier)
        if earlier not in self._pairs:
            # A part of the log may lack it.
            if self.whole:
                raise Broken("supersedes", f"names decision {earlier}, which is not there before")
        elif self._pairs[earlier] != pair:
            raise Broken("supersedes", f"names decision {earlier} on another pair")

    def _table(self) -> None:
        """The table has a record for each decision; a record may span lines."""
        lines = (raw.decode("utf-8-sig", "replace") + "\n" for raw in self._read(TABLE))
        rows = max(sum(1 for _row in csv.reader(lines)) - 1, 0)
        if rows != self.rows.get(DECISIONS):
            self._add(TABLE, 0, "rows", f"differ in number from {DECISIONS}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("verifier", description="Check an exported decision bundle.")
    parser.add_argument("bundle", type=Path, help="a folder or a .zip file")
    parser.add_argument("--keys", type=Path, action="append", help="file with keys that you trust")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint that you kept earlier")
    options = parser.parse_args(arguments)
    try:
        keys, kept = _given(options.keys, options.checkpoint)
        check = Check(options.bundle, keys, kept)
        check.run()
    except Unreadable as error:
        sys.stderr.write(f"cannot read: {error}\n")
        return UNREADABLE
    sys.stderr.writelines(f"{line}\n" for line in check.problems.lines())
    if not check.problems.count:
        sys.stdout.writelines(f"{line}\n" for line in _summary(check, are_own=keys is None))
    return check.problems.status


def _given(
    paths: Sequence[Path] | None, checkpoint: Path | None
) -> tuple[list[proofs.Key] | None, str | None]:
    """The keys and the checkpoint that the auditor brings along. Raises Unreadable."""
    try:
        kept = checkpoint.read_text(encoding="utf-8") if checkpoint else None
        if paths is None:
            return None, kept
        return [key for path in paths for key in proofs.read_keys(path.read_text("utf-8"))], kept
    except (OSError, ValueError) as error:
        raise Unreadable(f"A key or a checkpoint of yours cannot be read ({error}).") from error


def _summary(check: Check, *, are_own: bool) -> Iterator[str]:
    yield f"ok: {check.rows[DECISIONS]} decisions, {check.rows[EVENTS]} events"
    if check.whole:
        yield "the whole log: nothing is left out"
    else:
        yield "a part of the log: each event is proved, but not that none is left out"
    if check.erased:
        yield f"{len(check.erased)} events without detail: it was erased"
    if check.seals.newest is not None:
        origin, size, root = check.seals.newest
        yield f"checkpoint: {origin}, {size} entries, root {base64.b64encode(root).decode()}"
        for key in check.seals.signers:
            yield f"signed by: {key}"
        if are_own:
            yield "this key came with the bundle: compare it with the one that you were given"
    yield f"manifest sha256: {check.manifest_digest}"


if __name__ == "__main__":
    gc.disable()  # millions of small objects and no cycles
    sys.exit(main())
