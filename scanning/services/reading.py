"""The second phase of a run: read the files of a chunk and store what was found, batch by batch.

Each batch is hashed first; only contents that nobody has fingerprinted yet are decoded, in the
child process of this worker. A batch is stored in one transaction under the chunk's token.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from scanning.engine.decoder import Decoder
from scanning.engine.errors import PictureError
from scanning.engine.fingerprints import ALGORITHMS
from scanning.engine.reading import Limits, Reading
from scanning.models import Chunk, Fingerprint, Picture, SourceFile
from scanning.services import ledger
from scanning.storage import SourceUnavailable, open_source
from scanning.versions import engine_version

BATCH_FILES = 25
BATCH_SECONDS = 3.0


@dataclass(slots=True)
class Outcome:
    """What became of one file: its digest and its reading, or an error.

    `reading` is None beside a digest when the content was fingerprinted before.
    """

    file: SourceFile
    size: int = 0
    sha256: bytes | None = None
    reading: Reading | None = None
    error_kind: str = ""
    error_message: str = ""


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
            )
        )
    return _decoder


def read(chunk: Chunk) -> None:
    """Do a read chunk: every file of it that is still pending.

    Raises:
        LostLease: the chunk is no longer ours, or its run was paused or ended.
    """
    pending = (
        SourceFile.objects.filter(pk__in=chunk.file_ids, state=SourceFile.State.PENDING)
        .select_related("library")
        .order_by("pk")
    )
    files = iter(pending)
    while batch := list(islice(files, BATCH_FILES)):
        for outcomes in _read_batch(batch):
            _store(chunk, outcomes)
    _complete(chunk)


def give_up(chunk: Chunk) -> None:
    """Record an error for each file left in a chunk that has ended too many workers."""
    left = SourceFile.objects.filter(pk__in=chunk.file_ids, state=SourceFile.State.PENDING)
    message = _(
        "The worker stopped several times while this file or one near it was being read. "
        "Look at the worker's log, then scan again."
    )
    _store(chunk, [Outcome(file, error_kind="crashed", error_message=message) for file in left])
    _complete(chunk)


def _read_batch(files: list[SourceFile]) -> Iterator[list[Outcome]]:
    """Outcomes of a batch, handed over early when decoding takes long."""
    with ExitStack() as stack:
        opened: list[tuple[Outcome, int]] = []
        ready: list[Outcome] = []
        for file in files:
            outcome = Outcome(file)
            try:
                descriptor = open_source(file)
            except SourceUnavailable as error:
                outcome.error_kind, outcome.error_message = "unreadable", str(error)
                ready.append(outcome)
                continue
            stack.callback(os.close, descriptor)
            if _hash(outcome, descriptor):
                opened.append((outcome, descriptor))
            else:
                ready.append(outcome)
        known = _fingerprinted(outcome.sha256 for outcome, _descriptor in opened)
        started = time.monotonic()
        for outcome, descriptor in opened:
            if outcome.sha256 not in known:
                _decode(outcome, descriptor)
            ready.append(outcome)
            if time.monotonic() - started > BATCH_SECONDS:
                yield ready
                ready, started = [], time.monotonic()
        yield ready


def _hash(outcome: Outcome, descriptor: int) -> bool:
    """Fill in size and digest; False where the file cannot be hashed."""
    try:
        before = os.fstat(descriptor)
        with os.fdopen(os.dup(descriptor), "rb", buffering=0) as stream:
            outcome.sha256 = hashlib.file_digest(stream, "sha256").digest()
        after = os.fstat(descriptor)
    except OSError as error:
        outcome.error_kind = "unreadable"
        outcome.error_message = _("It cannot be read: %(reason)s.") % {"reason": error.strerror}
        return False
    outcome.size = after.st_size
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        outcome.sha256 = None
        outcome.error_kind = "unreadable"
        outcome.error_message = _("It changed while it was being read. Scan again.")
        return False
    os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def _fingerprinted(digests: Iterable[bytes | None]) -> set[bytes]:
    """Those contents that this version of the engine has read before."""
    found = Picture.objects.filter(
        sha256__in=[digest for digest in digests if digest], read_with=engine_version()
    ).values_list("sha256", flat=True)
    return {bytes(digest) for digest in found}


def _decode(outcome: Outcome, descriptor: int) -> None:
    try:
        outcome.reading = decoder().read(descriptor)
    except PictureError as error:
        outcome.error_kind, outcome.error_message = error.kind, error.message


@transaction.atomic
def _store(chunk: Chunk, outcomes: list[Outcome]) -> None:
    """Write a batch's pictures, fingerprints and source files, and count it in the ledger.

    Rows that several workers may write are written in the order of their digests, so that no two
    wait for each other.
    """
    current = ledger.hold(chunk)
    readings = {
        outcome.sha256: (outcome.size, outcome.reading)
        for outcome in outcomes
        if outcome.sha256 and outcome.reading
    }
    _store_pictures(dict(sorted(readings.items())))
    for outcome in outcomes:
        file = outcome.file
        file.sha256 = outcome.sha256
        file.error_kind, file.error_message = outcome.error_kind, outcome.error_message
        file.state = SourceFile.State.ERROR if outcome.error_kind else SourceFile.State.READ
        file.read_with = engine_version()
    SourceFile.objects.bulk_update(
        [outcome.file for outcome in outcomes],
        ["sha256", "error_kind", "error_message", "state", "read_with"],
    )
    current.files_done += len(outcomes)
    current.bytes_done += sum(outcome.file.size for outcome in outcomes)
    current.errors += sum(1 for outcome in outcomes if outcome.error_kind)
    current.save(update_fields=["files_done", "bytes_done", "errors", "lease_until"])
    if current.run.is_paused:
        transaction.on_commit(lambda: ledger.give_back(chunk))


def _store_pictures(readings: dict[bytes, tuple[int, Reading]]) -> None:
    pictures = Picture.objects.bulk_create(
        [
            Picture(
                sha256=sha256,
                byte_size=size,
                format=reading.format,
                mode=reading.mode,
                width=reading.width,
                height=reading.height,
                frames=reading.frames,
                metadata=dict(reading.metadata),
                read_with=engine_version(),
            )
            for sha256, (size, reading) in readings.items()
        ],
        update_conflicts=True,
        unique_fields=["sha256", "page"],
        update_fields=["format", "mode", "width", "height", "frames", "metadata", "read_with"],
    )
    Fingerprint.objects.bulk_create(
        [
            Fingerprint(
                picture=picture, algorithm=algorithm, version=ALGORITHMS[algorithm], code=code
            )
            for picture, (_size, reading) in zip(pictures, readings.values(), strict=True)
            for algorithm, code in _codes(reading)
        ],
        ignore_conflicts=True,
    )


def _codes(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Algorithm and code of each fingerprint that was computed."""
    computed = {
        "pixels": reading.pixel_digest,
        "phash64": reading.phash64,
        "phash256": reading.phash256,
    }
    for algorithm, code in computed.items():
        if code is not None:
            yield algorithm, code


@transaction.atomic
def _complete(chunk: Chunk) -> None:
    current = ledger.hold(chunk)
    current.files_done = current.files_total
    current.bytes_done = current.bytes_total
    current.state = Chunk.State.DONE
    current.save(update_fields=["state", "files_done", "bytes_done", "lease_until"])
