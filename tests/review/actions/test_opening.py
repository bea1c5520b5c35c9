"""Files are reached by descriptors, and only the very file that was planned is taken for it."""

import hashlib
import os
from pathlib import Path

import pytest

from review.actions.opening import Place, Planned, check_keeper, check_source, folder, opened
from review.actions.troubles import Refused, Trouble

CONTENT = b"a picture"
SHA256 = hashlib.sha256(CONTENT).digest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.jpg").write_bytes(CONTENT)
    (tmp_path / "keeper.jpg").write_bytes(CONTENT)
    return tmp_path


def planned(path: Path) -> Planned:
    status = path.stat()
    return Planned(SHA256, status.st_size, status.st_mtime_ns, status.st_ino)


def trouble_with(root: Path, path: bytes, plan: Planned) -> Trouble | None:
    """What speaks against acting on the file at this path."""
    try:
        with opened(Place(str(root), path)) as found:
            check_source(found, plan)
    except Refused as refusal:
        return refusal.trouble
    return None


def test_the_planned_file_is_found(root: Path) -> None:
    assert trouble_with(root, b"inner/a.jpg", planned(root / "inner/a.jpg")) is None


def test_a_file_that_is_gone(root: Path) -> None:
    plan = planned(root / "inner/a.jpg")
    (root / "inner/a.jpg").unlink()
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.MISSING
    (root / "inner").rmdir()
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.FOLDER_GONE
    assert trouble_with(root / "nowhere", b"a.jpg", plan) is Trouble.ROOT_GONE


def test_a_link_in_the_place_of_a_folder_is_not_followed(root: Path) -> None:
    plan = planned(root / "inner/a.jpg")
    (root / "inner").rename(root / "elsewhere")
    (root / "inner").symlink_to("elsewhere")
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.NOT_A_FILE


def test_a_link_in_the_place_of_the_root_is_not_followed(root: Path, tmp_path: Path) -> None:
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(root)
    assert trouble_with(link, b"inner/a.jpg", planned(root / "inner/a.jpg")) is Trouble.NOT_A_FILE


def test_a_link_a_folder_or_a_pipe_in_the_place_of_the_file(root: Path) -> None:
    plan = planned(root / "inner/a.jpg")
    (root / "inner/a.jpg").rename(root / "b.jpg")
    (root / "inner/a.jpg").symlink_to("../b.jpg")
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.NOT_A_FILE
    (root / "inner/a.jpg").unlink()
    (root / "inner/a.jpg").mkdir()
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.NOT_A_FILE
    (root / "inner/a.jpg").rmdir()
    os.mkfifo(root / "inner/a.jpg")
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.NOT_A_FILE


@pytest.mark.parametrize("path", [b"../a.jpg", b"inner/../keeper.jpg", b"inner//a.jpg", b"", b"."])
def test_no_path_leads_out_of_the_root(root: Path, path: bytes) -> None:
    assert trouble_with(root / "inner", path, planned(root / "keeper.jpg")) in (
        Trouble.MISSING,
        Trouble.FOLDER_GONE,
    )


def test_another_file_with_the_same_content_is_another_file(root: Path) -> None:
    plan = planned(root / "inner/a.jpg")
    (root / "copy.jpg").write_bytes(CONTENT)
    (root / "copy.jpg").replace(root / "inner/a.jpg")
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.CHANGED


def test_other_content_under_the_old_time_and_size(root: Path) -> None:
    file = root / "inner/a.jpg"
    plan = planned(file)
    file.write_bytes(b"A PICTURE")
    os.utime(file, ns=(plan.modified_ns, plan.modified_ns))
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.OTHER_CONTENT


def test_a_file_that_was_touched(root: Path) -> None:
    file = root / "inner/a.jpg"
    plan = planned(file)
    os.utime(file, ns=(0, 0))
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.CHANGED


def test_a_file_with_two_names(root: Path) -> None:
    (root / "second.jpg").hardlink_to(root / "inner/a.jpg")
    plan = planned(root / "inner/a.jpg")
    assert trouble_with(root, b"inner/a.jpg", plan) is Trouble.HARD_LINKED


def test_the_keeper_is_there_whole_and_another_file(root: Path) -> None:
    keeper = Place(str(root), b"keeper.jpg")
    with opened(Place(str(root), b"inner/a.jpg")) as source:
        check_keeper(keeper, SHA256, source)
        (root / "keeper.jpg").write_bytes(b"something else")
        with pytest.raises(Refused, match="keeper_changed"):
            check_keeper(keeper, SHA256, source)
        (root / "keeper.jpg").unlink()
        with pytest.raises(Refused, match="keeper_missing"):
            check_keeper(keeper, SHA256, source)
        (root / "keeper.jpg").symlink_to("inner/a.jpg")
        with pytest.raises(Refused, match="keeper_missing"):
            check_keeper(keeper, SHA256, source)
        (root / "keeper.jpg").unlink()
        (root / "keeper.jpg").hardlink_to(root / "inner/a.jpg")
        with pytest.raises(Refused, match="same_file"):
            check_keeper(keeper, SHA256, source)


def test_folders_are_made_for_our_user_alone(root: Path) -> None:
    with folder(str(root), [b"one", b"two"], make=True) as made:
        assert os.fstat(made).st_ino == (root / "one/two").stat().st_ino
    assert (root / "one").stat().st_mode & 0o777 == 0o700
    with folder(str(root), [b"one", b"two"], make=True):
        pass  # they are there already
    (root / "link").symlink_to("one")
    with (
        pytest.raises(Refused, match="not_a_file"),
        folder(str(root), [b"link", b"two"], make=True),
    ):
        pass
