"""Folders and files by descriptors: from the root down, no symbolic link followed. Pure."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from review.actions.troubles import Refused, Trouble, told

BLOCK = 1 << 20
_OF_KEEPER = {
    Trouble.MISSING: Trouble.KEEPER_MISSING,
    Trouble.FOLDER_GONE: Trouble.KEEPER_MISSING,
    Trouble.ROOT_GONE: Trouble.KEEPER_MISSING,
    Trouble.NOT_A_FILE: Trouble.KEEPER_MISSING,
    Trouble.CHANGED_MEANWHILE: Trouble.KEEPER_CHANGED,
}
_PASSING = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not O_PATH: whoever moves files in a folder must be able to fsync it.
_WORKING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class Place:
    """A file's path below the real path of a library's folder."""

    root: str
    path: bytes

    @property
    def folders(self) -> list[bytes]:
        return self.path.split(b"/")[:-1]

    @property
    def name(self) -> bytes:
        return self.path.split(b"/")[-1]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a file was when the plan was made; an `inode` of 0 was not known."""

    sha256: bytes
    size: int
    modified_ns: int
    inode: int

    def is_that_of(self, status: os.stat_result) -> bool:
        """Whether size, time and inode are as planned."""
        return (
            status.st_size == self.size
            and status.st_mtime_ns == self.modified_ns
            and self.inode in (0, status.st_ino)
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """An ordinary file that is open, and the folder that it was found in."""

    folder: int
    name: bytes
    file: int
    status: os.stat_result

    @property
    def identity(self) -> tuple[int, int]:
        return identity(self.status)

    def stands(self) -> bool:
        """Whether the name still leads to this very file, untouched since it was opened."""
        try:
            now = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return _untouched(now) == _untouched(self.status)


def identity(status: os.stat_result) -> tuple[int, int]:
    """What makes two names one file: device and inode."""
    return status.st_dev, status.st_ino


def _untouched(status: os.stat_result) -> tuple[int, ...]:
    return (*identity(status), status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@contextmanager
def folder(root: str, folders: Sequence[bytes] = (), *, make: bool = False) -> Iterator[int]:
    """A descriptor of `root`/`folders`, closed at the end of the block.

    make: missing folders below the root are made, for our user alone.

    Raises:
        Refused: ROOT_GONE, FOLDER_GONE, NOT_A_FILE (a link stands on the way), READ_ONLY, …
    """
    with told(Trouble.ROOT_GONE):
        here = _down(
            os.open("/", _PASSING), [os.fsencode(part) for part in root.split("/") if part]
        )
    with told(Trouble.FOLDER_GONE):
        here = _down(here, folders, make=make)
        try:
            descriptor = os.open(b".", _WORKING, dir_fd=here)
        finally:
            os.close(here)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def check_mounted(root: str) -> None:
    """An empty folder is more likely a mount that is away. Raises Refused (ROOT_GONE)."""
    with folder(root) as here, told(), os.scandir(here) as entries:
        if next(entries, None) is None:
            raise Refused(Trouble.ROOT_GONE)


def _down(here: int, folders: Sequence[bytes], *, make: bool = False) -> int:
    """Go down from a descriptor, which is closed; also where this fails."""
    for name in folders:
        try:
            deeper = _enter(here, name, make=make)
        except OSError:
            os.close(here)
            raise
        os.close(here)
        here = deeper
    return here


def _enter(here: int, name: bytes, *, make: bool) -> int:
    if name in (b"", b".", b".."):
        raise FileNotFoundError(2, "not a path inside the library")
    try:
        return os.open(name, _PASSING, dir_fd=here)
    except FileNotFoundError:
        if not make:
            raise
    try:
        os.mkdir(name, 0o700, dir_fd=here)
    except FileExistsError:
        pass  # somebody else was quicker
    else:
        with _listed(here) as parent:
            os.fsync(parent)
    return os.open(name, _PASSING, dir_fd=here)


@contextmanager
def _listed(here: int) -> Iterator[int]:
    descriptor = os.open(b".", _WORKING, dir_fd=here)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened(place: Place) -> Iterator[Opened]:
    """The ordinary file at a place, open for reading.

    Raises:
        Refused: MISSING, NOT_A_FILE, FOLDER_GONE, …
    """
    with folder(place.root, place.folders) as parent, opened_in(parent, place.name) as found:
        yield found


@contextmanager
def opened_in(parent: int, name: bytes) -> Iterator[Opened]:
    """As `opened`, in a folder that is open already."""
    if name in (b"", b".", b".."):
        raise Refused(Trouble.MISSING)
    with told():
        descriptor = os.open(name, _READING, dir_fd=parent)
    try:
        with told():
            status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(Trouble.NOT_A_FILE)
        yield Opened(parent, name, descriptor, status)
    finally:
        os.close(descriptor)


def hashed(found: Opened) -> bytes:
    """The SHA-256 of the open file, read through its descriptor.

    Raises:
        Refused: CHANGED_MEANWHILE: somebody wrote to it while it was read; DISK_ERROR.
    """
    digest = hashlib.sha256()
    with told():
        before = os.fstat(found.file)
        at = 0
        while block := os.pread(found.file, BLOCK, at):
            digest.update(block)
            at += len(block)
        after = os.fstat(found.file)
    if _untouched(before) != _untouched(after) or at != after.st_size:
        raise Refused(Trouble.CHANGED_MEANWHILE)
    return digest.digest()


def check_source(found: Opened, planned: Planned) -> None:
    """Make sure that this is the file that was planned for, with nothing but this one name.

    Raises:
        Refused: CHANGED, HARD_LINKED, OTHER_CONTENT, or as in `hashed`.
    """
    if not planned.is_that_of(found.status):
        raise Refused(Trouble.CHANGED)
    if found.status.st_nlink != 1:
        raise Refused(Trouble.HARD_LINKED)
    if hashed(found) != planned.sha256:
        raise Refused(Trouble.OTHER_CONTENT)


def check_keeper(place: Place, sha256: bytes, source: Opened) -> None:
    """Make sure that the keeper is there, whole, and another file than `source`.

    Raises:
        Refused: KEEPER_MISSING, KEEPER_CHANGED, SAME_FILE, or that it cannot be seen.
    """
    try:
        with opened(place) as keeper:
            is_same = keeper.identity == source.identity
            is_whole = hashed(keeper) == sha256
    except Refused as error:
        raise Refused(_OF_KEEPER.get(error.trouble, error.trouble), error.reason) from error
    if is_same:
        raise Refused(Trouble.SAME_FILE)
    if not is_whole:
        raise Refused(Trouble.KEEPER_CHANGED)
