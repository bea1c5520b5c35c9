"""Reading files: one bad file costs one file, one content is decoded once, nothing is mixed up."""

import hashlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from scanning.engine.decoding.decoder import Decoder
from scanning.engine.hashing.fingerprints import ALGORITHMS
from scanning.models import Chunk, Fingerprint, Library, Picture, ScanRun, SourceFile
from scanning.services import ledger, reading, rereading
from scanning.services.ledger import MAXIMUM_ATTEMPTS, LostLease
from scanning.storage import upload_path
from scanning.tasks import work_chunk
from scanning.versions import engine_version
from tests.library_pictures import copy, cut_off, scene, write
from tests.scans import claimed, files_of, make_library, scan, started, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(library: Library) -> Path:
    return Path(library.root)


def walked(library: Library) -> tuple[ScanRun, Chunk]:
    """A run whose files are listed, and its one chunk to be read."""
    run = started(library)
    work_chunk(Chunk.objects.get(run=run).pk)
    return run, Chunk.objects.get(run=run, kind="read")


def outcome_of(library: Library, meanwhile: Callable[[int], None]) -> reading.Outcome:
    """The outcome of the library's only file; `meanwhile` gets a number at each step.

    0: the first block was hashed; 1: a small file is about to be decoded.
    """
    walked(library)
    steps = iter(range(1000))
    files = list(SourceFile.objects.select_related("library"))
    [[outcome]] = reading._read_batch(files, lambda: meanwhile(next(steps)))
    return outcome


def answers(decoder: Decoder) -> int:
    """How much the decoder's child was asked."""
    return decoder._child.answered if decoder._child else 0


# What is stored


def test_a_picture_is_stored_with_its_fingerprints(library: Library, root: Path) -> None:
    content = write(scene(1), root / "a.png").read_bytes()
    scan(library)
    picture = Picture.objects.get()
    assert (picture.format, picture.mode) == ("PNG", "RGB")
    assert (picture.width, picture.height, picture.frames) == (320, 240, 1)
    assert (picture.byte_size, picture.read_with) == (len(content), engine_version())
    assert {
        row.algorithm: (row.version, len(bytes(row.code)))
        for row in Fingerprint.objects.filter(algorithm__in=("pixels", "phash64", "phash256"))
    } == {
        "pixels": (ALGORITHMS["pixels"], 32),
        "phash64": (ALGORITHMS["phash64"], 8),
        "phash256": (ALGORITHMS["phash256"], 32),
    }


def test_what_is_read_again_keeps_nothing_of_before(library: Library, root: Path) -> None:
    write(scene(1), root / "a.png")
    scan(library)
    codes = {row.algorithm: bytes(row.code) for row in Fingerprint.objects.all()}
    Fingerprint.objects.filter(algorithm="phash64").update(version="0")
    Fingerprint.objects.filter(algorithm="raster").update(code=b"before")
    Picture.objects.update(read_with="")
    SourceFile.objects.update(read_with="")
    scan(library)
    assert {row.algorithm: bytes(row.code) for row in Fingerprint.objects.all()} == codes
    assert {row.version for row in Fingerprint.objects.all()} == set(ALGORITHMS.values())


def test_a_picture_that_turns_flat_loses_its_codes(library: Library, root: Path) -> None:
    write(Image.new("RGB", (320, 240), "white"), root / "a.png")
    scan(library)
    picture = Picture.objects.get()
    Fingerprint.objects.create(
        picture=picture, algorithm="phash256", version=ALGORITHMS["phash256"], code=bytes(32)
    )
    Picture.objects.update(read_with="")
    SourceFile.objects.update(read_with="")
    scan(library)
    assert [row.algorithm for row in picture.fingerprints.all()] == ["pixels"]


def test_bad_files_cost_themselves(library: Library, root: Path) -> None:
    good = write(scene(1), root / "good.jpg")
    cut_off(good, root / "cut off.jpg")
    (root / "empty.jpg").touch()
    (root / "text.jpg").write_text("not a picture")
    (root / "page.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    write(scene(2), root / "good too.png")
    run = scan(library)
    assert run.state == "finished"
    assert {path: file.error_kind for path, file in files_of(library).items()} == {
        "good.jpg": "",
        "good too.png": "",
        "cut off.jpg": "truncated",
        "empty.jpg": "empty",
        "text.jpg": "unsupported",
        "page.svg": "unsupported",
    }
    assert all(file.error_message for file in SourceFile.objects.filter(state="error"))
    chunk = Chunk.objects.get(run=run, kind="read")
    assert (chunk.files_done, chunk.files_total, chunk.errors) == (6, 6, 4)
    # They are what they are: a second scan does not try again.
    again = scan(library)
    assert not Chunk.objects.filter(run=again, kind="read").exists()


def test_equal_contents_are_decoded_once(library: Library, root: Path, tmp_path: Path) -> None:
    write(scene(1), root / "a.jpg")
    for number in range(5):
        copy(root / "a.jpg", root / f"copy {number}.jpg")
    decoder = reading.decoder()
    before = answers(decoder)
    scan(library)
    assert answers(decoder) == before + 1
    other = make_library(tmp_path / "other")
    copy(root / "a.jpg", tmp_path / "other" / "b.jpg")
    scan(other)
    assert answers(decoder) == before + 1
    assert Picture.objects.count() == 1


def test_a_new_version_of_the_engine_reads_everything_again(library: Library, root: Path) -> None:
    write(scene(1), root / "a.jpg")
    scan(library)
    Picture.objects.update(read_with="phash256 0", mode="?")
    SourceFile.objects.update(read_with="phash256 0")
    scan(library)
    assert Picture.objects.get().mode == "RGB"
    assert Picture.objects.get().read_with == engine_version()


# Files that change under us


def test_a_file_that_changes_while_it_is_hashed(library: Library, root: Path) -> None:
    path = write(scene(1), root / "a.jpg")

    def change(step: int) -> None:
        if step == 0:
            path.write_bytes(b"something else")

    outcome = outcome_of(library, change)
    assert outcome.sha256 is None
    assert outcome.error_message == "It changed while it was being read. Scan again."


def test_a_file_that_changes_before_it_is_decoded(library: Library, root: Path) -> None:
    """A digest must never get the fingerprints of other bytes: they would stay for good."""
    path = write(scene(1), root / "a.png")
    other = write(scene(2), root.parent / "b.png").read_bytes()

    def change(step: int) -> None:
        if step == 1:
            path.write_bytes(other)

    outcome = outcome_of(library, change)
    assert (outcome.sha256, outcome.pages) == (None, {})
    assert outcome.error_message == "It changed while it was being read. Scan again."


def test_a_file_that_grows_as_fast_as_it_is_read(library: Library, root: Path) -> None:
    path = root / "log.jpg"
    path.write_bytes(bytes(1000))
    blocks = 0

    def grow(_step: int) -> None:
        nonlocal blocks
        blocks += 1
        with path.open("ab") as file:
            file.write(bytes(rereading.BLOCK))

    outcome = outcome_of(library, grow)
    assert outcome.error_message == "It changed while it was being read. Scan again."
    assert blocks < 5


def test_a_file_that_changed_after_it_was_listed_is_read_as_it_is_now(
    library: Library, root: Path
) -> None:
    write(scene(1), root / "a.png")
    run, _chunk = walked(library)
    write(scene(2), root / "a.png")
    assert work_off(run).state == "finished"
    first = files_of(library)["a.png"].sha256
    assert scan(library).state == "finished"
    assert files_of(library)["a.png"].sha256 == first
    assert files_of(library)["a.png"].size == (root / "a.png").stat().st_size


@pytest.mark.parametrize("replacement", ["nothing", "link", "pipe", "folder"])
def test_a_file_that_is_replaced_after_it_was_listed(
    library: Library, root: Path, replacement: str
) -> None:
    write(scene(1), root / "a.jpg")
    write(scene(2), root / "b.jpg")
    run, _chunk = walked(library)
    (root / "a.jpg").unlink()
    if replacement == "link":
        (root / "a.jpg").symlink_to("b.jpg")
    elif replacement == "pipe":
        os.mkfifo(root / "a.jpg")
    elif replacement == "folder":
        (root / "a.jpg").mkdir()
    assert work_off(run).state == "finished"
    files = files_of(library)
    assert (files["a.jpg"].state, files["a.jpg"].error_kind) == ("error", "unreadable")
    assert files["b.jpg"].state == "read"
    scan(library)
    assert not files_of(library)["a.jpg"].is_present


def test_an_error_that_may_pass_is_tried_again_by_the_next_scan(
    library: Library, root: Path
) -> None:
    write(scene(1), root / "a.jpg")
    run, _chunk = walked(library)
    root.rename(root.parent / "unmounted")
    work_off(run)
    assert files_of(library)["a.jpg"].error_kind == "unreadable"
    (root.parent / "unmounted").rename(root)
    scan(library)
    assert files_of(library)["a.jpg"].state == "read"


# Workers that are stopped


def test_what_was_stored_before_a_worker_died_is_not_read_again(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_FILES", 2)
    for seed in range(5):
        write(scene(seed), root / f"{seed}.jpg")
    run, chunk = walked(library)
    ours = claimed(chunk)
    [first] = reading._read_batch(list(reading._pending(ours)[:2]), lambda: None)
    reading._store(ours, first)
    ledger.give_back(ours)
    decoder = reading.decoder()
    before = answers(decoder)
    assert work_off(run).state == "finished"
    assert answers(decoder) == before + 3
    chunk.refresh_from_db()
    assert (chunk.files_done, chunk.files_total, chunk.state) == (5, 5, "done")


def test_a_paused_run_is_put_down_at_the_next_batch(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_FILES", 2)
    for seed in range(5):
        write(scene(seed), root / f"{seed}.jpg")
    run, chunk = walked(library)
    ours = claimed(chunk)
    ScanRun.objects.update(is_paused=True)
    with pytest.raises(LostLease):
        reading.read(ours)
    assert SourceFile.objects.filter(state="read").count() == 2
    ledger.put_down(ours)
    ScanRun.objects.update(is_paused=False)
    assert work_off(run).state == "finished"
    chunk.refresh_from_db()
    assert (chunk.files_done, chunk.attempts) == (5, 0)


def test_pausing_again_and_again_is_no_error(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(scene(1), root / "a.jpg")
    run, chunk = walked(library)
    for _time in range(MAXIMUM_ATTEMPTS * 2):
        ledger.put_down(claimed(chunk))
    work_off(run)
    assert files_of(library)["a.jpg"].state == "read"


def test_a_file_that_ends_every_worker_is_found_and_left_out(library: Library, root: Path) -> None:
    for seed in range(5):
        write(scene(seed), root / f"{seed}.jpg")
    run, chunk = walked(library)
    for attempt in range(1, MAXIMUM_ATTEMPTS + 1):
        ours = claimed(chunk)
        assert ours.attempts == attempt
        ledger.give_back(ours)
    assert work_off(run).state == "finished"
    files = files_of(library)
    assert {path: file.error_kind for path, file in files.items()} == {
        "0.jpg": "crashed",
        **{f"{seed}.jpg": "" for seed in range(1, 5)},
    }
    assert files["0.jpg"].error_message.startswith("The worker stopped several times")
    scan(library)
    assert files_of(library)["0.jpg"].state == "read"


def test_after_trouble_files_are_stored_one_by_one(library: Library, root: Path) -> None:
    for seed in range(3):
        write(scene(seed), root / f"{seed}.jpg")
    _run, chunk = walked(library)
    Chunk.objects.filter(pk=chunk.pk).update(attempts=reading.CAREFUL_ATTEMPT - 1)
    ours = claimed(chunk)
    ScanRun.objects.update(is_paused=True)
    with pytest.raises(LostLease):
        reading.read(ours)
    assert SourceFile.objects.filter(state="read").count() == 1


def test_a_decoding_child_that_is_killed_costs_no_file(library: Library, root: Path) -> None:
    for seed in range(4):
        write(scene(seed), root / f"{seed}.jpg")
    _run, chunk = walked(library)
    ours = claimed(chunk)
    decoder = reading.decoder()
    pids = set()
    for file in reading._pending(ours):
        [outcomes] = reading._read_batch([file], lambda: None)
        reading._store(ours, outcomes)
        assert decoder.pid is not None
        pids.add(decoder.pid)
        os.kill(decoder.pid, signal.SIGKILL)
    assert len(pids) == 4
    assert {file.state for file in files_of(library).values()} == {"read"}


# Uploads


def test_a_damaged_upload_is_an_error_and_keeps_its_digest(
    data_dir: Path, make_upload: Callable[[bytes], SourceFile], tmp_path: Path
) -> None:
    content = write(scene(1), tmp_path / "a.jpg").read_bytes()
    file = make_upload(content)
    digest = bytes(file.sha256 or b"")
    upload_path(digest).write_bytes(write(scene(2), tmp_path / "b.jpg").read_bytes())
    scan(file.library)
    file.refresh_from_db()
    assert file.error_message == "The stored upload is damaged. Upload the file again."
    assert bytes(file.sha256 or b"") == digest
    assert not Picture.objects.exists()
    upload_path(digest).write_bytes(content)
    scan(file.library)
    file.refresh_from_db()
    assert file.state == "read"


@pytest.fixture
def make_upload(data_dir: Path) -> Callable[[bytes], SourceFile]:
    def make(content: bytes) -> SourceFile:
        digest = hashlib.sha256(content).digest()
        upload_path(digest).parent.mkdir(parents=True)
        upload_path(digest).write_bytes(content)
        return SourceFile.objects.create(
            library=Library.objects.create(name="Inbox", kind="uploaded"),
            path="a.jpg",
            path_key=digest,
            size=len(content),
            modified_ns=1,
            sha256=digest,
        )

    return make
