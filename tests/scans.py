"""Scans in tests: in this process, or by real workers that are watched until the run has ended."""

import base64
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import redis
from django.db import connection

from dedup_site.audit.models import AuditEvent
from scanning.models import (
    CandidatePair,
    Chunk,
    Finding,
    Fingerprint,
    Library,
    Picture,
    ScanJob,
    ScanRun,
    SourceFile,
)
from scanning.services import ledger
from scanning.services.runs import start_run
from scanning.tasks import sweep, work_chunk

PATIENCE = 120.0  # seconds, for a machine that others use too
SWEEP_SECONDS = 0.5

T = TypeVar("T")
Tables = dict[str, list[tuple[Any, ...]]]


def until(found: Callable[[], T], what: str) -> T:
    """What `found` gives as soon as that is something; fails after a while, naming `what`."""
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
        time.sleep(0.01)
    return result


def job_of(library: Library, **settings: Any) -> ScanJob:
    """The library's job called “Everything”, with these settings."""
    job, _created = ScanJob.objects.update_or_create(
        library=library, name="Everything", defaults=settings
    )
    return job


def started(library: Library, **settings: Any) -> ScanRun:
    """A new run of which nothing has been done yet."""
    return start_run(job=job_of(library, **settings), actor=None)


def claimed(chunk: Chunk) -> Chunk:
    """The chunk, claimed by this process."""
    ours = ledger.claim(chunk.pk)
    assert ours is not None
    return ours


def work_off(run: ScanRun) -> ScanRun:
    """Do all chunks of a run in this process; the run as it is then."""
    while chunk := Chunk.objects.ready().filter(run=run).order_by("kind", "ordinal").first():
        work_chunk(chunk.pk)
    run.refresh_from_db()
    return run


def scan(library: Library, **settings: Any) -> ScanRun:
    """A whole run in this process."""
    return work_off(started(library, **settings))


def follow(run: ScanRun, enough: Callable[[], bool] | None = None) -> ScanRun:
    """Wait for workers to end the run, or to do enough; sweeps now and then as beat does."""
    swept = 0.0

    def done() -> bool:
        nonlocal swept
        if time.monotonic() - swept > SWEEP_SECONDS:
            sweep()
            swept = time.monotonic()
        run.refresh_from_db()
        return not run.is_active or (enough is not None and enough())

    until(done, f"progress of a run in state {run.state}; see {os.environ['DATA_DIR']}/logs")
    return run


def at_once(*works: Callable[[], T]) -> list[T]:
    """What each of `works` gives, in threads that begin at the same moment.

    Each has a connection to the database of its own.
    """
    together = threading.Barrier(len(works))

    def begin(work: Callable[[], T]) -> T:
        together.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(begin, work) for work in works]]


def broker() -> redis.Redis:
    """The Redis database that workers started from here listen to."""
    return redis.Redis.from_url(os.environ["REDIS_URL"])


def messages() -> list[int]:
    """The chunks that the messages in the broker name, oldest first."""
    with broker() as queue:
        keys = list(queue.scan_iter("celery*", _type="list"))
        waiting = [json.loads(item) for key in keys for item in queue.lrange(key, 0, -1)]
    bodies = [json.loads(base64.b64decode(message["body"])) for message in reversed(waiting)]
    return [arguments[0] for arguments, _keywords, _options in bodies if arguments]


def actions(run: ScanRun) -> list[str]:
    """What the audit log says about a run."""
    events = AuditEvent.objects.filter(target_type="scanning.scanrun", target_id=str(run.pk))
    return list(events.order_by("pk").values_list("action", flat=True))


def make_library(root: Path, **fields: Any) -> Library:
    """A library of a folder, made where it is missing."""
    root.mkdir(parents=True, exist_ok=True)
    return Library.objects.create(name=root.name, kind="mounted", root=str(root), **fields)


def files_of(library: Library) -> dict[str, SourceFile]:
    """The library's files by path."""
    return {file.path: file for file in SourceFile.objects.filter(library=library)}


def first_paths(library: Library) -> dict[bytes, str]:
    """The first path of each content."""
    files = SourceFile.objects.readable().filter(library=library).order_by("-path")
    return {bytes(file.sha256 or b""): file.path for file in files}


def findings_of(library: Library) -> list[tuple[str, str, str, int | None]]:
    """First paths, tier and distance of each finding, sorted; paths in alphabetical order."""
    paths = first_paths(library)
    found = Finding.objects.filter(library=library).select_related("pair__left", "pair__right")
    lines = []
    for finding in found:
        pair = finding.pair
        one, other = sorted(paths[bytes(side.sha256)] for side in (pair.left, pair.right))
        lines.append((one, other, pair.tier, pair.distance))
    return sorted(lines)


def tables() -> Tables:
    """What a scan leaves behind, by value: no ids, no times of the scan itself."""

    def sides(pair: CandidatePair) -> tuple[str, str]:
        return pair.left.digest, pair.right.digest

    return {
        "source files": sorted(
            (
                file.path,
                file.size,
                file.modified_ns,
                bytes(file.sha256 or b"").hex(),
                sorted(file.attributes.items()),
                (file.state, file.is_present, file.error_kind, file.error_message, file.read_with),
            )
            for file in SourceFile.objects.all()
        ),
        "pictures": sorted(
            (
                picture.digest,
                (picture.byte_size, picture.format, picture.mode, picture.frames),
                (picture.width, picture.height, picture.read_with),
                sorted(picture.metadata.items()),
            )
            for picture in Picture.objects.all()
        ),
        "fingerprints": sorted(
            (row.picture.digest, row.algorithm, row.version, bytes(row.code).hex())
            for row in Fingerprint.objects.select_related("picture")
        ),
        "pairs": sorted(
            (*sides(pair), pair.tier, pair.distance or 0, pair.score, str(pair.evidence))
            for pair in CandidatePair.objects.select_related("left", "right")
        ),
        "findings": sorted(
            (*sides(row.pair), row.library.name)
            for row in Finding.objects.select_related("pair__left", "pair__right", "library")
        ),
    }
