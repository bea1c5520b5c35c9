"""Checking what the entries of the log say: findings, canonical bodies, order and root.

The standard library only, like proofs.py and verifier.py, which belong together.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

try:
    from dedup_site.audit import proofs
except ImportError:  # copied out of the program, or run with `python -I`
    sys.path.append(str(Path(__file__).resolve().parent))
    import proofs  # type: ignore[no-redef, import-not-found]  # the file beside this one

ERASURE = "audit.detail_erased"
MOST_PRINTED = 100
OK, CHANGED, UNREADABLE, UNSIGNED, INCONSISTENT = range(5)
EVENTS = "events.jsonl"


# Findings


class Problem(NamedTuple):
    """Something that is not as it was written. `line` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    field: str
    message: str
    kind: str = "edited"

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(part for part in (self.file, line, self.field) if part)
        return f"{self.kind}: {place}: {self.message}"


class Problems:
    """The first problems, how many there are, and the exit status that they lead to."""

    def __init__(self) -> None:
        self.first: list[Problem] = []
        self.count = 0
        self.status = OK

    def add(self, problem: Problem, status: int = CHANGED) -> None:
        self.count += 1
        self.status = max(self.status, status)
        if self.count <= MOST_PRINTED:
            self.first.append(problem)

    def lines(self) -> Iterator[str]:
        yield from map(str, self.first)
        if self.count > MOST_PRINTED:
            yield f"… and {self.count - MOST_PRINTED} more"


class Broken(Exception):
    """A value that fails its check: the field, what is wrong with it, and perhaps the kind."""


class Unreadable(Exception):
    """The bundle cannot be checked at all."""


WRONG_SHAPE = (KeyError, TypeError, ValueError, AttributeError)


# Canonical JSON and event bodies


def _refuse_number(number: str) -> Any:
    raise Broken("number", f"holds the number {number}, which canonical JSON does not know")


_decode = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).decode
canonical_text = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode


def parse_canonical(text: str, field: str) -> Any:
    """The value of canonical JSON text. Raises Broken if it is not canonical."""
    try:
        value = _decode(text)
    except Broken as broken:
        raise Broken(field, broken.args[1]) from None
    except (ValueError, RecursionError) as error:
        raise Broken(field, f"is not JSON ({error})") from error
    if canonical_text(value) != text:
        raise Broken(field, "is not in canonical form")
    return value


def read_body(body: str, detail: Any, salt: bytes) -> dict[str, Any]:
    """The content of an event's body, after a check of its form and of its detail's digest.

    A detail without salt and content has been erased: the body stands without it.
    """
    content = parse_canonical(body, "body")
    if not isinstance(content, dict):
        raise Broken("body", "is not an object")
    if is_erased(detail, salt):
        return content
    raw = canonical_text(detail).encode("utf-8", "surrogatepass")
    if content.get("detail_sha256") != hashlib.sha256(salt + raw).hexdigest():
        raise Broken("detail", "is not what the body's detail_sha256 stands for")
    return content


def is_erased(detail: Any, salt: bytes) -> bool:
    """Whether an event's detail was erased. An event of its own must tell so."""
    return not salt and detail == {}


def digest_of(value: Any) -> str:
    """The SHA-256 (hex) of a value as canonical JSON."""
    return hashlib.sha256(canonical_text(value).encode("utf-8")).hexdigest()


# The checkpoints


class Seals:
    """The signed checkpoints of a log: the newest one, earlier ones, and one that was kept.

    keys: those that are trusted. Signatures of others do not count.
    """

    def __init__(self, problems: Problems, keys: Sequence[proofs.Key]) -> None:
        self._problems = problems
        self.keys = keys
        self.newest: proofs.Checkpoint | None = None
        self.signers: list[proofs.Key] = []
        self.roots: dict[int, bytes] = {}
        self.kept: proofs.Checkpoint | None = None

    def read(self, notes: Sequence[str], kept: str | None = None) -> None:
        """Take the log's checkpoints, and the one that was kept. Raises ValueError."""
        read = [(proofs.read_checkpoint(note), note) for note in notes]
        if kept is not None:
            self.kept = proofs.read_checkpoint(kept)
            if not self._signed(kept, "your checkpoint"):
                self.kept = None
        if not read:
            return
        self.newest, newest_note = max(reversed(read), key=lambda pair: pair[0].size)
        self.signers = self._signed(newest_note, "checkpoint")
        self.roots = {self.newest.size: self.newest.root}
        for checkpoint, note in read:
            if checkpoint.origin != self.newest.origin or note == newest_note:
                continue
            if not self._signed(note, "checkpoint", is_needed=False):
                continue
            if self.roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
                self._contradiction(f"two signed roots for {checkpoint.size} entries")

    def _signed(self, note: str, place: str, *, is_needed: bool = True) -> list[proofs.Key]:
        """The known keys that signed it; a finding where that is needed and there is none."""
        try:
            found = proofs.signers(note, self.keys)
        except proofs.BadSignature as error:
            self._problems.add(Problem(place, 0, "signature", str(error), "unsigned"), UNSIGNED)
            return []
        if not found and is_needed:
            names = ", ".join(proofs.signed_with(note))
            message = f"it is signed by {names}, which is not among the keys"
            self._problems.add(Problem(place, 0, "signature", message, "unknown key"), UNSIGNED)
        return found

    def compare(self, *, kept_agrees: bool | None, offered: Mapping[int, Sequence[bytes]]) -> None:
        """What was signed then is the beginning of what is signed now.

        kept_agrees: whether the entries lead to the kept root, where all of them were read.
        offered: proofs of consistency by the size that they start from, for when they were not.
        """
        kept, newest = self.kept, self.newest
        if kept is None:
            return
        size = newest.size if newest else 0
        if newest is not None and kept.origin != newest.origin:
            self._contradiction(f"it is of the log {kept.origin}, this is the log {newest.origin}")
        elif kept.size > size:
            self._contradiction(
                f"it covers {kept.size} entries, the log here {size}:"
                " this is older, or the log was cut off or restored from a backup"
            )
        elif kept_agrees is False:
            self._contradiction(f"the first {kept.size} entries are not those that it covered")
        elif kept_agrees is None and newest is not None:
            proof = [] if kept.size in (0, size) else offered.get(kept.size)
            if proof is None:
                self._contradiction(f"there is no proof that the log goes on from {kept.size}")
            elif not proofs.is_consistent(kept.size, size, kept.root, newest.root, proof):
                self._contradiction(f"the log does not go on from its first {kept.size} entries")

    def _contradiction(self, message: str) -> None:
        problem = Problem("your checkpoint", 0, "", message, "inconsistent")
        self._problems.add(problem, INCONSISTENT)


# The log


class Log:
    """Entries against a root: all of them in order, or each with its proof."""

    def __init__(self, problems: Problems, seals: Seals, *, whole: bool) -> None:
        self._problems = problems
        self._roots = seals.roots
        self._kept = seals.kept
        self._whole = whole
        self._tree = proofs.Tree()
        self._next = 0
        self._agreed = 0
        self._missing: set[int] = set()
        self.size = max(seals.roots, default=0)
        # Whether the entries lead to the root that was kept.
        self.kept_agrees: bool | None = None
        self._compare_kept()

    def add(self, line: Mapping[str, Any]) -> None:
        """One entry, in the order of the file. Raises Broken."""
        index, leaf = line["index"], proofs.leaf_hash(line["body"].encode("utf-8", "surrogatepass"))
        if self._whole:
            self._tree.append(leaf)
            if self._tree.size in self._roots:
                self._compare(self._tree.size)
            self._compare_kept()
        self._place(index)
        if leaf.hex() != line["leaf"]:
            raise Broken("body", f"entry {index} is not the one that its leaf hash stands for")
        if not self._whole:
            self._prove(index, leaf, line["proof"])

    def _place(self, index: int) -> None:
        """Raises Broken if the entry does not come after the one before."""
        last = self._next - 1
        if index > last:
            if self._whole and index > last + 1:
                self._missing.update(range(last + 1, min(index, last + 10**6)))
            self._next = index + 1
        elif index == last or (self._whole and index not in self._missing):
            raise Broken("index", f"entry {index} is there twice", "doubled")
        else:
            self._missing.discard(index)
            raise Broken("index", f"entry {index} stands after entry {last}", "reordered")

    def _prove(self, index: int, leaf: bytes, proof: Sequence[str]) -> None:
        path = [base64.b64decode(item, validate=True) for item in proof]
        try:
            root = proofs.root_of_inclusion(index, self.size, leaf, path)
        except ValueError as error:
            raise Broken("proof", f"of entry {index}: {error}") from error
        if root != self._roots.get(self.size):
            raise Broken("body", f"entry {index} is not the one under the root of the checkpoint")

    def _compare_kept(self) -> None:
        if self._kept is not None and self._tree.size == self._kept.size:
            self.kept_agrees = self._tree.root() == self._kept.root

    def _compare(self, size: int) -> None:
        if self._tree.root() == self._roots[size]:
            self._agreed = size
        elif self._agreed >= 0:
            self._add("edited", f"one of the entries {self._agreed} to {size - 1} is not the one"
                      " under the root of the checkpoint")  # fmt: skip
            self._agreed = -1

    def close(self) -> None:
        """What only the end shows."""
        if not self._whole:
            return
        for index in sorted(self._missing):
            self._add("deleted", f"entry {index} is missing")
        if self._next < self.size:
            self._add("truncated", f"the entries {self._next} to {self.size - 1} are missing")
        elif self._next > self.size:
            self._add("edited", f"the entries from {self.size} on stand under no checkpoint")

    def _add(self, kind: str, message: str) -> None:
        self._problems.add(Problem(EVENTS, 0, "", message, kind))
