"""Opening source files: read-only, ordinary files only, never outside of the library."""

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from scanning.models import Library, SourceFile
from scanning.storage import (
    RootRefused,
    SourceUnavailable,
    _open_beneath,
    allow_root,
    checked_root,
    library_roots,
    open_root,
    open_source,
    upload_path,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(library: Library) -> Path:
    return Path(library.root)


def file_at(library: Library, path: str | bytes) -> SourceFile:
    """A source file that a walk would have written; bytes are a name that is not UTF-8."""
    if isinstance(path, str):
        return SourceFile(library=library, path=path)
    return SourceFile(library=library, path=path.decode(errors="backslashreplace"), raw_path=path)


def content_of(file: SourceFile) -> bytes:
    with os.fdopen(open_source(file), "rb") as stream:
        return stream.read()


def refusal(text: str | Path) -> str:
    with pytest.raises(RootRefused) as caught:
        checked_root(str(text))
    return str(caught.value)


def open_descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


# Roots


def test_a_root_is_the_real_path_of_a_folder_below_library_roots(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to("photos")
    assert checked_root(f"{tmp_path}/photos/../link/") == tmp_path / "photos"
    assert checked_root(str(tmp_path)) == tmp_path


def test_a_root_outside_of_library_roots_is_refused(tmp_path: Path) -> None:
    assert refusal("/usr") == (
        f"/usr is not under LIBRARY_ROOTS. Choose a folder below: {tmp_path}."
    )
    assert "is not under LIBRARY_ROOTS" in refusal(f"{tmp_path}/../..")


def test_a_root_that_leads_outside_by_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "away").symlink_to("/usr")
    assert refusal(tmp_path / "away").startswith("/usr is not under LIBRARY_ROOTS.")
    assert refusal(tmp_path / "away" / "lib").startswith("/usr/lib is not under LIBRARY_ROOTS.")


def test_a_name_that_only_begins_like_a_root_is_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos-private").mkdir()
    monkeypatch.setenv("LIBRARY_ROOTS", f"/nowhere, {tmp_path}/photos")
    assert checked_root(f"{tmp_path}/photos") == tmp_path / "photos"
    assert "is not under LIBRARY_ROOTS" in refusal(tmp_path / "photos-private")


def test_what_cannot_be_a_root_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "circle").symlink_to("circle")
    assert refusal("photos") == "Give the whole path of the folder, beginning with “/”."
    assert refusal(tmp_path / "a.jpg") == f"{tmp_path}/a.jpg is a file. Give a folder."
    for missing in ("missing", "circle", "a.jpg/deeper", "nul\0"):
        assert refusal(tmp_path / missing) == (
            f"There is no folder {tmp_path}/{missing}. Check the path, or mount it first."
        )


def test_a_root_whose_name_no_database_can_keep_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    assert refusal(folder) == (
        f"The name of the folder {tmp_path}/caf\\udce9 is not UTF-8. "
        "Rename it, or mount one above it."
    )


def test_without_library_roots_the_folders_named_on_the_command_line_count(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIBRARY_ROOTS")
    odd = tmp_path / "line\nbreak 100 %"
    odd.mkdir()
    assert library_roots() == []
    allow_root(odd)
    allow_root(odd)
    allow_root(tmp_path / "missing")
    assert library_roots() == [odd]
    assert len((data_dir / "library-roots").read_text().splitlines()) == 1


def test_the_environment_has_the_last_word_about_roots(tmp_path: Path) -> None:
    allow_root(Path("/usr"))
    assert library_roots() == [tmp_path]


def test_a_library_may_lie_below_a_folder_that_nobody_may_list(tmp_path: Path) -> None:
    (tmp_path / "closed" / "photos").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o311)
    descriptor = open_root(f"{tmp_path}/closed/photos")
    assert os.path.samestat(os.fstat(descriptor), (tmp_path / "closed" / "photos").stat())
    os.close(descriptor)


# Files


def test_a_file_is_opened_for_reading_only(library: Library, root: Path) -> None:
    (root / "2024").mkdir()
    (root / "2024" / "a.jpg").write_bytes(b"picture")
    descriptor = open_source(file_at(library, "2024/a.jpg"))
    assert os.read(descriptor, 100) == b"picture"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(descriptor, b"no")
    os.close(descriptor)


@pytest.mark.parametrize(
    "name",
    [
        b"caf\xe9.jpg",
        b"line\nbreak.jpg",
        b"back\\slash \xff\xfe.jpg",
        b" leading and trailing ",
        b"-rf",
        "‮gpj.exe 👪.jpg".encode(),
        b"x" * 255,
    ],
    ids=lambda name: repr(name[:20]),
)
def test_odd_names_are_no_trouble(library: Library, root: Path, name: bytes) -> None:
    (root / os.fsdecode(name)).write_bytes(b"picture")
    assert content_of(file_at(library, name)) == b"picture"


def test_a_path_longer_than_any_index_takes(library: Library, root: Path) -> None:
    folder = os.open(root, os.O_RDONLY)
    for _level in range(12):
        os.mkdir("d" * 250, dir_fd=folder)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(os.open("a.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    os.close(folder)
    path = "/".join(["d" * 250] * 12 + ["a.jpg"])
    assert len(path) > 2700
    assert content_of(file_at(library, path)) == b""


@pytest.mark.parametrize(
    "plant",
    [
        lambda root, outside: (root / "a.jpg").symlink_to(outside / "a.jpg"),
        lambda root, outside: (root / "a.jpg").symlink_to("b.jpg"),
        lambda root, outside: (root / "a.jpg").symlink_to("/dev/zero"),
    ],
    ids=["to a file outside", "to a file inside", "to a device"],
)
def test_a_file_that_is_a_link_is_not_followed(
    library: Library, root: Path, tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"secret")
    (root / "b.jpg").write_bytes(b"picture")
    plant(root, tmp_path)
    with pytest.raises(SourceUnavailable, match=r"a\.jpg cannot be opened"):
        open_source(file_at(library, "a.jpg"))


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_no_link_is_followed_at_any_depth(
    library: Library, root: Path, tmp_path: Path, depth: int
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.jpg").write_bytes(b"secret")
    folder = root.joinpath(*"abcdefg"[: depth - 1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").symlink_to(tmp_path / "outside")
    path = (folder / "link" / "a.jpg").relative_to(root)
    with pytest.raises(SourceUnavailable):
        open_source(file_at(library, str(path)))


def test_a_root_that_became_a_link_to_the_outside_is_refused(library: Library, root: Path) -> None:
    root.rmdir()
    root.symlink_to("/etc")
    with pytest.raises(SourceUnavailable, match="/etc is not under LIBRARY_ROOTS"):
        open_source(file_at(library, "passwd"))
    with pytest.raises(RootRefused):
        open_root(library.root)


def test_a_link_planted_after_the_check_is_not_followed(root: Path) -> None:
    checked = checked_root(str(root))
    root.rmdir()
    root.symlink_to("/etc")
    with pytest.raises(NotADirectoryError):
        _open_beneath(checked, b"passwd")


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/passwd", "./a.jpg", "a//b"])
def test_a_path_in_the_database_that_is_none_of_a_library(
    library: Library, root: Path, tmp_path: Path, path: str
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "a").mkdir()
    with pytest.raises(SourceUnavailable):
        open_source(file_at(library, path))


def test_a_pipe_a_socket_and_a_folder_are_no_source_files_and_never_block(
    library: Library, root: Path
) -> None:
    os.mkfifo(root / "pipe.jpg")
    (root / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as server, pytest.MonkeyPatch.context() as here:
        here.chdir(root)  # a socket's address is short
        server.bind("socket.jpg")
    for name in ("pipe.jpg", "folder.jpg"):
        with pytest.raises(SourceUnavailable, match="is not an ordinary file"):
            open_source(file_at(library, name))
    with pytest.raises(SourceUnavailable, match=r"socket\.jpg cannot be opened"):
        open_source(file_at(library, "socket.jpg"))


def test_a_device_is_no_source_file(library: Library, root: Path) -> None:
    try:
        os.mknod(root / "zero.jpg", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root can make a device")
    with pytest.raises(SourceUnavailable):
        open_source(file_at(library, "zero.jpg"))


def test_a_missing_file_says_which_and_why(library: Library) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        open_source(file_at(library, "2024/gone.jpg"))
    assert str(caught.value) == "2024/gone.jpg cannot be opened: No such file or directory."


def test_no_descriptor_is_left_open(library: Library, root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "c.jpg").touch()
    os.mkfifo(root / "a" / "pipe")
    before = open_descriptors()
    for path in ("a/b/c.jpg", "a/b/none", "a/none/c", "a/pipe", "../x", "a/b"):
        with suppress(SourceUnavailable):
            os.close(open_source(file_at(library, path)))
    assert open_descriptors() == before


# Uploads


@pytest.fixture
def uploaded(db: None) -> Library:
    return Library.objects.create(name="Inbox", kind="uploaded")


def test_uploaded_content_lies_under_its_digest(uploaded: Library, data_dir: Path) -> None:
    digest = bytes(range(32))
    assert upload_path(digest) == data_dir / "uploads" / "00" / digest.hex()
    upload_path(digest).parent.mkdir(parents=True)
    upload_path(digest).write_bytes(b"picture")
    assert content_of(SourceFile(library=uploaded, path="a.jpg", sha256=digest)) == b"picture"


@pytest.mark.parametrize("fields", [{}, {"sha256": bytes(32)}], ids=["no digest", "no content"])
def test_an_upload_whose_content_is_gone(
    uploaded: Library, data_dir: Path, fields: dict[str, Any]
) -> None:
    (data_dir / "uploads").mkdir()
    with pytest.raises(SourceUnavailable):
        open_source(SourceFile(library=uploaded, path="a.jpg", **fields))
