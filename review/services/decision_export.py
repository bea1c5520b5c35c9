"""The decision log as a bundle that can be checked without this program.

    decisions.jsonl   each decision, oldest first: canonical JSON with its evidence
    decisions.csv     the same to look at, safe to open in a spreadsheet program
    events.jsonl      the audit events of decisions, holds and matters: body, detail and salt
    manifest.json     SHA-256, bytes and rows of each file

`python -m dedup_site.audit.verifier BUNDLE` checks it. The audit event `export.decisions` holds the
manifest's SHA-256. Readers ignore keys and files that they do not know.
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.exports import ROWS_AT_ONCE, jsonl_lines, streamed
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.querysets import AuditEventQuerySet
from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import BYTE_ORDER_MARK, Cell, csv_line
from dedup_site.audit.verifier import DECISIONS, EVENTS, FORMAT, MANIFEST, TABLE, VERSION
from review.models import Decision

EVENT_KINDS = ("decision.", "hold.", "matter.")
COLUMNS = (
    *("id", "made_at", "pair", "left_sha256", "right_sha256", "tier", "verdict", "reason", "note"),
    *("reviewer_id", "reviewer", "supersedes", "superseded_by"),
)


class CannotExport(Exception):
    """One line that says what to do."""


class BundleFile:
    """A file that counts and digests what is written to it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._sha256 = hashlib.sha256()
        self._bytes = 0
        self.rows = 0

    def write(self, line: str) -> None:
        """One more row."""
        self.write_unnumbered(line)
        self.rows += 1

    def write_unnumbered(self, line: str) -> None:
        """A line that is no row: a header."""
        raw = line.encode("utf-8")
        self._file.write(raw)
        self._sha256.update(raw)
        self._bytes += len(raw)

    def facts(self) -> dict[str, Any]:
        return {"sha256": self._sha256.hexdigest(), "bytes": self._bytes, "rows": self.rows}

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def export_decisions(*, actor: User | None, output: Path) -> dict[str, Any]:
    """Write the bundle to `output`: a zip file if it ends in .zip, else a new folder.

    It appears there complete or not at all, after its audit event has been recorded. Returns the
    manifest. Raises CannotExport.
    """
    if output.suffix in (".csv", ".json", ".jsonl"):
        raise CannotExport(f"{output}: a bundle has several files. Name a folder or a .zip file.")
    if output.exists():
        raise CannotExport(f"{output} exists already. Name another folder or file.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as scratch:
            bundle = Path(scratch) / "bundle"
            bundle.mkdir(mode=0o700)
            manifest = _write_files(bundle)
            text = canonical_json(manifest) + "\n"
            (bundle / MANIFEST).write_text(text, encoding="utf-8")
            ready = _zipped(bundle) if output.suffix == ".zip" else bundle
            _record(actor, manifest, hashlib.sha256(text.encode("utf-8")).hexdigest())
            ready.rename(output)
    except OSError as error:
        raise CannotExport(f"{output} cannot be written: {error.strerror}.") from error
    return manifest


def _write_files(bundle: Path) -> dict[str, Any]:
    with ExitStack() as stack:
        files = {name: BundleFile(bundle / name) for name in (DECISIONS, TABLE, EVENTS)}
        for file in files.values():
            stack.callback(file.close)
        files[TABLE].write_unnumbered(BYTE_ORDER_MARK + csv_line(COLUMNS))
        # Decisions first: whatever was decided by then has its events when those are read.
        for decision in _decisions():
            line = decision_line(decision)
            files[DECISIONS].write(canonical_json(line) + "\n")
            files[TABLE].write(csv_line(table_row(line)))
        for event_line in jsonl_lines(streamed(_events())):
            files[EVENTS].write(event_line)
        return {
            "format": FORMAT,
            "version": VERSION,
            "made_at": timezone.now().astimezone(UTC).isoformat(),
            "files": {name: file.facts() for name, file in files.items()},
        }


def _decisions() -> Iterator[Decision]:
    with transaction.atomic():
        yield from (
            Decision.objects.order_by("id")
            .select_related("pair__left", "pair__right", "reviewer", "superseded_by")
            .iterator(chunk_size=ROWS_AT_ONCE)
        )


def _events() -> AuditEventQuerySet:
    of_a_kind = [Q(action__startswith=kind) for kind in EVENT_KINDS]
    return AuditEvent.objects.filter(reduce(or_, of_a_kind)).order_by("at", "id")


def decision_line(decision: Decision) -> dict[str, Any]:
    """What a bundle says about a decision."""
    pair = decision.pair
    later: Decision | None = getattr(decision, "superseded_by", None)
    return {
        "id": decision.pk,
        "made_at": decision.made_at.astimezone(UTC).isoformat(),
        "pair": {
            "id": pair.pk,
            "left_sha256": pair.left.digest,
            "right_sha256": pair.right.digest,
            "tier": pair.tier,
        },
        "verdict": decision.verdict,
        "reason": decision.reason,
        "note": decision.note,
        "reviewer": {"id": decision.reviewer_id, "username": decision.reviewer.get_username()},
        "supersedes": decision.supersedes_id,
        "superseded_by": later.pk if later else None,
        "evidence": decision.evidence,
    }


def table_row(line: dict[str, Any]) -> tuple[Cell, ...]:
    """The same as a row of the table, without the evidence."""
    pair, reviewer = line["pair"], line["reviewer"]
    return (
        *(line["id"], line["made_at"], pair["id"], pair["left_sha256"], pair["right_sha256"]),
        *(pair["tier"], line["verdict"], line["reason"], line["note"]),
        *(reviewer["id"], reviewer["username"], line["supersedes"], line["superseded_by"]),
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
def _record(actor: User | None, manifest: dict[str, Any], digest: str) -> None:
    rows = {name: facts["rows"] for name, facts in manifest["files"].items()}
    record("export.decisions", actor=actor, data={"manifest_sha256": digest, "rows": rows})
