"""Which files and folders a scan job takes."""

import os

import pytest

from scanning.defaults import DEFAULT_EXCLUDE
from scanning.selection import Selection


def selection(include: str = "", exclude: str = "", minimum_bytes: int = 0) -> Selection:
    return Selection.of({"include": include, "exclude": exclude, "minimum_bytes": minimum_bytes})


def takes(chosen: Selection, path: str, size: int = 1000) -> bool:
    return chosen.takes(os.fsencode(path), size)


def test_everything_is_taken_when_nothing_is_said() -> None:
    chosen = selection()
    assert takes(chosen, "a.jpg")
    assert takes(chosen, ".hidden/Thumbs.db", size=0)
    assert chosen.enters(b".hidden")


@pytest.mark.parametrize(
    ("include", "path", "expected"),
    [
        ("*.jpg", "a.jpg", True),
        ("*.jpg", "2024/05/A.JPG", True),
        ("*.jpg", "a.png", False),
        ("*.jpg\n*.png", "a.png", True),
        ("2024", "2024/a.jpg", True),
        ("2024", "box/2024/x/a.jpg", True),
        ("2024", "20245/a.jpg", False),
        ("scans/2024", "scans/2024/a.jpg", True),
        ("scans/*.jpg", "scans/2024/a.jpg", True),
        ("scans/*.jpg", "other/scans/a.jpg", False),
        ("*/scans/*.jpg", "other/scans/a.jpg", True),
        ("/scans/", "scans/a.jpg", True),
        ("img_????.jpg", "IMG_0001.jpg", True),
        ("img_????.jpg", "IMG_00001.jpg", False),
        ("[ab]*.jpg", "Beta.jpg", True),
        ("地契*", "地契 12.jpg", True),
    ],
)
def test_include(include: str, path: str, expected: bool) -> None:
    assert takes(selection(include=include), path) is expected


@pytest.mark.parametrize(
    ("exclude", "path", "expected"),
    [
        (".*", ".thumbnails/a.jpg", False),
        (".*", "2024/.a.jpg", False),
        (".*", "2024/a.jpg", True),
        ("*.txt", "NOTES.TXT", False),
        ("thumbs", "2024/Thumbs/a.jpg", False),
        ("thumbs", "2024/thumbs.jpg", True),
        ("2024/thumbs", "2024/thumbs/a.jpg", False),
        ("2024/thumbs", "2025/2024/thumbs/a.jpg", True),
        ("*/thumbs/*", "2024/thumbs/a.jpg", False),
        ("\n  \n", "a.jpg", True),
    ],
)
def test_exclude(exclude: str, path: str, expected: bool) -> None:
    assert takes(selection(exclude=exclude), path) is expected


def test_exclude_wins_over_include() -> None:
    chosen = selection(include="*.jpg", exclude="draft*")
    assert takes(chosen, "final.jpg")
    assert not takes(chosen, "draft.jpg")
    assert not takes(chosen, "drafts/final.jpg")


def test_an_excluded_folder_is_not_entered() -> None:
    chosen = selection(exclude=".*\nold/scans")
    assert not chosen.enters(b".cache")
    assert not chosen.enters(b"old/scans")
    assert chosen.enters(b"old")
    assert chosen.enters(b"new/scans")


def test_include_patterns_do_not_keep_us_out_of_folders() -> None:
    assert selection(include="*.jpg").enters(b"2024")


def test_small_files_are_left_out() -> None:
    chosen = selection(minimum_bytes=1000)
    assert takes(chosen, "a.jpg", size=1000)
    assert not takes(chosen, "a.jpg", size=999)


def test_names_that_are_not_text_can_be_matched() -> None:
    assert selection(include="*.jpg").takes(b"caf\xe9\n.JPG", 1)
    assert not selection(exclude="caf*").takes(b"CAF\xe9.jpg", 1)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "notes.txt", "index.html", "a.zip"])
def test_the_default_leaves_out_what_is_no_picture(name: str) -> None:
    assert not takes(selection(exclude=DEFAULT_EXCLUDE), f"2024/{name}")


@pytest.mark.parametrize("name", ["a.jpg", "A.TIF", "b.webp", "c", "d.unknown", "e.pdf"])
def test_the_default_takes_what_may_be_a_picture(name: str) -> None:
    assert takes(selection(exclude=DEFAULT_EXCLUDE), f"2024/{name}")
