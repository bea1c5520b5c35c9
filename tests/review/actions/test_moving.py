"""A move is one step, overwrites nothing, and takes only the file that was looked at."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from review.actions import moving
from review.actions.opening import Opened, Place, folder, opened
from review.actions.troubles import Refused

CONTENT = b"a picture"
SHA256 = hashlib.sha256(CONTENT).digest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(CONTENT)
    (tmp_path / "aside").mkdir()
    return tmp_path


@contextmanager
def both(root: Path) -> Iterator[tuple[Opened, int]]:
    """The file, open, and the folder that it goes to."""
    with opened(Place(str(root), b"a.jpg")) as source, folder(str(root), [b"aside"]) as aside:
        yield source, aside


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_the_file_itself_moves(root: Path) -> None:
    inode = (root / "a.jpg").stat().st_ino
    with both(root) as (source, aside):
        moving.take(source, aside, b"1-a.jpg")
        moving.confirm(source, aside, b"1-a.jpg", SHA256)
    assert names(root) == ["aside/1-a.jpg"]
    assert (root / "aside/1-a.jpg").stat().st_ino == inode


def test_nothing_is_overwritten(root: Path) -> None:
    (root / "aside/1-a.jpg").write_bytes(b"in the way")
    with both(root) as (source, aside), pytest.raises(Refused, match="taken"):
        moving.take(source, aside, b"1-a.jpg")
    assert (root / "a.jpg").read_bytes() == CONTENT
    assert (root / "aside/1-a.jpg").read_bytes() == b"in the way"


def test_a_file_that_was_exchanged_before_the_move_stays(root: Path) -> None:
    with both(root) as (source, aside):
        (root / "other.jpg").write_bytes(CONTENT)
        (root / "other.jpg").replace(root / "a.jpg")
        with pytest.raises(Refused, match="changed_meanwhile"):
            moving.take(source, aside, b"1-a.jpg")
    assert names(root) == ["a.jpg"]


def test_a_file_that_was_exchanged_at_the_last_moment_goes_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = moving.rename

    def exchange_first(*names: object) -> None:
        monkeypatch.setattr(moving, "rename", rename)
        (root / "other.jpg").write_bytes(b"somebody's new picture")
        (root / "other.jpg").replace(root / "a.jpg")
        rename(*names)  # type: ignore[arg-type]  # the same arguments

    monkeypatch.setattr(moving, "rename", exchange_first)
    with both(root) as (source, aside), pytest.raises(Refused, match="changed_meanwhile"):
        moving.take(source, aside, b"1-a.jpg")
    assert names(root) == ["a.jpg"]
    assert (root / "a.jpg").read_bytes() == b"somebody's new picture"


def test_a_file_that_is_written_to_while_it_moves_goes_back(root: Path) -> None:
    with both(root) as (source, aside):
        moving.take(source, aside, b"1-a.jpg")
        (root / "aside/1-a.jpg").write_bytes(b"more than a picture")
        with pytest.raises(Refused, match="changed_meanwhile"):
            moving.confirm(source, aside, b"1-a.jpg", SHA256)
    assert names(root) == ["a.jpg"]
    assert (root / "a.jpg").read_bytes() == b"more than a picture"


def test_if_its_place_is_taken_both_are_left(root: Path) -> None:
    with both(root) as (source, aside):
        moving.take(source, aside, b"1-a.jpg")
        (root / "aside/1-a.jpg").write_bytes(b"changed")
        (root / "a.jpg").write_bytes(b"new")
        with pytest.raises(Refused, match="left_aside"):
            moving.confirm(source, aside, b"1-a.jpg", SHA256)
    assert (root / "a.jpg").read_bytes() == b"new"
    assert (root / "aside/1-a.jpg").read_bytes() == b"changed"


def test_another_file_system_is_refused(root: Path) -> None:
    if not os.access("/dev/shm", os.W_OK) or Path("/dev/shm").stat().st_dev == root.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        with (
            opened(Place(str(root), b"a.jpg")) as source,
            folder(elsewhere) as aside,
            pytest.raises(Refused, match="other_file_system"),
        ):
            moving.take(source, aside, b"1-a.jpg")
        assert list(Path(elsewhere).iterdir()) == []
    assert (root / "a.jpg").read_bytes() == CONTENT


def test_removing_takes_only_what_it_should(root: Path) -> None:
    with opened(Place(str(root), b"a.jpg")) as found, pytest.raises(Refused, match="other_content"):
        moving.remove(found, hashlib.sha256(b"another").digest())
    with opened(Place(str(root), b"a.jpg")) as found:
        (root / "new.jpg").write_bytes(CONTENT)
        (root / "new.jpg").replace(root / "a.jpg")
        with pytest.raises(Refused, match="changed_meanwhile"):
            moving.remove(found, SHA256)
    assert names(root) == ["a.jpg"]
    with opened(Place(str(root), b"a.jpg")) as found:
        moving.remove(found, SHA256)
    assert names(root) == []


def test_trying_out_leaves_nothing_behind(root: Path) -> None:
    with folder(str(root), [b"aside"]) as aside:
        moving.try_out(aside)
    assert names(root) == ["a.jpg"]
