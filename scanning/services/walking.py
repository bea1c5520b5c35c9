"""The first phase of a run: list the files of a library, and put down which ones must be read.

A mounted folder is walked by descriptors: no symbolic link is followed, no file is opened. A file
whose size, times and inode are as they were is not read again.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from scanning.attributes import PathPattern, PatternError, parse_pattern, read_manifest
from scanning.folders import Found, Walk
from scanning.models import Chunk, ScanRun, SourceFile
from scanning.selection import Selection
from scanning.services import ledger, statistics
from scanning.storage import open_source, raw_path, upload_path, uploads_folder
from scanning.versions import current_versions

BATCH = 1000
CHUNK_FILES = 50
CHUNK_BYTES = 128 * 2**20
MAXIMUM_NOTICES = 100


class WalkFailed(Exception):
    """The library cannot be listed; the message says what to do. Nothing was changed."""


def walk(chunk: Chunk) -> None:
    """Do a run's walk chunk: update the library's source files, write the chunks to be read.

    Raises:
        WalkFailed: the library cannot be listed.
        RootRefused: its folder cannot be opened.
        LostLease: the chunk is no longer ours, or its run was paused or ended.
    """
    run = chunk.run
    notices: list[str] = []
    attributes = _Attributes.of(run, notices)
    if run.library.is_mounted:
        walker = Walk(run.library.root, Selection.of(run.configuration), ledger.LeaseKeeper(chunk))
        for found in _batches(walker.files()):
            with transaction.atomic():
                ledger.keep(chunk)
                _update(run, found, attributes)
        if walker.is_empty:
            _refuse_an_empty_mount(run)
        lost = walker.unreadable
        notices += [
            _("%(path)s could not be opened: what lies in it was left as it was.")
            % {"path": raw.decode("utf-8", "backslashreplace") or run.library.root}
            for raw in lost
        ]
    else:
        lost = []
        _update_uploads(chunk, attributes)
    with transaction.atomic():
        current = ledger.hold(chunk)
        if run.library.is_mounted:
            _mark_missing(run, lost)
        _write_read_chunks(run, notices)
        current.state = Chunk.State.DONE
        current.save(update_fields=["state", "lease_until"])
        transaction.on_commit(statistics.renew, robust=True)


@dataclass(frozen=True, slots=True)
class _Attributes:
    """What the library's pattern and manifest say of a path; the manifest wins."""

    pattern: PathPattern | None
    manifest: dict[str, dict[str, str]]

    @classmethod
    def of(cls, run: ScanRun, notices: list[str]) -> "_Attributes":
        library = run.library
        manifest: dict[str, dict[str, str]] = {}
        if library.manifest_path:
            raw = os.fsencode(library.manifest_path)
            file = SourceFile.objects.filter(
                library=library, path_key=hashlib.sha256(raw).digest()
            ).first() or SourceFile(library=library, path=library.manifest_path)
            try:
                with os.fdopen(open_source(file), encoding="utf-8-sig", newline="") as lines:
                    manifest = read_manifest(lines)
            except Exception as error:  # noqa: BLE001  any trouble with it is told, not fatal
                notices.append(
                    _("The manifest %(path)s was not used: %(reason)s")
                    % {"path": library.manifest_path, "reason": error}
                )
        try:
            pattern = parse_pattern(library.attribute_pattern)
        except PatternError as error:
            pattern = None
            notices.append(_("The attribute pattern was not used: %(reason)s") % {"reason": error})
        return cls(pattern, manifest)

    def of_path(self, path: str) -> dict[str, str]:
        by_path = self.pattern.attributes_of(path) if self.pattern else {}
        return by_path | self.manifest.get(path, {})


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    while batch := list(islice(found, BATCH)):
        yield batch


def _update(run: ScanRun, batch: list[Found], attributes: _Attributes) -> None:
    """Bring the rows of one batch up to date and mark them as seen by this run."""
    known = {
        bytes(row.path_key): row
        for row in SourceFile.objects.filter(
            library_id=run.library_id, path_key__in=[found.key for found in batch]
        )
    }
    new, changed, seen = [], [], []
    for found in batch:
        row = known.get(found.key)
        wanted = attributes.of_path(found.path)
        if row is None:
            row = found.row(run.library_id)
            row.attributes, row.last_run = wanted, run
            new.append(row)
        elif (
            found.is_unchanged(row)
            and row.attributes == wanted
            and row.is_present
            and _is_current(row)
        ):
            seen.append(row.pk)
        else:
            if not (found.is_unchanged(row) and _is_current(row)):
                row.state = SourceFile.State.PENDING
            row.size, row.modified_ns = found.size, found.modified_ns
            row.changed_ns, row.inode = found.changed_ns, found.inode
            row.attributes, row.is_present, row.last_run = wanted, True, run
            row.set_aside_at = None
            changed.append(row)
    SourceFile.objects.bulk_create(new)
    SourceFile.objects.bulk_update(
        changed,
        [
            "state",
            "size",
            "modified_ns",
            "changed_ns",
            "inode",
            "attributes",
            "is_present",
            "set_aside_at",
            "last_run",
        ],
    )
    SourceFile.objects.filter(pk__in=seen).update(last_run=run)


def _is_current(row: SourceFile) -> bool:
    """Whether what is known of the file came from this version of what reads it."""
    return row.state == SourceFile.State.PENDING or row.read_with in current_versions()


def _update_uploads(chunk: Chunk, attributes: _Attributes) -> None:
    """Uploaded files are known already: check that each content is still there.

    Files that arrive meanwhile are left to the next run.
    """
    run = chunk.run
    selection = Selection.of(run.configuration)
    files = SourceFile.objects.filter(library_id=run.library_id).order_by("pk")
    if files.exists() and not uploads_folder().is_dir():
        raise WalkFailed(
            _("The folder of uploaded files is away. Is DATA_DIR mounted? Nothing was changed.")
        )
    rows = files.iterator(BATCH)
    while batch := list(islice(rows, BATCH)):
        for row in batch:
            if selection.takes(os.fsencode(row.path), row.size):
                row.last_run = run
                row.is_present = (
                    row.set_aside_at is None and upload_path(bytes(row.sha256 or b"")).is_file()
                )
            row.attributes = attributes.of_path(row.path)
            if not _is_current(row):
                row.state = SourceFile.State.PENDING
        with transaction.atomic():
            ledger.keep(chunk)
            SourceFile.objects.bulk_update(batch, ["last_run", "attributes", "state", "is_present"])


def _refuse_an_empty_mount(run: ScanRun) -> None:
    """An empty folder where files were known is more likely a mount that is away."""
    if SourceFile.objects.filter(library_id=run.library_id, is_present=True).exists():
        raise WalkFailed(
            _(
                "%(folder)s holds none of the files that were there before. Is it mounted? "
                "Nothing was changed."
            )
            % {"folder": run.library.root}
        )


def _mark_missing(run: ScanRun, unreadable: Iterable[bytes]) -> None:
    """Files that this walk should have found are not present any more.

    What lies out of sight or outside of the job's selection stays as it was.
    """
    selection = Selection.of(run.configuration)
    out_of_sight = {raw.decode("utf-8", "backslashreplace") for raw in unreadable}
    unseen = SourceFile.objects.filter(library_id=run.library_id, is_present=True).exclude(
        last_run=run
    )
    missing = [
        row.pk
        for row in unseen.only("path", "raw_path", "size").iterator(10_000)
        if selection.takes(raw_path(row), row.size) and not _lies_in(row.path, out_of_sight)
    ]
    for start in range(0, len(missing), 10_000):
        part = missing[start : start + 10_000]
        SourceFile.objects.filter(pk__in=part).update(is_present=False)


def _lies_in(path: str, folders: set[str]) -> bool:
    """Whether a path is one of `folders`, or below one; the root's is the empty text."""
    return bool(folders) and (
        not folders.isdisjoint({"", path, *map(str, PurePosixPath(path).parents)})
    )


def _write_read_chunks(run: ScanRun, notices: list[str]) -> None:
    """Divide what must be read among chunks and move the run to its reading phase."""
    if not ScanRun.objects.select_for_update().get(pk=run.pk).is_active:
        raise ledger.LostLease
    present = SourceFile.objects.filter(library_id=run.library_id, is_present=True, last_run=run)
    pending = (
        present.filter(state=SourceFile.State.PENDING).order_by("pk").values_list("pk", "size")
    )
    found = present.aggregate(files=Count("pk"), bytes=Sum("size", default=0))
    run.files_found, run.bytes_found = found["files"], found["bytes"]
    run.notices = notices[:MAXIMUM_NOTICES]
    run.state = ScanRun.State.READING
    run.save(update_fields=["files_found", "bytes_found", "notices", "state"])
    ledger.add_chunks(
        run,
        Chunk.Kind.READ,
        (
            {
                "file_ids": [pk for pk, _size in part],
                "files_total": len(part),
                "bytes_total": sum(size for _pk, size in part),
            }
            for part in _parts(pending.iterator(chunk_size=10_000))
        ),
    )


def _parts(files: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Groups of files small enough for one chunk, by number and by bytes."""
    part: list[tuple[int, int]] = []
    weight = 0
    for pk, size in files:
        if part and (len(part) == CHUNK_FILES or weight + size > CHUNK_BYTES):
            yield part
            part, weight = [], 0
        part.append((pk, size))
        weight += size
    if part:
        yield part
