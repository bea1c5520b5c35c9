"""Write what was read of a batch: one statement for each table.

Rows with long codes are sent as binary parameters: written into the text of a statement they cost
more than the signatures themselves.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from scanning.engine.decoding.reading import Reading
from scanning.engine.hashing.fingerprints import ALGORITHMS
from scanning.models import Fingerprint, Picture, SourceFile


@dataclass(frozen=True, slots=True)
class Page:
    """A picture to be stored, and what it was read with."""

    sha256: bytes
    page: int
    byte_size: int
    reading: Reading
    read_with: str


def store_files(files: Sequence[SourceFile]) -> None:
    """What became of the files, which are there already."""
    _executed(
        """
        UPDATE scanning_sourcefile AS file
        SET sha256 = new.sha256, state = new.state, read_with = new.read_with,
            error_kind = new.error_kind, error_message = new.error_message
        FROM unnest(
            %b::bigint[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::text[]
        ) AS new (id, sha256, state, read_with, error_kind, error_message)
        WHERE file.id = new.id
        """,
        (
            (
                file.pk,
                None if file.sha256 is None else bytes(file.sha256),
                str(file.state),
                file.read_with,
                file.error_kind,
                file.error_message,
            )
            for file in files
        ),
    )


def store_pictures(pages: Sequence[Page]) -> None:
    """Write pictures, sorted by their digests, with their fingerprints.

    Of a picture that was read before, nothing is left but what was found now: it may have turned
    flat, and codes of another version are of no use to anybody.
    """
    found = _executed(
        """
        INSERT INTO scanning_picture AS old
            (sha256, page, byte_size, format, mode, width, height, frames, metadata, read_with)
        SELECT sha256, page, byte_size, format, mode, width, height, frames, metadata::jsonb,
            read_with
        FROM unnest(
            %b::bytea[], %b::int[], %b::bigint[], %b::text[], %b::text[], %b::int[], %b::int[],
            %b::int[], %b::text[], %b::text[]
        ) AS new (sha256, page, byte_size, format, mode, width, height, frames, metadata, read_with)
        ON CONFLICT (sha256, page) DO UPDATE
        SET format = excluded.format, mode = excluded.mode, width = excluded.width,
            height = excluded.height, frames = excluded.frames, metadata = excluded.metadata,
            read_with = excluded.read_with
        RETURNING sha256, page, id, xmax = 0
        """,
        (
            (
                page.sha256,
                page.page,
                page.byte_size,
                page.reading.format,
                page.reading.mode,
                page.reading.width,
                page.reading.height,
                page.reading.frames,
                json.dumps(dict(page.reading.metadata)),
                page.read_with,
            )
            for page in pages
        ),
    )
    ids = {(bytes(sha256), page): pk for sha256, page, pk, _is_new in found}
    known = [pk for _sha256, _page, pk, is_new in found if not is_new]
    if known:
        Fingerprint.objects.filter(picture_id__in=known).delete()
    _store_fingerprints((ids[page.sha256, page.page], page.reading) for page in pages)
    # Pages that an older version found and this one does not: pairs may refer to them.
    later = Picture.objects.filter(sha256__in={page.sha256 for page in pages}, page__gt=0)
    later.exclude(pk__in=ids.values()).update(read_with="")


def _store_fingerprints(readings: Iterable[tuple[int, Reading]]) -> None:
    # A digest of pixels may be stored by somebody else in this moment.
    _executed(
        """
        INSERT INTO scanning_fingerprint (picture_id, algorithm, version, code)
        SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bytea[])
        ON CONFLICT (picture_id, algorithm, version) DO UPDATE SET code = excluded.code
        """,
        (
            (pk, algorithm, ALGORITHMS[algorithm], code)
            for pk, reading in readings
            for algorithm, code in reading.fingerprints.items()
        ),
    )


def _executed(statement: str, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What a statement returns that takes its rows column by column; nothing without rows."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    if not columns:
        return []
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, columns)
        return cursor.fetchall() if cursor.description else []
