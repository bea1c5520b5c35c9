"""Moving one file without ever overwriting another, and making sure that it was that file. Pure."""

import ctypes
import os
from contextlib import suppress

from review.actions.opening import Opened, hashed, identity
from review.actions.troubles import NOT_SUPPORTED, Refused, Trouble, refused, told

RENAME_NOREPLACE = 1
SCRATCH = (b".try.1", b".try.2")
_libc = ctypes.CDLL(None, use_errno=True)


def rename(from_folder: int, name: bytes, to_folder: int, to_name: bytes) -> None:
    """Give a file another name in one step, unless that name is taken: renameat2(2).

    A link and an unlink instead would be two steps: the name that is unlinked may be another
    file's by then. So where the file system cannot do this (NFS), nothing is done.

    Raises:
        Refused: TAKEN, MISSING, OTHER_FILE_SYSTEM, NO_SAFE_MOVE, READ_ONLY, DISK_FULL, DISK_ERROR.
    """
    renameat2 = getattr(_libc, "renameat2", None)
    if renameat2 is None:
        raise Refused(Trouble.NO_SAFE_MOVE)
    if renameat2(from_folder, name, to_folder, to_name, RENAME_NOREPLACE) == 0:
        return
    code = ctypes.get_errno()
    error = OSError(code, os.strerror(code))
    if code in NOT_SUPPORTED:
        raise Refused(Trouble.NO_SAFE_MOVE, os.strerror(code)) from error
    raise refused(error) from error


def take(source: Opened, folder: int, name: bytes) -> None:
    """Move an open file to `name` in another folder of its file system.

    If somebody put another file in its place at the last moment, that one is put back.

    Raises:
        Refused: CHANGED_MEANWHILE, LEFT_ASIDE, OTHER_FILE_SYSTEM, or as in `rename`.
    """
    with told():
        if os.fstat(folder).st_dev != source.status.st_dev:
            raise Refused(Trouble.OTHER_FILE_SYSTEM)
        if not source.stands():
            raise Refused(Trouble.CHANGED_MEANWHILE)
    rename(source.folder, source.name, folder, name)
    if _identity_of(folder, name) != source.identity:
        give_back(folder, name, source)
        raise Refused(Trouble.CHANGED_MEANWHILE)
    flush(source.folder, folder)


def confirm(source: Opened, folder: int, name: bytes, sha256: bytes) -> None:
    """Hash the moved file again; where somebody wrote to it meanwhile, put it back.

    Raises:
        Refused: CHANGED_MEANWHILE, LEFT_ASIDE; DISK_ERROR where it cannot be read or put back.
    """
    try:
        is_whole = hashed(source) == sha256
    except Refused as error:
        if error.trouble != Trouble.CHANGED_MEANWHILE:
            raise
        is_whole = False
    if not is_whole:
        give_back(folder, name, source)
        raise Refused(Trouble.CHANGED_MEANWHILE)


def give_back(folder: int, name: bytes, source: Opened) -> None:
    """Move what lies at `name` back to where `source` was.

    Raises:
        Refused: LEFT_ASIDE: something stands there now, so both are left; or as in `rename`.
    """
    try:
        rename(folder, name, source.folder, source.name)
    except Refused as error:
        if error.trouble == Trouble.TAKEN:
            raise Refused(Trouble.LEFT_ASIDE) from error
        raise
    flush(source.folder, folder)


def remove(found: Opened, sha256: bytes) -> None:
    """Unlink an open file of a folder that only we write to, if it is what it should be.

    Raises:
        Refused: OTHER_CONTENT, CHANGED_MEANWHILE, READ_ONLY, DISK_ERROR.
    """
    if hashed(found) != sha256:
        raise Refused(Trouble.OTHER_CONTENT)
    unlink(found)


def unlink(found: Opened) -> None:
    """Unlink an open file that still has its name. Raises as `remove`."""
    with told():
        if not found.stands():
            raise Refused(Trouble.CHANGED_MEANWHILE)
        os.unlink(found.name, dir_fd=found.folder)
        os.fsync(found.folder)


def flush(*folders: int) -> None:
    """Names in these folders are on disk when this returns. Raises Refused (DISK_ERROR)."""
    with told():
        for folder in folders:
            os.fsync(folder)


def forget(folder: int, name: bytes) -> None:
    """Remove a scratch name of ours, if it is there. Raises Refused."""
    with told(), suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _identity_of(folder: int, name: bytes) -> tuple[int, int] | None:
    with told(), suppress(FileNotFoundError):
        return identity(os.stat(name, dir_fd=folder, follow_symlinks=False))
    return None


def try_out(folder: int) -> None:
    """Make a scratch file in a folder and rename it: whether moves are possible there at all.

    Somebody else may do the same at this moment: a name that is taken, or gone, says as much.

    Raises:
        Refused: READ_ONLY, NO_SAFE_MOVE, …
    """
    forget(folder, SCRATCH[1])
    with told():
        os.close(os.open(SCRATCH[0], os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=folder))
    try:
        rename(folder, SCRATCH[0], folder, SCRATCH[1])
    except Refused as refusal:
        if refusal.trouble not in (Trouble.TAKEN, Trouble.MISSING):
            raise
    finally:
        forget(folder, SCRATCH[0])
        forget(folder, SCRATCH[1])
