"""Read files a second time: only those that still have the bytes that were read before."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from scanning.engine.decoding.errors import PictureError
from scanning.models import SourceFile
from scanning.storage import SourceUnavailable, open_source

BLOCK = 1 << 20
# How many files of one content are tried before it is taken as out of reach.
FILES_TRIED = 3
FILES_SEEN = 64

Status = tuple[int, int, int]
T = TypeVar("T")


def digest_of(descriptor: int, size: int, keep: Callable[[], None]) -> tuple[int, bytes]:
    """Number of bytes and their SHA-256; soon stops at a file that grows beyond `size`."""
    digest, done = hashlib.sha256(), 0
    with os.fdopen(os.dup(descriptor), "rb", buffering=0) as stream:
        while done <= size and (block := stream.read(BLOCK)):
            digest.update(block)
            done += len(block)
            keep()
    os.lseek(descriptor, 0, os.SEEK_SET)
    return done, digest.digest()


def status_of(descriptor: int) -> Status:
    """What changes with the content: size, and times that nobody can set back."""
    status = os.fstat(descriptor)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read_again(
    library_id: int, sha256: bytes, decode: Callable[[int], T], keep: Callable[[], None]
) -> T | None:
    """What `decode` makes of the descriptor of a file that was read before with this digest.

    None where no file of the library can be read now, or has that content any more.
    """
    files = SourceFile.objects.readable().filter(library_id=library_id, sha256=sha256)
    for file in files.select_related("library").order_by("pk")[:FILES_TRIED]:
        keep()
        decoded = _decoded_if_unchanged(file, decode, keep)
        if decoded is not None:
            return decoded
    return None


def _decoded_if_unchanged(
    file: SourceFile, decode: Callable[[int], T], keep: Callable[[], None]
) -> T | None:
    try:
        descriptor = open_source(file)
    except SourceUnavailable:
        return None
    try:
        status = status_of(descriptor)
        if not _is_still(file, descriptor, status, keep):
            return None
        decoded = decode(descriptor)
        return decoded if status_of(descriptor) == status else None
    except (OSError, PictureError):
        return None
    finally:
        os.close(descriptor)


# What `_is_still` has found lately: a file of many pages is not hashed for each of them.
_seen: OrderedDict[int, tuple[bytes, Status]] = OrderedDict()


def _is_still(file: SourceFile, descriptor: int, status: Status, keep: Callable[[], None]) -> bool:
    """Whether the file has the bytes that were read."""
    expected = bytes(file.sha256 or b""), status
    if _seen.get(file.pk) != expected:
        if digest_of(descriptor, status[0], keep)[1] != expected[0]:
            return False
        _seen[file.pk] = expected
        if len(_seen) > FILES_SEEN:
            _seen.popitem(last=False)
    return True
