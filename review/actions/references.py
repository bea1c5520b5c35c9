"""What stands in for a file that was moved away: a pointer record or a relative link. Pure.

Never a hard link: one file under two names shares every later change. A reference is made under a
scratch name in the quarantine and moved to its place in one step, and it is taken away by moving it
back there first: what is not ours is never unlinked.
"""

import hashlib
import os
import stat
from dataclasses import dataclass

from review.actions import moving, opening
from review.actions.troubles import told

SUFFIX = b".second-look.json"
LONGEST_NAME = 255
_CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Reference:
    """A pointer record (`content`: its bytes) or a symbolic link (`content`: where it leads)."""

    name: bytes
    content: bytes
    is_link: bool = False


def pointer_name(name: bytes) -> bytes:
    """The name of the pointer record beside a file called `name`; a long name is cut."""
    if len(name) + len(SUFFIX) <= LONGEST_NAME:
        return name + SUFFIX
    mark = b"~" + hashlib.sha256(name).hexdigest()[:12].encode()
    return name[: LONGEST_NAME - len(SUFFIX) - len(mark)] + mark + SUFFIX


def link_target(path: bytes, keeper: bytes) -> bytes:
    """The relative link from a file's folder to its keeper; both paths are below one root."""
    return os.path.relpath(b"/" + keeper, os.path.dirname(b"/" + path))  # noqa: PTH120  bytes


def put(reference: Reference, folder: int, scratch: int, scratch_name: bytes) -> None:
    """Make the reference and move it to its name in `folder`. Twice is as good as once.

    Raises:
        Refused: TAKEN: something else has its name; or as in `moving.rename`.
    """
    if is_ours(reference, folder, reference.name):
        return
    moving.forget(scratch, scratch_name)
    try:
        with told():
            if reference.is_link:
                os.symlink(reference.content, scratch_name, dir_fd=scratch)
            else:
                _write(scratch, scratch_name, reference.content)
        moving.rename(scratch, scratch_name, folder, reference.name)
    finally:
        moving.forget(scratch, scratch_name)
    moving.flush(folder, scratch)


def take_away(reference: Reference, folder: int, scratch: int, scratch_name: bytes) -> bool:
    """Remove the reference if it stands there as it was made; whether it did.

    What was changed, or is somebody else's, stays.

    Raises:
        Refused: as in `moving.rename`.
    """
    moving.forget(scratch, scratch_name)
    if not is_ours(reference, folder, reference.name):
        return False
    moving.rename(folder, reference.name, scratch, scratch_name)
    if not is_ours(reference, scratch, scratch_name):  # swapped at the last moment
        moving.rename(scratch, scratch_name, folder, reference.name)
        return False
    moving.forget(scratch, scratch_name)
    moving.flush(folder, scratch)
    return True


def is_ours(reference: Reference, folder: int, name: bytes) -> bool:
    """Whether the reference stands at `name` as it was made. Raises Refused (DISK_ERROR, …)."""
    with told():
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if reference.is_link:
            is_link = stat.S_ISLNK(status.st_mode)
            return is_link and os.readlink(name, dir_fd=folder) == reference.content
    if not stat.S_ISREG(status.st_mode) or status.st_size != len(reference.content):
        return False
    with opening.opened_in(folder, name) as found:
        return opening.hashed(found) == hashlib.sha256(reference.content).digest()


def _write(folder: int, name: bytes, content: bytes) -> None:
    descriptor = os.open(name, _CREATING, 0o644, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
