"""Listing a mounted folder by descriptors: no symbolic link is followed, no file is opened."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from scanning.models import SourceFile
from scanning.selection import Selection
from scanning.storage import READ_ONLY, is_ours, open_root

# Deeper folders are left alone: each level costs an open descriptor and a piece of the stack.
MAXIMUM_DEPTH = 200

Entry = os.DirEntry[str]


@dataclass(frozen=True, slots=True)
class Found:
    """One file as the file system shows it; times in nanoseconds."""

    raw: bytes
    size: int
    modified_ns: int
    changed_ns: int
    inode: int

    @property
    def path(self) -> str:
        """The path as text; bytes that are not UTF-8 become `\\xNN`."""
        return self.raw.decode("utf-8", "backslashreplace").replace("\x00", "")

    @property
    def key(self) -> bytes:
        return hashlib.sha256(self.raw).digest()

    def row(self, library_id: int) -> SourceFile:
        """A new source file."""
        is_text = self.path.encode("utf-8") == self.raw
        return SourceFile(
            library_id=library_id,
            path_key=self.key,
            path=self.path,
            raw_path=None if is_text else self.raw,
            size=self.size,
            modified_ns=self.modified_ns,
            changed_ns=self.changed_ns,
            inode=self.inode,
        )

    def is_unchanged(self, row: SourceFile) -> bool:
        return (self.size, self.modified_ns, self.changed_ns, self.inode) == (
            row.size,
            row.modified_ns,
            row.changed_ns,
            int(row.inode),
        )


@dataclass(slots=True)
class Walk:
    """Walks one mounted folder and remembers what it could not open.

    `alive` is called again and again, also where nothing is found for a long time.
    """

    root: str
    selection: Selection
    alive: Callable[[], None]
    unreadable: list[bytes] = field(default_factory=list)
    is_empty: bool = True

    def files(self) -> Iterator[Found]:
        """Every ordinary file that the job selects, folder by folder, sorted by name.

        Raises:
            RootRefused: the library's folder cannot be opened.
        """
        yield from self._folder(b"", open_root(self.root), MAXIMUM_DEPTH)

    def _folder(self, path: bytes, descriptor: int, depth: int) -> Iterator[Found]:
        """The files in and below a folder; `path` ends with a slash but for the root's."""
        folders = []
        try:
            for entry in self._listed(descriptor):
                raw = path + os.fsencode(entry.name)
                status = self._status(entry, raw)
                if status is None:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    if self.selection.enters(raw) and not is_ours(raw):
                        folders.append(entry.name)
                elif self._takes(status, raw):
                    yield Found(
                        raw,
                        status.st_size,
                        status.st_mtime_ns,
                        status.st_ctime_ns,
                        status.st_ino,
                    )
            for name in folders:
                raw = path + os.fsencode(name)
                deeper = self._entered(name, descriptor, raw, depth)
                if deeper is not None:
                    yield from self._folder(raw + b"/", deeper, depth - 1)
        except OSError:
            self.unreadable.append(path.rstrip(b"/"))
        finally:
            os.close(descriptor)

    def _takes(self, status: os.stat_result, raw: bytes) -> bool:
        return (
            stat.S_ISREG(status.st_mode)
            and self.selection.takes(raw, status.st_size)
            and not is_ours(raw, status.st_size)
        )

    def _listed(self, descriptor: int) -> Iterator[Entry]:
        """The entries of a folder, sorted by name."""
        listed = []
        with os.scandir(descriptor) as entries:
            for entry in entries:
                self.alive()
                listed.append(entry)
        self.is_empty = self.is_empty and not listed
        for entry in sorted(listed, key=lambda entry: os.fsencode(entry.name)):
            self.alive()
            yield entry

    def _status(self, entry: Entry, raw: bytes) -> os.stat_result | None:
        try:
            return entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None  # gone since the folder was listed
        except OSError:
            self.unreadable.append(raw)
            return None

    def _entered(self, name: str, parent: int, raw: bytes, depth: int) -> int | None:
        try:
            if depth:
                return os.open(name, READ_ONLY | os.O_DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            return None
        except OSError:
            pass
        self.unreadable.append(raw)
        return None
