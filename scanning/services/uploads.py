"""Files that people upload: kept once for each content, under its digest."""

import errno
import hashlib
import os
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.http import UnreadablePostError
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from scanning.attributes import parse_pattern
from scanning.models import Library, SourceFile, Upload
from scanning.services.libraries import require_manager
from scanning.storage import upload_path

BLOCK = 1 << 20
MAXIMUM_NAME = 1000
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class UploadRefused(Exception):
    """One file was not taken; the message names it and says what to do."""


class Readable(Protocol):
    """Bytes that arrive: an open file, an uploaded file, the body of a request."""

    def read(self, size: int, /) -> bytes: ...


def add_upload(
    *,
    library: Library,
    actor: User | None,
    name: str,
    content: Readable,
    expected_size: int | None = None,
) -> SourceFile:
    """Keep one uploaded file in a library of uploaded files.

    The same content under the same name changes nothing. Other content under a taken name is
    kept beside it as `name (2).jpg`.

    Args:
        name: the file's name, or its path within an uploaded folder.
        expected_size: how many bytes were announced; fewer means that the connection broke.

    Raises:
        PermissionDenied: the actor may not set up this library.
        UploadRefused: no usable name, empty, too large, incomplete, or no space on the disk.
    """
    require_manager(actor, library)
    if library.kind != Library.Kind.UPLOADED:
        raise UploadRefused(
            _("“%(library)s” is a mounted folder. Put files into the folder itself.")
            % {"library": library}
        )
    path = clean_name(name)
    sha256, size = _store(path, content, expected_size)
    return _register(library, actor, path, sha256, size)


def clean_name(name: str) -> str:
    """A relative path with `/` between its parts, in normal form C, free of control characters.

    Raises:
        UploadRefused: nothing is left, it is too long, or it leads out of its folder.
    """
    text = unicodedata.normalize("NFC", name).replace("\\", "/")
    text = "".join(
        letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
    )
    parts = [part for part in (part.strip() for part in text.split("/")) if part not in ("", ".")]
    if ".." in parts:
        raise UploadRefused(
            _("“%(name)s” was not taken: a name must not contain “..”. Rename the file.")
            % {"name": text}
        )
    path = "/".join(parts)
    if not path:
        raise UploadRefused(_("A file without a name was not taken. Give it a name."))
    if len(path) > MAXIMUM_NAME:
        raise UploadRefused(
            _("“%(name)s…” was not taken: its name is longer than %(maximum)d characters.")
            % {"name": path[:60], "maximum": MAXIMUM_NAME}
        )
    return path


def _store(name: str, content: Readable, expected_size: int | None) -> tuple[bytes, int]:
    """Write the content below DATA_DIR unless it is there already; its SHA-256 and size."""
    if expected_size is not None:
        _check_size(name, expected_size)
    folder = Path(settings.DATA_DIR) / "uploads" / "tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, text = tempfile.mkstemp(dir=folder)
        temporary = Path(text)
        try:
            with os.fdopen(descriptor, "wb") as file:
                digest, size = hashlib.sha256(), 0
                for block in _blocks(content):
                    size += len(block)
                    _check_size(name, size)
                    digest.update(block)
                    file.write(block)
                _check_complete(name, size, expected_size)
                file.flush()
                os.fsync(file.fileno())
            _move(temporary, upload_path(digest.digest()))
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except UnreadablePostError as error:
        raise _incomplete(name) from error
    except OSError as error:
        raise _cannot_write(name, error) from error
    return digest.digest(), size


def _blocks(content: Readable) -> Iterator[bytes]:
    while block := content.read(BLOCK):
        yield block


def _check_size(name: str, size: int) -> None:
    if size > settings.UPLOAD_MAX_BYTES:
        raise UploadRefused(
            _("“%(name)s” was not taken: it is larger than %(maximum)d MB.")
            % {"name": name, "maximum": settings.UPLOAD_MAX_BYTES // 2**20}
        )


def _check_complete(name: str, size: int, expected_size: int | None) -> None:
    if expected_size is not None and size != expected_size:
        raise _incomplete(name)
    if size == 0:
        raise UploadRefused(_("“%(name)s” was not taken: it is empty (0 bytes).") % {"name": name})


def _incomplete(name: str) -> UploadRefused:
    return UploadRefused(
        _("“%(name)s” was not taken: it arrived incomplete. Upload it again.") % {"name": name}
    )


def _cannot_write(name: str, error: OSError) -> UploadRefused:
    if error.errno in DISK_FULL:
        message = _(
            "“%(name)s” was not taken: the disk is full. Free some space and upload it again."
        )
        return UploadRefused(message % {"name": name})
    message = _("“%(name)s” was not taken: it cannot be stored (%(reason)s). Tell your operator.")
    return UploadRefused(message % {"name": name, "reason": error.strerror})


def _move(temporary: Path, final: Path) -> None:
    """Put a complete file in its place at once; content that is there already is kept."""
    if final.exists():
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(final)
    folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@transaction.atomic
def _register(
    library: Library, actor: User | None, path: str, sha256: bytes, size: int
) -> SourceFile:
    if actor is not None:
        Upload.objects.get_or_create(user=actor, sha256=sha256)
    # One at a time in each library, so that two uploads never take one name.
    Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    if not upload_path(sha256).is_file():  # an action plan has just deleted this content
        raise _incomplete(path)
    for candidate in _names(path):
        key = hashlib.sha256(candidate.encode()).digest()
        taken = SourceFile.objects.filter(library=library, path_key=key).first()
        if taken is None:
            break
        if taken.sha256 is not None and bytes(taken.sha256) == sha256:
            if taken.set_aside_at is not None:
                taken.is_present, taken.set_aside_at = True, None
                taken.save(update_fields=["is_present", "set_aside_at"])
            return taken
    pattern = parse_pattern(library.attribute_pattern)
    file = SourceFile.objects.create(
        library=library,
        path_key=key,
        path=candidate,
        size=size,
        modified_ns=time.time_ns(),
        sha256=sha256,
        attributes=pattern.attributes_of(candidate) if pattern else {},
    )
    record(
        "library.file_uploaded",
        actor=actor,
        target=file,
        library_id=library.pk,
        data={"size": size, "sha256": sha256.hex()},
    )
    return file


def _names(path: str) -> Iterator[str]:
    """`a.jpg`, `a (2).jpg`, `a (3).jpg` and so on."""
    yield path
    whole = PurePosixPath(path)
    number = 2
    while True:
        yield str(whole.with_name(f"{whole.stem} ({number}){whole.suffix}"))
        number += 1
