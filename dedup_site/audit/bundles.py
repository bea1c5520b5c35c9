"""The log's part of an export bundle: entries with their proofs, checkpoints, keys.

    events.jsonl        entries of the log: index, leaf hash, exact body; detail and salt where the
                        export is about them; in a part of the log also the proof of each
    checkpoints.jsonl   signed checkpoints, the newest last
    keys.txt            every public key that ever signed
    consistency.jsonl   proofs that the log goes on from checkpoints that somebody keeps

All of it is streamed: no table is ever held in memory.
"""

import base64
import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction

from dedup_site.audit import log, merkle
from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.exports import ROWS_AT_ONCE
from dedup_site.audit.models import LogCheckpoint
from dedup_site.audit.verifier import CHECKPOINTS, CONSISTENCY, KEYS

LINES_AT_ONCE = 500
# A whole log comes with so many checkpoints: the more, the nearer a change can be located.
MOST_CHECKPOINTS = 200


class BundleFile:
    """A file that counts and digests what is written to it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._sha256 = hashlib.sha256()
        self._bytes = 0
        self._waiting: list[str] = []
        self.rows = 0

    def write(self, line: str) -> None:
        """One more row."""
        self.rows += 1
        self.write_unnumbered(line)

    def write_unnumbered(self, line: str) -> None:
        """A line that is no row: a header."""
        self._waiting.append(line)
        if len(self._waiting) >= LINES_AT_ONCE:
            self._flush()

    def close(self) -> dict[str, Any]:
        """What the manifest says about the file, which is on disk then."""
        self._flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return {"sha256": self._sha256.hexdigest(), "bytes": self._bytes, "rows": self.rows}

    def _flush(self) -> None:
        raw = "".join(self._waiting).encode("utf-8", "surrogatepass")
        self._file.write(raw)
        self._sha256.update(raw)
        self._bytes += len(raw)
        self._waiting = []


def facts_of(path: Path, rows: int) -> dict[str, Any]:
    """The same about a file that something else wrote."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return {"sha256": digest, "bytes": path.stat().st_size, "rows": rows}


class Entry(NamedTuple):
    """An entry of the log with its event; detail is None where it stays closed.

    Leaf and salt are hexadecimal, made by the database: it costs less there.
    """

    place: int
    leaf: str
    action: str
    body: str
    detail: str | None
    salt: str | None


@dataclass(frozen=True, slots=True)
class Slice:
    """Which entries are exported.

    kinds: the starts of the actions whose detail is opened; of a part, these alone are exported.
    where: what else narrows a part, in SQL about the event `e`; None for the whole log.
    closed: which details stay closed all the same, in SQL about the event `e`.
    """

    kinds: Sequence[str]
    where: str | None = None
    bounds: Sequence[Any] = ()
    closed: str = "FALSE"
    closed_bounds: Sequence[Any] = ()

    @property
    def is_whole(self) -> bool:
        return self.where is None


def entries_of(wanted: Slice, size: int) -> Iterator[Entry]:
    """The entries under a checkpoint of `size`, in their order. An entry without event is skipped.

    Runs in a transaction of its own, or in the caller's.
    """
    is_wanted = "e.action LIKE ANY (%s)"
    is_open = f"({is_wanted} AND NOT ({wanted.closed}))"
    patterns = [f"{kind}%" for kind in wanted.kinds]
    narrowed = "" if wanted.is_whole else f"AND {is_wanted} AND ({wanted.where})"
    sql = f"""
        SELECT l.leaf_index, encode(l.leaf_hash, 'hex'), e.action, e.body,
               CASE WHEN {is_open} THEN e.detail::text END,
               CASE WHEN {is_open} THEN encode(e.salt, 'hex') END
        FROM audit_logentry l JOIN audit_auditevent e ON e.id = l.event_id
        WHERE l.leaf_index < %s {narrowed}
        ORDER BY l.leaf_index
    """  # noqa: S608  what comes from people is in the bounds
    opened = [patterns, *wanted.closed_bounds]
    bounds: list[Any] = [*opened, *opened, size]
    if not wanted.is_whole:
        bounds += [patterns, *wanted.bounds]
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql, bounds)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from map(Entry._make, rows)


def entry_line(entry: Entry, proof: Sequence[bytes] | None) -> str:
    """An entry as a line of events.jsonl. Its detail is the database's own text of it."""
    parts = [f'{{"index":{entry.place},"leaf":"{entry.leaf}"']
    parts.append(f'"body":{encode_basestring(entry.body)}')
    if entry.detail is not None and entry.salt is not None:
        parts.append(f'"detail":{entry.detail},"salt":"{entry.salt}"')
    if proof is not None:
        parts.append(f'"proof":{canonical_json([base64.b64encode(p).decode() for p in proof])}')
    return ",".join(parts) + "}\n"


class Prover:
    """Proofs for the log as one checkpoint signed it."""

    def __init__(self, size: int) -> None:
        self._tiles = merkle.Tiles(size, log.nodes)

    def inclusion(self, index: int) -> list[bytes]:
        return merkle.inclusion_proof(index, self._tiles.size, self._tiles)

    def consistency(self, old: int) -> list[bytes]:
        return merkle.consistency_proof(old, self._tiles.size, self._tiles)


def write_seals(
    folder: Path, checkpoint: LogCheckpoint | None, *, is_whole: bool, since: Collection[int]
) -> dict[str, dict[str, Any]]:
    """Checkpoints, keys and proofs of consistency; returns what the manifest says about them.

    since: sizes of checkpoints that somebody keeps; larger ones than this one are left out.
    """
    files = {name: BundleFile(folder / name) for name in (CHECKPOINTS, KEYS, CONSISTENCY)}
    for key in log.public_keys():
        files[KEYS].write(f"{key}\n")
    if checkpoint is not None:
        for note in _notes(checkpoint) if is_whole else [checkpoint.note]:
            files[CHECKPOINTS].write(canonical_json({"note": note}) + "\n")
        prover = Prover(checkpoint.size)
        for old in sorted(size for size in since if 0 < size < checkpoint.size):
            proof = [base64.b64encode(item).decode() for item in prover.consistency(old)]
            files[CONSISTENCY].write(canonical_json({"proof": proof, "size": old}) + "\n")
    return {name: file.close() for name, file in files.items()}


def _notes(newest: LogCheckpoint) -> list[str]:
    """Checkpoints up to the newest: all, or as many as allowed at even distances."""
    same = LogCheckpoint.objects.filter(origin=newest.origin, id__lte=newest.pk)
    ids = list(same.order_by("id").values_list("id", flat=True))
    step = -(-len(ids) // MOST_CHECKPOINTS)
    chosen = sorted({*ids[::step], newest.pk})
    return list(same.filter(id__in=chosen).order_by("id").values_list("note", flat=True))
