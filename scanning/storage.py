"""Where the bytes of source files are, and the only ways to open them: read-only, never outside.

A mounted library's folder must lie under LIBRARY_ROOTS with every symbolic link resolved. Below it
no symbolic link is followed, so that a link planted in a library cannot lead out of it.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from django.conf import settings
from django.utils.translation import gettext as _

from scanning.models import Library, SourceFile

# What action plans leave in a library's folder: scans pass them over (`is_ours`).
QUARANTINE = ".second-look-quarantine"
POINTER_SUFFIX = b".second-look.json"
LARGEST_POINTER = 64 * 1024

READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
# To pass through a folder needs no right to list it.
_PASSING = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class RootRefused(Exception):
    """A folder cannot be a library's root; the message says why and what to do."""


class SourceUnavailable(Exception):
    """A source file cannot be opened now; the message says why."""


def library_roots() -> list[Path]:
    """The folders under which libraries may be mounted.

    LIBRARY_ROOTS decides. Where it is not set (one machine, embedded servers), the folders that
    its operator named on the command line count; they are kept in DATA_DIR/library-roots, one on a
    line, percent-encoded.
    """
    named = os.environ.get("LIBRARY_ROOTS")
    if named is not None:
        return [Path(text.strip()).resolve() for text in named.split(",") if text.strip()]
    try:
        lines = _roots_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [Path(os.fsdecode(unquote_to_bytes(line))).resolve() for line in lines if line]


def allow_root(folder: Path) -> None:
    """The operator named `folder` on the command line: it may be mounted from now on.

    Without effect where LIBRARY_ROOTS is set: the environment has the last word.
    """
    if "LIBRARY_ROOTS" in os.environ or not folder.is_dir() or folder.resolve() in library_roots():
        return
    _roots_file().parent.mkdir(parents=True, exist_ok=True)
    with _roots_file().open("a", encoding="utf-8") as roots:
        roots.write(f"{quote(os.fsencode(folder.resolve()))}\n")


def _roots_file() -> Path:
    return Path(settings.DATA_DIR) / "library-roots"


def checked_root(text: str) -> Path:
    """The real path of a folder that may be mounted.

    Raises:
        RootRefused: it is missing, no folder, not readable, or outside LIBRARY_ROOTS, or its name
            is not text that a database can keep.
    """
    given = Path(text)
    if not given.is_absolute():
        raise RootRefused(_("Give the whole path of the folder, beginning with “/”."))
    try:
        folder = given.resolve(strict=True)
        str(folder).encode("utf-8")
    except UnicodeEncodeError as error:
        raise RootRefused(
            _("The name of the folder %(folder)s is not UTF-8. Rename it, or mount one above it.")
            % {"folder": text.encode("utf-8", "backslashreplace").decode()}
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise RootRefused(
            _("There is no folder %(folder)s. Check the path, or mount it first.")
            % {"folder": given}
        ) from error
    if not any(folder.is_relative_to(root) for root in library_roots()):
        raise RootRefused(
            _("%(folder)s is not under LIBRARY_ROOTS. Choose a folder below: %(roots)s.")
            % {"folder": folder, "roots": ", ".join(map(str, library_roots())) or _("(none)")}
        )
    if not folder.is_dir():
        raise RootRefused(_("%(folder)s is a file. Give a folder.") % {"folder": folder})
    if not os.access(folder, os.R_OK | os.X_OK):
        raise RootRefused(
            _("%(folder)s cannot be read. Give the program's user the right to read it.")
            % {"folder": folder}
        )
    return folder


def uploads_folder() -> Path:
    """Where all uploaded content lies."""
    return Path(settings.DATA_DIR) / "uploads"


def upload_path(sha256: bytes) -> Path:
    """Where uploaded content with this digest lies."""
    name = bytes(sha256).hex()
    return uploads_folder() / name[:2] / name


def raw_path(file: SourceFile) -> bytes:
    """The path below the library's root as the file system knows it."""
    return bytes(file.raw_path) if file.raw_path is not None else os.fsencode(file.path)


def open_source(file: SourceFile) -> int:
    """A read-only descriptor of a source file; the caller closes it.

    Raises:
        SourceUnavailable: the file or its library cannot be reached, or is no ordinary file.
    """
    try:
        if file.library.kind == Library.Kind.UPLOADED:
            descriptor = os.open(upload_path(bytes(file.sha256 or b"")), READ_ONLY)
        else:
            descriptor = _open_beneath(checked_root(file.library.root), raw_path(file))
    except RootRefused as error:
        raise SourceUnavailable(str(error)) from error
    except OSError as error:
        raise SourceUnavailable(
            _("%(path)s cannot be opened: %(reason)s.")
            % {"path": file.path, "reason": error.strerror}
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceUnavailable(_("%(path)s is not an ordinary file.") % {"path": file.path})
    return descriptor


def open_root(text: str) -> int:
    """A descriptor of a mounted library's folder, ready to be listed; the caller closes it.

    Raises:
        RootRefused: as in `checked_root`, or it cannot be opened.
    """
    root = checked_root(text)
    try:
        passed = _pass_through(_parts(root))
        try:
            return os.open(".", READ_ONLY | os.O_DIRECTORY, dir_fd=passed)
        finally:
            os.close(passed)
    except OSError as error:
        raise RootRefused(
            _("%(folder)s cannot be opened: %(reason)s. Is it mounted?")
            % {"folder": root, "reason": error.strerror}
        ) from error


def is_ours(raw: bytes, size: int | None = None) -> bool:
    """Whether a path below a library's root is the quarantine, or a pointer record of this size."""
    if size is None:
        return raw == QUARANTINE.encode()
    return raw.endswith(POINTER_SUFFIX) and size <= LARGEST_POINTER


def _open_beneath(root: Path, relative: bytes) -> int:
    """Open the file `root`/`relative`, following no symbolic link on the whole way."""
    *folders, name = relative.split(b"/")
    if any(part in (b"", b".", b"..") for part in (*folders, name)):
        raise FileNotFoundError(2, "not a path inside the library")
    folder = _pass_through([*_parts(root), *folders])
    try:
        return os.open(name, READ_ONLY, dir_fd=folder)
    finally:
        os.close(folder)


def _parts(root: Path) -> list[bytes]:
    return [os.fsencode(part) for part in root.parts[1:]]


def _pass_through(folders: Iterable[bytes]) -> int:
    """A descriptor of the last of these folders, one in the other from `/`.

    The path may have been checked a moment ago: a link planted in it since then is refused.
    """
    here = os.open("/", _PASSING)
    try:
        for folder in folders:
            deeper = os.open(folder, _PASSING, dir_fd=here)
            os.close(here)
            here = deeper
    except OSError:
        os.close(here)
        raise
    return here
