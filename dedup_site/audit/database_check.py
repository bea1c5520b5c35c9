"""Checking the log where it lies: every event, every entry, the tree, the checkpoints.

Nothing in the database is believed because it is there. What is believed: the keys that are given,
and the checkpoints that they signed, first of all the one that is kept outside of Postgres.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from dedup_site.audit import log
from dedup_site.audit.entries import (
    ERASURE,
    INCONSISTENT,
    UNSIGNED,
    Broken,
    Problem,
    Problems,
    is_erased,
    read_body,
)
from dedup_site.audit.exports import ROWS_AT_ONCE
from dedup_site.audit.merkle import GrowingTree
from dedup_site.audit.models import LogBatch, LogCheckpoint, LogSubtree
from dedup_site.audit.notes import is_signed
from dedup_site.audit.proofs import (
    EMPTY_ROOT,
    BadSignature,
    Checkpoint,
    Key,
    leaf_hash,
    read_checkpoint,
    signers,
)
from dedup_site.audit.sequencer import KEY_EVENTS

COLUMNS = """
    e.id, e.uuid, e.at, e.action, e.actor_id, e.library_id, e.target_type, e.target_id,
    e.request_id, e.body, e.detail::text, e.salt, e.xid::text::bigint
"""
ENTRIES = f"""
    SELECT l.leaf_index, l.event_id, l.leaf_hash, {COLUMNS}
    FROM audit_logentry l LEFT JOIN audit_auditevent e ON e.id = l.event_id ORDER BY l.leaf_index
"""  # noqa: S608  constants
OTHERS = f"""
    SELECT {COLUMNS} FROM audit_auditevent e
    WHERE NOT EXISTS (SELECT FROM audit_logentry l WHERE l.event_id = e.id) ORDER BY e.id
"""  # noqa: S608  constants


class Row(NamedTuple):
    """An event as it stands in its table."""

    id: int
    uuid: UUID
    at: datetime
    action: str
    actor_id: int | None
    library_id: int | None
    target_type: str
    target_id: str
    request_id: UUID | None
    body: str
    detail: str
    salt: bytes
    xid: int


def check_row(row: Row) -> dict[str, Any]:
    """The content of the body. Raises Broken with the first field that is not as recorded."""
    detail = json.loads(row.detail)
    content = read_body(row.body, detail, bytes(row.salt))
    at = row.at.astimezone(UTC)
    columns = {
        "uuid": str(row.uuid),
        "at": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z",
        "action": row.action,
        "actor": row.actor_id,
        "library": row.library_id,
        "target": [row.target_type, row.target_id],
        "request": str(row.request_id) if row.request_id else None,
    }
    for field, value in columns.items():
        if content.get(field) != value:
            raise Broken(field, "is not what the body says")
    return content


class DatabaseCheck:
    """One run over the log in the database.

    keys: those that are trusted; None stands for the database's own.
    kept: signed checkpoints from outside of it.
    """

    def __init__(self, kept: Sequence[str], keys: Sequence[Key] | None = None) -> None:
        self.problems = Problems()
        self.events = self.entries = self.waiting = self.erased = 0
        self._own = log.public_keys()
        self.keys = self._own if keys is None else keys
        self._tree = GrowingTree()
        self._subtrees: dict[tuple[int, int], bytes] = {}
        self._agreed = 0
        self._is_wrong = False
        self._last = (-1, -1)
        self._gone: dict[str, int] = {}
        self._erasures: set[str] = set()
        self._announced: set[str] = set()
        self._kept = [self._read_kept(note) for note in kept]
        # The roots that the entries lead to where something was kept.
        self._reached: dict[int, bytes] = {one.size: EMPTY_ROOT for one in self._kept if one}

    @transaction.atomic
    def run(self) -> None:
        """Fill `problems` and the counts."""
        rows = LogSubtree.objects.values_list("level", "number", "hash").iterator(ROWS_AT_ONCE)
        self._subtrees = {(level, number): bytes(root) for level, number, root in rows}
        self._is_ordered = LogBatch.objects.values("cluster").distinct().count() < 2
        checkpoints = self._checkpoints()
        ahead = next(checkpoints, None)
        for index, event, leaf, *columns in _stream(ENTRIES):
            self._entry(index, event, bytes(leaf), columns)
            while ahead is not None and ahead.size <= self._tree.size:
                self._compare(ahead)
                ahead = next(checkpoints, None)
        if ahead is not None:
            message = f"{self.entries} entries are there, {ahead.size} were signed"
            self._add("log", message, "truncated")
        for other in _stream(OTHERS):
            self._unsequenced(Row(*other))
        self._keys_are_announced()
        for uuid in sorted(set(self._gone) - self._erasures, key=self._gone.__getitem__):
            message = "is gone, no event tells why"
            self._add(f"row {self._gone[uuid]}, detail", message, "deleted")
        for kept in self._kept:
            if kept is not None:
                self._compare_kept(kept)

    def _add(self, place: str, message: str, kind: str = "edited", status: int = 1) -> None:
        self.problems.add(Problem(place, 0, "", message, kind), status)

    def _entry(self, index: int, event: int, leaf: bytes, columns: Sequence[Any]) -> None:
        if index > self.entries:
            span = f"entries {self.entries} to {index - 1}"
            self._add(span, "are missing", "deleted")
        self.entries = index + 1
        if columns[0] is None:
            self._add(f"entry {index}", f"its event, row {event}, is missing", "deleted")
            actual = leaf
        else:
            row = Row(*columns)
            self._event(row)
            actual = leaf_hash(row.body.encode("utf-8"))
            if actual != leaf:
                message = f"the body of row {row.id} is not the one that got this place"
                self._add(f"entry {index}, body", message)
            if self._is_ordered and (row.xid, row.id) < self._last:
                self._add(f"entry {index}", "stands after a later one", "reordered")
            self._last = (row.xid, row.id)
        for subtree in self._tree.grow(actual):
            place = subtree.level, subtree.number
            if self._subtrees.pop(place, None) != subtree.hash and not self._is_wrong:
                width = 256**subtree.level
                first = subtree.number * width
                span = f"entries {first} to {first + width - 1}"
                self._add(span, "are not those that the stored tree was made of")
        if self._tree.size in self._reached:
            self._reached[self._tree.size] = self._tree.root()

    def _event(self, row: Row) -> None:
        self.events += 1
        try:
            content = check_row(row)
        except Broken as broken:
            self._add(f"row {row.id}, {broken.args[0]}", broken.args[1])
            return
        if not row.salt and is_erased(json.loads(row.detail), b""):
            self._gone[str(row.uuid)] = row.id
            self.erased += 1
        if row.action == ERASURE:
            self._erasures.update(content["data"]["events"])
        elif row.action in KEY_EVENTS:
            self._announced.add(content["data"]["new_key"])

    def _unsequenced(self, row: Row) -> None:
        self._event(row)
        self.waiting += 1
        last = LogBatch.objects.order_by("-id").first()
        if last is None or last.cluster != log.cluster():
            return
        if (row.xid, row.id) <= (last.last_xid, last.last_event):
            self._add(f"row {row.id}", "had its place in the log and has it no more", "deleted")

    def _checkpoints(self) -> Iterator[Checkpoint]:
        """The stored checkpoints that a known key signed, smallest first."""
        for stored in LogCheckpoint.objects.order_by("size", "id").iterator(ROWS_AT_ONCE):
            place = f"checkpoint {stored.pk}"
            try:
                read = read_checkpoint(stored.note)
                if self._is_trusted(stored.note, place):
                    if read != (stored.origin, stored.size, bytes(stored.root)):
                        self._add(place, "its columns are not what was signed")
                    yield read
            except ValueError as error:
                self._add(place, str(error))

    def _is_trusted(self, note: str, place: str) -> bool:
        try:
            if signers(note, self.keys, is_signed):
                return True
            self._add(place, "no known key has signed it", "unknown key", UNSIGNED)
        except BadSignature as error:
            self._add(place, str(error), "unsigned", UNSIGNED)
        return False

    def _compare(self, checkpoint: Checkpoint) -> None:
        if checkpoint.size == self._tree.size and self._tree.root() == checkpoint.root:
            self._agreed = checkpoint.size
        elif not self._is_wrong:
            self._is_wrong = True
            span = f"entries {self._agreed} to {checkpoint.size - 1}"
            message = "at least one of them is not the one that was signed"
            self._add(span, message, "edited", INCONSISTENT)

    def _read_kept(self, note: str) -> Checkpoint | None:
        """A checkpoint from outside, if a known key signed it. Raises ValueError."""
        kept = read_checkpoint(note)
        return kept if self._is_trusted(note, "the checkpoint kept outside") else None

    def _compare_kept(self, kept: Checkpoint) -> None:
        """The log in the database still has all that was signed then."""
        place, stored = "the checkpoint kept outside", LogCheckpoint.objects
        if kept.size > self.entries:
            newest = stored.filter(origin=kept.origin).order_by("-id").first()
            is_whole = newest is not None and newest.size == self.entries
            how = "restored from an older backup" if is_whole else "cut off"
            message = (
                f"it covers {kept.size} entries, the database has {self.entries}: it was {how}"
            )
            self._add(place, message, "restored" if is_whole else "truncated", INCONSISTENT)
        elif self._reached[kept.size] != kept.root:
            is_known = stored.filter(size=kept.size, root=kept.root).exists()
            how = "changed" if is_known else "restored from an older backup and went on, or changed"
            message = f"the first {kept.size} entries are not those that it covers: they were {how}"
            self._add(place, message, "edited" if is_known else "restored", INCONSISTENT)

    def _keys_are_announced(self) -> None:
        """Each key but the first one was announced by an entry."""
        for key in self._own[1:]:
            if str(key) not in self._announced:
                self._add(f"key {key}", "no event announces it", "unknown key", UNSIGNED)


def _stream(sql: str) -> Iterator[Sequence[Any]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows
