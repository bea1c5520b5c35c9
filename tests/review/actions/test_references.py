"""What stands in for a file: made at once, and taken away only if it is still ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from review.actions.opening import folder
from review.actions.references import Reference, link_target, pointer_name, put, take_away
from review.actions.troubles import Refused

POINTER = Reference(b"a.jpg.second-look.json", b'{"keeper": "b.jpg"}\n')
LINK = Reference(b"a.jpg", b"other/b.jpg", is_link=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "library").mkdir()
    return tmp_path / "library"


@contextmanager
def both(root: Path) -> Iterator[tuple[int, int]]:
    """The folder of the file, and the one for scratch."""
    (root / "scratch").mkdir(exist_ok=True)
    with folder(str(root)) as home, folder(str(root), [b"scratch"]) as scratch:
        yield home, scratch


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.name != "scratch")


@pytest.mark.parametrize("reference", [POINTER, LINK])
def test_a_reference_comes_and_goes(root: Path, reference: Reference) -> None:
    with both(root) as (home, scratch):
        put(reference, home, scratch, b"new")
        put(reference, home, scratch, b"new")
        assert names(root) == [reference.name.decode()]
        assert take_away(reference, home, scratch, b"new") is True
        assert take_away(reference, home, scratch, b"new") is False
    assert names(root) == []


def test_a_pointer_is_text_and_a_link_is_relative(root: Path) -> None:
    with both(root) as (home, scratch):
        put(POINTER, home, scratch, b"new")
        put(LINK, home, scratch, b"new")
    assert (root / "a.jpg.second-look.json").read_bytes() == POINTER.content
    assert (root / "a.jpg").readlink() == Path("other/b.jpg")
    assert (root / "a.jpg.second-look.json").stat().st_nlink == 1


@pytest.mark.parametrize("reference", [POINTER, LINK])
def test_a_reference_overwrites_nothing(root: Path, reference: Reference) -> None:
    (root / reference.name.decode()).write_bytes(b"somebody's")
    with both(root) as (home, scratch), pytest.raises(Refused, match="taken"):
        put(reference, home, scratch, b"new")
    assert (root / reference.name.decode()).read_bytes() == b"somebody's"
    assert names(root) == [reference.name.decode()]


def test_a_reference_that_was_changed_stays(root: Path) -> None:
    with both(root) as (home, scratch):
        put(POINTER, home, scratch, b"new")
        (root / "a.jpg.second-look.json").write_bytes(b'{"keeper": "c.jpg"}\n')
        assert take_away(POINTER, home, scratch, b"new") is False
        (root / "a.jpg").symlink_to("elsewhere.jpg")
        assert take_away(LINK, home, scratch, b"new") is False
    assert names(root) == ["a.jpg", "a.jpg.second-look.json"]


def test_what_a_broken_off_attempt_left_is_made_anew(root: Path) -> None:
    with both(root) as (home, scratch):
        (root / "scratch/new").write_bytes(b'{"kee')
        put(POINTER, home, scratch, b"new")
    assert names(root) == ["a.jpg.second-look.json"]
    assert (root / "a.jpg.second-look.json").read_bytes() == POINTER.content


def test_names_of_pointers() -> None:
    assert pointer_name(b"a.jpg") == b"a.jpg.second-look.json"
    long, longer = pointer_name(b"x" * 254 + b"a"), pointer_name(b"x" * 254 + b"b")
    assert (len(long), len(longer)) == (255, 255)
    assert long != longer


def test_links_lead_from_the_files_folder() -> None:
    assert link_target(b"a.jpg", b"b.jpg") == b"b.jpg"
    assert link_target(b"one/two/a.jpg", b"one/b.jpg") == b"../b.jpg"
    assert link_target(b"a.jpg", b"three/b.jpg") == b"three/b.jpg"
