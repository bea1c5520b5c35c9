"""Listing a library: what is new, changed, gone or back, and what cannot be seen."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scanning import folders
from scanning.models import Chunk, Library, ScanRun, SourceFile
from scanning.services import ledger, walking
from scanning.services.ledger import LostLease
from scanning.storage import upload_path
from scanning.tasks import work_chunk
from tests.library_pictures import copy, scene, write
from tests.scans import claimed, files_of, make_library, scan, started, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(library: Library) -> Path:
    """Three pictures in two folders."""
    root = Path(library.root)
    write(scene(1), root / "a.jpg")
    write(scene(2), root / "box" / "b.jpg")
    write(scene(3), root / "box" / "deep" / "c.jpg")
    return root


def files_read(run: ScanRun) -> int:
    """How many files the run had to read."""
    return sum(chunk.files_total for chunk in Chunk.objects.filter(run=run, kind="read"))


def present(library: Library) -> list[str]:
    return sorted(path for path, file in files_of(library).items() if file.is_present)


# What is new, changed, gone or back


def test_the_first_scan_reads_every_file(library: Library, root: Path) -> None:
    run = scan(library)
    assert (run.state, run.error, run.notices) == ("finished", "", [])
    assert files_read(run) == run.files_found == 3
    assert run.bytes_found == sum(path.stat().st_size for path in root.rglob("*.jpg"))
    file = files_of(library)["box/b.jpg"]
    status = (root / "box" / "b.jpg").stat()
    assert (file.state, file.is_present, file.last_run) == ("read", True, run)
    assert (file.size, file.modified_ns) == (status.st_size, status.st_mtime_ns)
    assert (file.changed_ns, int(file.inode)) == (status.st_ctime_ns, status.st_ino)


def test_a_second_scan_of_an_unchanged_library_reads_nothing(library: Library, root: Path) -> None:
    scan(library)
    before = SourceFile.objects.order_by("pk").values("path", "sha256", "state", "attributes")
    remembered = list(before)
    run = scan(library)
    assert (files_read(run), run.files_found) == (0, 3)
    assert list(before) == remembered


def test_a_changed_file_is_read_again_and_no_other(library: Library, root: Path) -> None:
    scan(library)
    before = files_of(library)
    write(scene(9), root / "box" / "b.jpg")
    run = scan(library)
    after = files_of(library)
    assert files_read(run) == 1
    assert after["box/b.jpg"].sha256 != before["box/b.jpg"].sha256
    assert after["a.jpg"].sha256 == before["a.jpg"].sha256


def test_a_change_that_hides_behind_the_old_size_and_time_is_seen(
    library: Library, root: Path
) -> None:
    scan(library)
    status = (root / "a.jpg").stat()
    content = bytearray((root / "a.jpg").read_bytes())
    content[-100] ^= 1
    (root / "a.jpg").write_bytes(content)
    os.utime(root / "a.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert files_read(scan(library)) == 1


def test_a_file_that_is_gone_is_kept_as_not_present(library: Library, root: Path) -> None:
    scan(library)
    (root / "a.jpg").unlink()
    run = scan(library)
    assert (files_read(run), run.files_found) == (0, 2)
    assert present(library) == ["box/b.jpg", "box/deep/c.jpg"]
    assert files_of(library)["a.jpg"].state == "read"


def test_a_file_that_comes_back_is_present_again(library: Library, root: Path) -> None:
    scan(library)
    (root / "a.jpg").rename(root.parent / "a.jpg")
    scan(library)
    (root.parent / "a.jpg").rename(root / "a.jpg")
    scan(library)
    assert present(library) == ["a.jpg", "box/b.jpg", "box/deep/c.jpg"]


def test_a_renamed_file_is_another_path_with_the_same_picture(library: Library, root: Path) -> None:
    scan(library)
    (root / "a.jpg").rename(root / "renamed.jpg")
    scan(library)
    files = files_of(library)
    assert present(library) == ["box/b.jpg", "box/deep/c.jpg", "renamed.jpg"]
    assert files["renamed.jpg"].sha256 == files["a.jpg"].sha256


def test_a_library_may_be_empty_at_first(library: Library) -> None:
    run = scan(library)
    assert (run.state, run.files_found) == ("finished", 0)


def test_an_empty_folder_where_files_were_is_refused(library: Library, root: Path) -> None:
    scan(library)
    root.rename(root.parent / "mounted elsewhere")
    root.mkdir()
    run = scan(library)
    assert run.state == "failed"
    assert run.error == (
        f"{root} holds none of the files that were there before. Is it mounted? "
        "Nothing was changed."
    )
    assert present(library) == ["a.jpg", "box/b.jpg", "box/deep/c.jpg"]


def test_a_folder_that_is_away_fails_the_scan_and_changes_nothing(
    library: Library, root: Path
) -> None:
    scan(library)
    root.rename(root.parent / "mounted elsewhere")
    run = scan(library)
    assert run.state == "failed"
    assert run.error == f"There is no folder {root}. Check the path, or mount it first."
    assert len(present(library)) == 3


# What is not selected


def test_only_ordinary_files_are_listed(library: Library, root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")
    (root / "link.jpg").symlink_to("a.jpg")
    (root / "box" / "loop").symlink_to("..")
    (root / "away").symlink_to("/usr")
    run = scan(library)
    assert present(library) == ["a.jpg", "box/b.jpg", "box/deep/c.jpg"]
    assert run.notices == []


def test_what_the_job_does_not_select_stays_as_it_was(library: Library, root: Path) -> None:
    scan(library)
    run = scan(library, exclude="box/deep", include="*.jpg", minimum_bytes=1)
    assert run.files_found == 2
    assert present(library) == ["a.jpg", "box/b.jpg", "box/deep/c.jpg"]


# Odd names


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"caf\xe9.jpg", "caf\\xe9.jpg"),
        (b"line\nbreak.jpg", "line\nbreak.jpg"),
        ("地契 ‮.jpg".encode(), "地契 ‮.jpg"),
        (b"\xed\xa0\x80.jpg", "\\xed\\xa0\\x80.jpg"),
        (b"back\\xe9.jpg", "back\\xe9.jpg"),
    ],
)
def test_odd_names(library: Library, name: bytes, path: str) -> None:
    write(scene(1), Path(library.root) / "a.jpg").rename(Path(library.root) / os.fsdecode(name))
    assert scan(library).notices == []
    assert [(file.path, file.state) for file in SourceFile.objects.all()] == [(path, "read")]
    assert files_read(scan(library)) == 0


def test_two_names_that_read_the_same_are_two_files(library: Library) -> None:
    root = Path(library.root)
    write(scene(1), root / "caf\\xe9.jpg")
    copy(root / "caf\\xe9.jpg", root / os.fsdecode(b"caf\xe9.jpg"))
    assert scan(library).files_found == 2
    assert set(files_of(library)) == {"caf\\xe9.jpg"}
    assert SourceFile.objects.filter(state="read").count() == 2


def test_a_path_longer_than_an_index_entry(library: Library) -> None:
    folder = Path(library.root)
    path = "/".join(["d" * 250] * 12 + ["a.jpg"])
    deepest = os.open(folder, os.O_RDONLY)
    for _level in range(12):
        os.mkdir("d" * 250, dir_fd=deepest)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=deepest)
        os.close(deepest)
        deepest = deeper
    write(scene(1), folder / "a.jpg")
    os.rename(folder / "a.jpg", "a.jpg", dst_dir_fd=deepest)
    os.close(deepest)
    scan(library)
    assert [(file.path, file.state) for file in SourceFile.objects.all()] == [(path, "read")]


def test_folders_without_end_are_left_alone(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MAXIMUM_DEPTH", 1)
    run = scan(library)
    assert present(library) == ["a.jpg", "box/b.jpg"]
    assert run.notices == ["box/deep could not be opened: what lies in it was left as it was."]


# What is out of sight


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may open everything; be somebody else for a while."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def open_to_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that others may enter too, other than those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("LIBRARY_ROOTS", name)
        yield Path(name).resolve()


def test_a_folder_that_cannot_be_opened_leaves_its_files_as_they_were(open_to_all: Path) -> None:
    root = open_to_all / "library"
    library = make_library(root)
    write(scene(1), root / "a.jpg")
    write(scene(2), root / "box" / "b.jpg")
    copy(root / "a.jpg", root / "box" / "deep" / "copy of a.jpg")
    scan(library)
    (root / "a.jpg").rename(root / "z.jpg")
    (root / "box" / "deep").chmod(0)
    run = started(library)
    with unprivileged():
        work_chunk(Chunk.objects.get(run=run).pk)
    (root / "box" / "deep").chmod(0o755)
    assert work_off(run).state == "finished"
    assert run.notices == ["box/deep could not be opened: what lies in it was left as it was."]
    assert present(library) == ["box/b.jpg", "box/deep/copy of a.jpg", "z.jpg"]
    # The copy out of sight is still a copy.
    assert library.findings.get().pair.tier == "identical"


# Attributes


def test_attributes_change_with_the_pattern_alone(library: Library, root: Path) -> None:
    scan(library)
    assert files_of(library)["box/deep/c.jpg"].attributes == {}
    Library.objects.update(attribute_pattern="{tender}/{supplier}/…")
    run = scan(library)
    assert files_read(run) == 0
    assert files_of(library)["box/deep/c.jpg"].attributes == {"tender": "box", "supplier": "deep"}
    assert files_of(library)["a.jpg"].attributes == {}


def test_the_manifest_wins_over_the_pattern(library: Library, root: Path) -> None:
    (root / "about.csv").write_text("path,tender,bureau\nbox/b.jpg,T-9,Lands\n")
    Library.objects.update(attribute_pattern="{tender}/…", manifest_path="about.csv")
    scan(library, exclude="*.csv")
    assert files_of(library)["box/b.jpg"].attributes == {"tender": "T-9", "bureau": "Lands"}
    assert files_of(library)["box/deep/c.jpg"].attributes == {"tender": "box"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "about.csv cannot be opened: No such file or directory."),
        (b"name\na.jpg\n", "The manifest's first line must name a column “path”."),
        (b"path\ncaf\xe9.jpg\n", "'utf-8' codec can't decode byte 0xe9 in position 8"),
    ],
)
def test_trouble_with_the_manifest_is_told_and_not_fatal(
    library: Library, root: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (root / "about.csv").write_bytes(content)
    Library.objects.update(manifest_path="about.csv")
    run = scan(library, exclude="*.csv")
    assert run.state == "finished"
    [notice] = run.notices
    assert notice.startswith(f"The manifest about.csv was not used: {reason}")


def test_trouble_with_the_pattern_is_told_and_not_fatal(library: Library, root: Path) -> None:
    Library.objects.update(attribute_pattern="{Tender}/…")
    run = scan(library)
    assert run.state == "finished"
    [notice] = run.notices
    assert notice == (
        "The attribute pattern was not used: “Tender” is no attribute name: "
        "use lower-case letters, digits and “_”."
    )


# Chunks


def test_files_are_divided_by_number_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "CHUNK_FILES", 3)
    monkeypatch.setattr(walking, "CHUNK_BYTES", 100)
    files = [(1, 10), (2, 10), (3, 10), (4, 10), (5, 95), (6, 500), (7, 1)]
    parts = [[pk for pk, _size in part] for part in walking._parts(files)]
    assert parts == [[1, 2, 3], [4], [5], [6], [7]]


def test_a_paused_walk_is_put_down_and_done_again(library: Library, root: Path) -> None:
    run = started(library)
    chunk = claimed(Chunk.objects.get(run=run))
    ScanRun.objects.update(is_paused=True)
    with pytest.raises(LostLease):
        walking.walk(chunk)
    ledger.put_down(chunk)
    ScanRun.objects.update(is_paused=False)
    assert work_off(run).files_found == 3


# Uploads


@pytest.fixture
def uploaded(data_dir: Path) -> Library:
    """A library of two uploaded pictures."""
    library = Library.objects.create(name="Inbox", kind="uploaded")
    for seed in (1, 2):
        add_upload(library, seed)
    return library


def add_upload(library: Library, seed: int) -> None:
    """A picture as an upload leaves it."""
    path = Path(os.environ["DATA_DIR"]) / f"{seed}.jpg"
    content = write(scene(seed), path).read_bytes()
    digest = hashlib.sha256(content).digest()
    upload_path(digest).parent.mkdir(parents=True, exist_ok=True)
    path.rename(upload_path(digest))
    SourceFile.objects.create(
        library=library,
        path=f"{seed}.jpg",
        path_key=hashlib.sha256(f"{seed}.jpg".encode()).digest(),
        size=len(content),
        modified_ns=1,
        sha256=digest,
    )


def test_uploads_are_read_once(uploaded: Library) -> None:
    assert files_read(scan(uploaded)) == 2
    assert {file.state for file in files_of(uploaded).values()} == {"read"}
    assert files_read(scan(uploaded)) == 0


def test_an_upload_whose_content_is_gone_is_not_present(uploaded: Library) -> None:
    digest = files_of(uploaded)["1.jpg"].sha256
    upload_path(bytes(digest or b"")).unlink()
    scan(uploaded)
    assert present(uploaded) == ["2.jpg"]
    assert files_of(uploaded)["1.jpg"].sha256 == digest


def test_an_upload_that_arrives_during_a_scan_is_left_to_the_next(
    uploaded: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_uploads = walking._update_uploads

    def list_and_receive(chunk: Chunk, attributes: walking._Attributes) -> None:
        list_uploads(chunk, attributes)
        add_upload(uploaded, 3)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(walking, "_update_uploads", list_and_receive)
        scan(uploaded)
    assert present(uploaded) == ["1.jpg", "2.jpg", "3.jpg"]
    assert files_of(uploaded)["3.jpg"].state == "pending"
    scan(uploaded)
    assert files_of(uploaded)["3.jpg"].state == "read"


def test_without_the_folder_of_uploads_nothing_is_changed(
    uploaded: Library, data_dir: Path
) -> None:
    scan(uploaded)
    (data_dir / "uploads").rename(data_dir / "unmounted")
    run = scan(uploaded)
    assert run.state == "failed"
    assert run.error == (
        "The folder of uploaded files is away. Is DATA_DIR mounted? Nothing was changed."
    )
    assert present(uploaded) == ["1.jpg", "2.jpg"]


def test_a_library_with_more_files_than_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "BATCH", 4)
    library = make_library(tmp_path / "many")
    for number in range(11):
        (tmp_path / "many" / f"{number:02}").mkdir()
        (tmp_path / "many" / f"{number:02}" / "empty.jpg").touch()
    assert scan(library).files_found == 11
    (tmp_path / "many" / "03" / "empty.jpg").unlink()
    assert scan(library).files_found == 10
    assert len(present(library)) == 10
