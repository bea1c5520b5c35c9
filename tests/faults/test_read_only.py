"""A scan opens library files for reading only, and leaves them as they are."""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scanning.workers import worker
from tests.library_pictures import write_small_library
from tests.scans import broker, files_of, follow, make_library, scan, started

# Whatever opens a file or changes one; a question mark where a processor lacks the call.
CALLS = (
    "?open,?openat,?openat2,?creat,?rename,?renameat,?renameat2,?unlink,?unlinkat,?rmdir,"
    "?mkdir,?mkdirat,?mknod,?mknodat,?link,?linkat,?symlink,?symlinkat,?chmod,?fchmod,"
    "?fchmodat,?chown,?fchown,?lchown,?fchownat,?utime,?utimes,?futimesat,?utimensat,"
    "?truncate,?ftruncate,?fallocate,?setxattr,?lsetxattr,?fsetxattr,?removexattr,"
    "?lremovexattr,?fremovexattr"
)
OPENING = re.compile(r"^open(at2?)?\(.*= \d+<(?P<opened>.*)>$")
WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")

State = dict[str, tuple[str, int, int, int, int, int]]


def state_of(folder: Path) -> State:
    """Digest, times, inode and rights of everything in a folder."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (
            digest,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_ino,
            status.st_mode,
            status.st_size,
        )
    return found


def access_times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_atime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    write_small_library(folder)
    return folder


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_library_file_is_opened_for_writing(
    real_database: str,
    folder: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    library = make_library(folder)
    before = state_of(folder)
    accessed = access_times(folder)
    (tmp_path / "traces").mkdir()
    strace = ["strace", "-D", "-ff", "-y", "-qq", "-s", "4096", "-e", "signal=none"]
    strace += ["-e", "trace=" + CALLS, "-o", f"{tmp_path}/traces/trace"]
    with broker() as queue:
        queue.flushdb()
    with worker(1, under=strace):
        run = follow(started(library, exclude="*.txt"))
    assert (run.state, run.files_found) == ("finished", 12)
    opened = set()
    for trace in (tmp_path / "traces").iterdir():
        for call in trace.read_text().splitlines():
            if str(folder) not in call or call.startswith("+++"):
                continue
            opening = OPENING.match(call)
            assert opening, f"a library was changed: {call}"
            assert not WRITING.search(call), f"a library file was opened for writing: {call}"
            opened.add(opening["opened"])
    # Worker and decoding children were seen at work: each picture was opened, and no other file.
    assert len({path for path in opened if "." in path.rpartition("/")[2]}) == 12
    assert not any("notes.txt" in path for path in opened)
    assert state_of(folder) == before
    # Times of access are the file system's affair; mount with noatime to keep them.
    record_property("access_times_kept", access_times(folder) == accessed)


@pytest.mark.django_db
def test_a_library_that_nobody_may_write_to_is_scanned_as_well(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = state_of(folder)
    library = make_library(folder)
    try:
        assert scan(library, exclude="*.txt").state == "finished"
        assert len(files_of(library)) == 12
        assert state_of(folder) == before
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)


@pytest.mark.django_db
def test_scanning_twice_changes_no_file(folder: Path) -> None:
    library = make_library(folder)
    before = state_of(folder)
    for _time in range(2):
        scan(library, exclude="*.txt")
    assert state_of(folder) == before
