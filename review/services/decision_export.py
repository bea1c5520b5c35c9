"""The decision log as a bundle that can be checked without this program.

    decisions.jsonl     each decision, in the order of the log: canonical JSON with its evidence
    decisions.csv       the same to look at, safe to open in a spreadsheet program
    decisions.xlsx      the same as a workbook
    manifest.json       what was exported, and SHA-256, bytes and rows of each file

and the log's own files (dedup_site/audit/bundles.py). Without a filter the bundle is the whole log,
so that nothing can be left out unnoticed: of what is not about decisions, holds and matters it has
the bodies only, which hold no personal text. With filters it has the entries that fit, each with
its proof. What has no place in the log yet is not in the bundle.

`python -m dedup_site.audit.verifier BUNDLE` checks it. The audit event `export.decisions` holds the
manifest's SHA-256. Readers ignore keys and files that they do not know.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit import log
from dedup_site.audit.bundles import (
    BundleFile,
    Entry,
    Prover,
    entries_of,
    entry_line,
    facts_of,
    write_seals,
)
from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.entries import EVENTS, canonical_text
from dedup_site.audit.models import LogCheckpoint
from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import BYTE_ORDER_MARK, Cell, csv_line
from dedup_site.audit.verifier import (
    DECISION_ACTIONS,
    DECISIONS,
    FORMAT,
    MANIFEST,
    TABLE,
    VERSION,
    WORKBOOK,
)
from dedup_site.audit.xlsx import Workbook
from review.services.export_filter import ExportFilter

DECISIONS_AT_ONCE = 1000
COLUMNS = (
    *("id", "made_at", "pair", "left_sha256", "right_sha256", "tier", "verdict", "reason", "note"),
    *("reviewer_id", "reviewer", "supersedes", "superseded_by", "implied_by"),
)
DETAILS = """
    SELECT d.id, to_char(d.made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
           d.pair_id, encode(a.sha256, 'hex'), encode(b.sha256, 'hex'),
           p.tier, d.verdict, d.reason, d.note, d.reviewer_id, u.username, d.supersedes_id,
           later.id, d.implied_by_id, d.evidence::text
    FROM review_decision d
    JOIN scanning_candidatepair p ON p.id = d.pair_id
    JOIN scanning_picture a ON a.id = p.left_id
    JOIN scanning_picture b ON b.id = p.right_id
    JOIN accounts_user u ON u.id = d.reviewer_id
    LEFT JOIN review_decision later ON later.supersedes_id = d.id
    WHERE d.id = ANY (%s)
"""


class CannotExport(Exception):
    """One line that says what to do."""


def export_decisions(
    *,
    actor: User | None,
    output: Path,
    chosen: ExportFilter | None = None,
    since: Collection[int] = (),
) -> dict[str, Any]:
    """Write the bundle to `output`: a zip file if it ends in .zip, else a new folder.

    It appears there complete or not at all, after its audit event has been recorded.

    chosen: what narrows it; None exports the whole log.
    since: sizes of checkpoints that somebody keeps, whose consistency is to be proved.
    Returns the manifest. Raises CannotExport.
    """
    if output.suffix in (".csv", ".json", ".jsonl", ".xlsx"):
        raise CannotExport(f"{output}: a bundle has several files. Name a folder or a .zip file.")
    if output.exists():
        raise CannotExport(f"{output} exists already. Name another folder or file.")
    chosen = chosen or ExportFilter()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as scratch:
            bundle = Path(scratch) / "bundle"
            bundle.mkdir(mode=0o700)
            manifest = _write_files(bundle, chosen, since)
            text = canonical_json(manifest) + "\n"
            (bundle / MANIFEST).write_text(text, encoding="utf-8")
            ready = _zipped(bundle) if output.suffix == ".zip" else bundle
            _record(actor, manifest, chosen, hashlib.sha256(text.encode("utf-8")).hexdigest())
            ready.rename(output)
    except OSError as error:
        raise CannotExport(f"{output} cannot be written: {error.strerror}.") from error
    return manifest


def _write_files(bundle: Path, chosen: ExportFilter, since: Collection[int]) -> dict[str, Any]:
    checkpoint = log.last_checkpoint()
    writer = _Writer(bundle, checkpoint, is_whole=chosen.is_whole)
    try:
        for entry in entries_of(chosen.entries(), checkpoint.size if checkpoint else 0):
            writer.add(entry)
    finally:
        files = writer.close()
    seals = write_seals(bundle, checkpoint, is_whole=chosen.is_whole, since=since)
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_at": timezone.now().astimezone(UTC).isoformat(),
        "whole": chosen.is_whole,
        "filters": chosen.described(),
        "files": {**files, **seals},
    }


class _Writer:
    """Entries and their decisions, written side by side, some hundred at a time."""

    def __init__(self, bundle: Path, checkpoint: LogCheckpoint | None, *, is_whole: bool) -> None:
        self._bundle = bundle
        self._files = {name: BundleFile(bundle / name) for name in (DECISIONS, TABLE, EVENTS)}
        self._files[TABLE].write_unnumbered(BYTE_ORDER_MARK + csv_line(COLUMNS))
        self._book = Workbook(bundle / WORKBOOK, COLUMNS)
        self._prover = None if is_whole or checkpoint is None else Prover(checkpoint.size)
        self._waiting: dict[int, int] = {}
        self._closed: set[int] = set()

    def add(self, entry: Entry) -> None:
        proof = self._prover.inclusion(entry.place) if self._prover else None
        self._files[EVENTS].write(entry_line(entry, proof))
        if entry.action in DECISION_ACTIONS:
            key = _decision_of(entry.body)
            if key is not None:
                self._waiting[key] = entry.place
                if entry.detail is None:
                    self._closed.add(key)
                if len(self._waiting) >= DECISIONS_AT_ONCE:
                    self._flush()

    def close(self) -> dict[str, dict[str, Any]]:
        """What the manifest says about the files."""
        self._flush()
        self._book.close()
        facts = {name: file.close() for name, file in self._files.items()}
        rows = facts[DECISIONS]["rows"]
        return {**facts, WORKBOOK: facts_of(self._bundle / WORKBOOK, rows)}

    def _flush(self) -> None:
        found = {line["id"]: line for line in decision_lines(self._waiting)}
        for key in self._waiting:
            line = found.get(key)
            if line is None:
                continue  # deleted: the verifier tells
            if key in self._closed:
                line["note"] = ""  # the reader may not know of the matter
            self._files[DECISIONS].write(canonical_text(line) + "\n")
            row = table_row(line)
            self._files[TABLE].write(csv_line(row))
            self._book.write(row)
        self._waiting, self._closed = {}, set()


def _decision_of(body: str) -> int | None:
    """The decision that an event's body tells about; None where it has been broken."""
    try:
        return int(json.loads(body)["data"]["decision"])
    except (ValueError, KeyError, TypeError):
        return None


def decision_lines(wanted: dict[int, int]) -> Iterator[dict[str, Any]]:
    """What a bundle says about decisions, given the index of each one's entry."""
    with connection.cursor() as cursor:
        cursor.execute(DETAILS, [list(wanted)])
        for row in cursor.fetchall():
            yield {
                "id": row[0],
                "event": wanted[row[0]],
                "made_at": row[1],
                "pair": {
                    "id": row[2],
                    "left_sha256": row[3],
                    "right_sha256": row[4],
                    "tier": row[5],
                },
                "verdict": row[6],
                "reason": row[7],
                "note": row[8],
                "reviewer": {"id": row[9], "username": row[10]},
                "supersedes": row[11],
                "superseded_by": row[12],
                "implied_by": row[13],
                "evidence": json.loads(row[14]),
            }


def table_row(line: dict[str, Any]) -> tuple[Cell, ...]:
    """The same as a row of the table, without the evidence."""
    pair, reviewer = line["pair"], line["reviewer"]
    return (
        *(line["id"], line["made_at"], pair["id"], pair["left_sha256"], pair["right_sha256"]),
        *(pair["tier"], line["verdict"], line["reason"], line["note"]),
        *(reviewer["id"], reviewer["username"], line["supersedes"], line["superseded_by"]),
        line["implied_by"],
    )


def _zipped(bundle: Path) -> Path:
    """The folder's files as a zip file beside it."""
    path = bundle.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(bundle.iterdir()):
            archive.write(file, file.name)
    path.chmod(0o600)
    return path


@transaction.atomic
def _record(
    actor: User | None, manifest: dict[str, Any], chosen: ExportFilter, digest: str
) -> None:
    rows = {name: facts["rows"] for name, facts in manifest["files"].items()}
    described = chosen.described()
    record(
        "export.decisions",
        actor=actor,
        data={"manifest_sha256": digest, "rows": rows, "filters": sorted(described)},
        detail={"filter": described} if described else None,
    )
