"""The second phase of a run: read the files of a chunk and store what was found, batch by batch.

Each batch is hashed first; only contents that nobody has fingerprinted yet are decoded, in the
child process of this worker. A batch is stored in one transaction under the chunk's token.

A digest and a fingerprint belong together for good and for all libraries, so a file that changes
between the two becomes an error, to be read again by the next run.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.pages import read_file
from scanning.engine.decoding.reading import Limits, Reading
from scanning.models import Chunk, Library, Picture, SourceFile
from scanning.services import ledger
from scanning.services.rereading import Status, digest_of, status_of
from scanning.services.rereading import read_again as read_again
from scanning.services.storing import Page, store_files, store_pictures
from scanning.storage import SourceUnavailable, open_source
from scanning.versions import current_versions, reading_version

BATCH_FILES = 25
BATCH_SECONDS = 3.0
# From this attempt on files are stored one by one, to find out which one ends the worker.
CAREFUL_ATTEMPT = 3


@dataclass(slots=True)
class Outcome:
    """What became of one file: its digest and its readings by page, or an error.

    `pages` is empty beside a digest when the content was fingerprinted before. An error that
    `may_pass` is not one of the content: the next run reads the file again. The kind "partial" is
    no error: some pages were left out.
    """

    file: SourceFile
    size: int = 0
    sha256: bytes | None = None
    pages: dict[int, Reading] = field(default_factory=dict)
    read_with: str = ""
    error_kind: str = ""
    error_message: str = ""
    may_pass: bool = False

    def fail(self, message: str, kind: str = "unreadable") -> None:
        """Record an error that may pass."""
        self.sha256, self.pages = None, {}
        self.error_kind, self.error_message, self.may_pass = kind, message, True

    @property
    def is_partial(self) -> bool:
        return self.error_kind == SourceFile.PARTIAL

    @property
    def is_error(self) -> bool:
        return bool(self.error_kind) and not self.is_partial


_decoder: Decoder | None = None


def decoder() -> Decoder:
    """This process's decoder; its child lives as long as the worker."""
    global _decoder
    if _decoder is None:
        _decoder = Decoder(
            Limits(
                max_pixels=settings.DECODE_MAX_PIXELS,
                seconds=settings.DECODE_SECONDS,
                memory_bytes=settings.DECODE_MEMORY_BYTES,
                max_pages=settings.DECODE_PAGES,
            )
        )
    return _decoder


def read(chunk: Chunk) -> None:
    """Do a read chunk: every file of it that is still pending.

    Raises:
        LostLease: the chunk is no longer ours, or its run was paused or ended.
    """
    files = iter(_pending(chunk))
    many = BATCH_FILES if chunk.attempts < CAREFUL_ATTEMPT else 1
    keep = ledger.LeaseKeeper(chunk)
    while batch := list(islice(files, many)):
        for outcomes in _read_batch(batch, keep):
            if _store(chunk, outcomes).run.is_paused:
                raise ledger.LostLease
    _complete(chunk)


def give_up(chunk: Chunk) -> None:
    """Do a chunk that has ended too many workers: an error for the file in hand, read the others.

    The last attempts stored one file after the other, so that the first pending one is to blame.

    Raises:
        LostLease: as in `read`.
    """
    culprit = _pending(chunk).first()
    if culprit is not None:
        outcome = Outcome(culprit)
        message = _(
            "The worker stopped several times while this file was being read. "
            "Look at the worker's log, then scan again."
        )
        outcome.fail(message, "crashed")
        _store(chunk, [outcome])
    read(chunk)


def _pending(chunk: Chunk) -> QuerySet[SourceFile]:
    return (
        SourceFile.objects.filter(pk__in=chunk.file_ids, state=SourceFile.State.PENDING)
        .select_related("library")
        .order_by("pk")
    )


def _read_batch(files: list[SourceFile], keep: Callable[[], None]) -> Iterator[list[Outcome]]:
    """Outcomes of a batch, handed over early when decoding takes long."""
    with ExitStack() as stack:
        opened: list[tuple[Outcome, int, Status]] = []
        ready: list[Outcome] = []
        for file in files:
            outcome = Outcome(file)
            try:
                descriptor = open_source(file)
            except SourceUnavailable as error:
                outcome.fail(str(error))
                ready.append(outcome)
                continue
            stack.callback(os.close, descriptor)
            status = _hash(outcome, descriptor, keep)
            if outcome.sha256:
                opened.append((outcome, descriptor, status))
            else:
                ready.append(outcome)
        known = _fingerprinted(outcome.sha256 for outcome, _descriptor, _status in opened)
        started = time.monotonic()
        for outcome, descriptor, status in opened:
            keep()
            if outcome.sha256 in known:
                outcome.read_with = known[outcome.sha256]
            else:
                _decode(outcome, descriptor, status, keep)
            if outcome.pages and outcome.sha256 and not outcome.is_partial:
                known[outcome.sha256] = outcome.read_with
            ready.append(outcome)
            if time.monotonic() - started > BATCH_SECONDS:
                yield ready
                ready, started = [], time.monotonic()
        yield ready


def _hash(outcome: Outcome, descriptor: int, keep: Callable[[], None]) -> Status:
    """Fill in size and digest, or an error. Returns the file's status for a later comparison."""
    before = status_of(descriptor)
    try:
        outcome.size, outcome.sha256 = digest_of(descriptor, before[0], keep)
    except OSError as error:
        outcome.fail(_("It cannot be read: %(reason)s.") % {"reason": error.strerror})
        return before
    if outcome.size != before[0] or status_of(descriptor) != before:
        outcome.fail(_("It changed while it was being read. Scan again."))
    elif _is_damaged_upload(outcome):
        outcome.fail(_("The stored upload is damaged. Upload the file again."))
    return before


def _is_damaged_upload(outcome: Outcome) -> bool:
    """Uploaded content lies under its digest."""
    known = outcome.file.sha256
    uploaded = outcome.file.library.kind == Library.Kind.UPLOADED
    return uploaded and (known is None or bytes(known) != outcome.sha256)


def _fingerprinted(digests: Iterable[bytes | None]) -> dict[bytes, str]:
    """Those contents that were read before with what there is now, and with what that was."""
    found = Picture.objects.filter(
        sha256__in=[digest for digest in digests if digest],
        page=0,
        read_with__in=current_versions(),
    ).values_list("sha256", "read_with")
    return {bytes(digest): read_with for digest, read_with in found}


def _decode(outcome: Outcome, descriptor: int, status: Status, keep: Callable[[], None]) -> None:
    try:
        found = read_file(decoder(), descriptor, keep)
    except PictureError as error:
        outcome.error_kind, outcome.error_message = error.kind, error.message
        outcome.read_with = reading_version(None)
    else:
        outcome.pages = found.pages
        if found.notice:
            outcome.error_kind, outcome.error_message = SourceFile.PARTIAL, found.notice
        outcome.read_with = reading_version(found.pages[0].format, is_partial=outcome.is_partial)
    if status_of(descriptor) != status:
        outcome.fail(_("It changed while it was being read. Scan again."))


@transaction.atomic
def _store(chunk: Chunk, outcomes: list[Outcome]) -> Chunk:
    """Write a batch's pictures, fingerprints and source files; the chunk as it is afterwards.

    Rows that several workers may write are written in the order of their digests, so that no two
    wait for each other.
    """
    current = ledger.hold(chunk)
    with connection.cursor() as cursor:
        # What a power cut takes back is read again: files, pictures and ledger go back together.
        cursor.execute("SET LOCAL synchronous_commit = off")
    read = {outcome.sha256: outcome for outcome in outcomes if outcome.sha256 and outcome.pages}
    store_pictures([page for sha256 in sorted(read) for page in _pages(read[sha256])])
    for outcome in outcomes:
        file = outcome.file
        if file.library.is_mounted:  # the digest of an upload is where its content lies
            file.sha256 = outcome.sha256
        file.error_kind, file.error_message = outcome.error_kind, outcome.error_message
        file.state = SourceFile.State.ERROR if outcome.is_error else SourceFile.State.READ
        file.read_with = "" if outcome.may_pass else outcome.read_with
    store_files([outcome.file for outcome in outcomes])
    current.files_done += len(outcomes)
    current.bytes_done += sum(outcome.file.size for outcome in outcomes)
    current.errors += sum(1 for outcome in outcomes if outcome.is_error)
    if outcomes:
        current.attempts = 0  # whatever ended workers before, there is progress
    current.save(update_fields=["files_done", "bytes_done", "errors", "attempts", "lease_until"])
    return current


def _pages(outcome: Outcome) -> Iterator[Page]:
    """The pictures of a content.

    One that was read in part has no version: an equal file is read again for its own notice.
    """
    for number, reading in sorted(outcome.pages.items()):
        read_with = "" if outcome.is_partial and number == 0 else outcome.read_with
        yield Page(outcome.sha256 or b"", number, outcome.size, reading, read_with)


@transaction.atomic
def _complete(chunk: Chunk) -> None:
    current = ledger.hold(chunk)
    current.files_done = current.files_total
    current.bytes_done = current.bytes_total
    current.state = Chunk.State.DONE
    current.save(update_fields=["state", "files_done", "bytes_done", "lease_until"])
