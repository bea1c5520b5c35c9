"""The sequencer: gives events their entries in the log, and signs what the log is.

One at a time, elected by a lock in Postgres. Events get their places by transaction, not by time:
whatever transactions older than the oldest running one wrote is final, so nothing can turn up
between two entries afterwards. Entries are committed first, then the checkpoint is written to a
file outside of Postgres, then stored and published: a checkpoint that anybody saw is never
forgotten, and a database that contradicts it is never signed.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from dedup_site.audit import keyring, log, outside
from dedup_site.audit.acting import acting_as
from dedup_site.audit.merkle import GrowingTree, Subtree, Tiles, edge_of
from dedup_site.audit.models import (
    AuditEvent,
    LogBatch,
    LogCheckpoint,
    LogEntry,
    LogIncident,
    LogKey,
)
from dedup_site.audit.notes import Signer
from dedup_site.audit.proofs import Checkpoint, leaf_hash, signers
from dedup_site.audit.publishing import publish

logger = structlog.get_logger(__name__)

# "SLAuditL" as a number: any constant will do, as long as nobody else uses it.
LOCK = 0x534C41756469744C
AT_ONCE = 5_000
ENTRIES = "audit_logentry (leaf_index, event_id, leaf_hash)"
SUBTREES = "audit_logsubtree (level, number, hash)"
KEY_EVENTS = ("audit.key_rotated", "audit.log_restarted")


class Refusal(Exception):
    """The sequencer must not go on: a key of REFUSALS, and what its words need."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did. `refused` says why nothing was signed."""

    added: int = 0
    size: int = 0
    refused: str = ""


@contextmanager
def elected() -> Iterator[bool]:
    """Whether this connection is the sequencer, for as long as the block runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (is_ours,) = cursor.fetchone()
    try:
        yield is_ours
    finally:
        if is_ours and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def sequence(*, horizon: int | None = None) -> Outcome | None:
    """Give every settled event its entry, sign the log as it is then, and publish it.

    horizon: transactions before this one are settled; None asks Postgres.
    None is returned where another sequencer is at work.
    """
    with acting_as("sequencer"), elected() as is_ours:
        if not is_ours:
            return None
        try:
            signer = keyring.load()
            check(signer)
            added = _append_all(horizon)
            size = _sign(signer)
        except keyring.NoKey as error:
            return _refuse("no_key", {"reason": str(error)})
        except Refusal as refusal:
            return _refuse(refusal.code, refusal.detail)
        _resolve()
        publish()
        return Outcome(added, size)


def check(signer: Signer) -> None:
    """Compare the database with the last checkpoint that was signed. Raises Refusal."""
    with _copy():
        kept = outside.read()
    size = log.size()
    if kept is None:
        if log.last_checkpoint(signer.key.name) is not None:
            raise Refusal("outside_missing", path=str(outside.path()))
        return
    if kept.origin != signer.key.name:
        raise Refusal("other_log", origin=kept.origin, name=signer.key.name)
    if size < kept.size:
        raise Refusal("history_lost", signed=kept.size, found=size)
    try:
        is_same = log.root(kept.size) == kept.root
    except LookupError:
        is_same = False
    if not is_same:
        raise Refusal("history_changed", signed=kept.size)


@contextmanager
def _copy() -> Iterator[None]:
    """Use of the copy outside of the database. Raises Refusal, so that a full disk is told too."""
    try:
        yield
    except outside.Contradiction as error:
        raise Refusal("history_changed", signed=error.size) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refusal("outside_unusable", path=str(outside.path()), reason=reason) from error
    except ValueError as error:
        raise Refusal("outside_unusable", path=str(outside.path()), reason=str(error)) from error


def _append_all(horizon: int | None) -> int:
    """Give entries until no settled event waits. Returns how many were given."""
    size, added = log.size(), 0
    try:
        tree = GrowingTree(size, edge_of(size, Tiles(size, log.nodes)))
    except LookupError as error:
        raise Refusal("history_changed", signed=size) from error
    while True:
        with transaction.atomic():
            count = _append(tree, horizon)
        added += count
        if count < AT_ONCE:
            return added


def _append(tree: GrowingTree, horizon: int | None) -> int:
    """One batch of entries, in the caller's transaction."""
    last = LogBatch.objects.order_by("-id").first()
    here, settled = log.cluster(), _settled() if horizon is None else horizon
    if last is None or last.cluster == here:
        reached = (last.last_xid, last.last_event) if last is not None else (0, 0)
        rows = _take("(e.xid, e.id) > (%s::text::xid8, %s) AND e.xid < %s::text::xid8",
                     *reached, settled)  # fmt: skip
        if not rows:
            return 0
        reached, cluster = (rows[-1][1], rows[-1][0]), here
    else:
        # Restored into another cluster, whose transaction ids say nothing about the old events:
        # what no transaction here has written or may still write is settled.
        rows = _take("(e.xid < %s::text::xid8 OR e.xid >= pg_snapshot_xmax(pg_current_snapshot()))",
                     settled)  # fmt: skip
        is_through = len(rows) < AT_ONCE
        reached = (settled, 0) if is_through else (last.last_xid, last.last_event)
        cluster = here if is_through else last.cluster
    _store(tree, rows)
    LogBatch.objects.create(
        size=tree.size, last_xid=reached[0], last_event=reached[1], cluster=cluster
    )
    return len(rows)


def _settled() -> int:
    """The oldest running transaction: all before it are over, and all of their rows are visible."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (xmin,) = cursor.fetchone()
    return int(xmin)


def _take(where: str, *bounds: int) -> list[tuple[int, int, str]]:
    """Id, transaction and body of the next events without an entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT e.id, e.xid::text::bigint, e.body FROM audit_auditevent e
            WHERE {where} AND NOT EXISTS (SELECT FROM audit_logentry l WHERE l.event_id = e.id)
            ORDER BY e.xid, e.id LIMIT %s
            """,  # noqa: S608  constants of this module
            [*bounds, AT_ONCE],
        )
        rows: list[tuple[int, int, str]] = cursor.fetchall()
    return rows


def _store(tree: GrowingTree, rows: Sequence[tuple[int, int, str]]) -> None:
    subtrees: list[Subtree] = []
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {ENTRIES} FROM STDIN") as entries:
            for event, _xid, body in rows:
                leaf = leaf_hash(body.encode("utf-8"))
                entries.write_row((tree.size, event, leaf))
                subtrees.extend(tree.grow(leaf))
        with cursor.copy(f"COPY {SUBTREES} FROM STDIN") as levels:
            for subtree in subtrees:
                levels.write_row(subtree)


def _sign(signer: Signer) -> int:
    """Sign the log as it is, unless that has been done. Returns its size. Raises Refusal."""
    size = log.size()
    if size == 0:
        return 0
    _admit(signer)
    checkpoint = Checkpoint(signer.key.name, size, log.root(size))
    with _copy():
        note = outside.note()
        if note is None or outside.read() != checkpoint or not signers(note, [signer.key]):
            note = signer.sign(checkpoint)
            outside.write(note)
    stored = log.last_checkpoint(signer.key.name)
    if stored is None or stored.note != note:
        LogCheckpoint.objects.create(
            origin=checkpoint.origin, size=size, root=checkpoint.root, note=note
        )
    return size


def _admit(signer: Signer) -> None:
    """The first key is written down; a later one must be announced in the log. Raises Refusal."""
    known = log.public_keys()
    if signer.key in known:
        return
    if known and str(signer.key) not in _announced():
        raise Refusal("unknown_key", key=str(signer.key))
    LogKey.objects.create(key=str(signer.key))


def _announced() -> Iterator[str]:
    """The new keys that entries of the log tell about."""
    entries = LogEntry.objects.filter(event_id=OuterRef("pk"))
    for event in AuditEvent.objects.filter(Exists(entries), action__in=KEY_EVENTS):
        yield json.loads(event.body)["data"]["new_key"]


def _refuse(code: str, detail: dict[str, Any]) -> Outcome:
    """Tell it: in the log of the process, on the audit page and by the health check."""
    logger.error("the audit log is not signed", code=code, **detail)
    last = log.incident()
    if last is None or (last.code, last.detail) != (code, detail):
        LogIncident.objects.create(code=code, detail=detail)
    return Outcome(refused=code)


def _resolve() -> None:
    if log.incident() is not None:
        LogIncident.objects.create()
