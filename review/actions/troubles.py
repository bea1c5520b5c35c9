"""Why a file was not acted upon: one code each. Words for people are in `wording`. Pure."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# What a file system answers that cannot move a file without overwriting (NFS, some FUSE ones).
NOT_SUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


class Trouble(StrEnum):
    """The kinds of trouble."""

    ROOT_GONE = "root_gone"
    FOLDER_GONE = "folder_gone"
    MISSING = "missing"
    NOT_A_FILE = "not_a_file"
    CHANGED = "changed"
    OTHER_CONTENT = "other_content"
    CHANGED_MEANWHILE = "changed_meanwhile"
    HARD_LINKED = "hard_linked"
    KEEPER_MISSING = "keeper_missing"
    KEEPER_CHANGED = "keeper_changed"
    SAME_FILE = "same_file"
    OTHER_FILE_SYSTEM = "other_file_system"
    NO_SAFE_MOVE = "no_safe_move"
    TAKEN = "taken"
    LEFT_ASIDE = "left_aside"
    READ_ONLY = "read_only"
    DISK_FULL = "disk_full"
    DISK_ERROR = "disk_error"
    LOST = "lost"
    # What speaks against it in the database.
    BLOCKED = "blocked"
    NOT_APPROVED = "not_approved"
    PLAN_CHANGED = "plan_changed"
    REPLACED = "replaced"
    INTERRUPTED = "interrupted"


class Refused(Exception):
    """Nothing was done, or what was begun was taken back.

    `LEFT_ASIDE` and `LOST` are the exceptions: a person has to look (see `wording`).
    """

    def __init__(self, trouble: Trouble, reason: str = "") -> None:
        super().__init__(f"{trouble}: {reason}" if reason else str(trouble))
        self.trouble = trouble
        self.reason = reason


def refused(error: OSError, *, missing: Trouble = Trouble.MISSING) -> Refused:
    """What an error of the file system means here."""
    reason = error.strerror or str(error)
    match error.errno:
        case errno.ENOENT:
            return Refused(missing)
        case errno.ELOOP | errno.ENOTDIR | errno.EISDIR | errno.ENXIO:
            return Refused(Trouble.NOT_A_FILE, reason)
        case errno.EEXIST | errno.ENOTEMPTY:
            return Refused(Trouble.TAKEN)
        case errno.EXDEV:
            return Refused(Trouble.OTHER_FILE_SYSTEM)
        case code if code in READ_ONLY:
            return Refused(Trouble.READ_ONLY, reason)
        case code if code in DISK_FULL:
            return Refused(Trouble.DISK_FULL, reason)
        case _:
            return Refused(Trouble.DISK_ERROR, reason)


@contextmanager
def told(missing: Trouble = Trouble.MISSING) -> Iterator[None]:
    """Errors of the file system become `Refused`."""
    try:
        yield
    except OSError as error:
        raise refused(error, missing=missing) from error
