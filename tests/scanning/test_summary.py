"""What is known of a library in a few numbers."""

from pathlib import Path

import pytest

from scanning.models import Library
from scanning.services.summary import LibrarySummary, library_summary
from tests.library_pictures import copy, scene, write, write_small_library
from tests.scans import make_library, scan

pytestmark = pytest.mark.django_db


def test_a_library_that_was_never_scanned(library: Library) -> None:
    assert library_summary(library) == LibrarySummary(
        files=0,
        bytes=0,
        errors=0,
        pictures=0,
        pairs={"identical": 0, "same_pixels": 0, "near": 0, "lookalike": 0},
    )


def test_the_small_library(library: Library) -> None:
    root = Path(library.root)
    write_small_library(root)
    scan(library, exclude="*.txt")
    assert library_summary(library) == LibrarySummary(
        files=12,
        bytes=sum(path.stat().st_size for path in root.rglob("*.*") if path.suffix != ".txt"),
        errors=1,
        pictures=9,
        pairs={"identical": 2, "same_pixels": 1, "near": 1, "lookalike": 0},
    )


def test_k_equal_files_are_k_minus_one_pairs(library: Library) -> None:
    root = Path(library.root)
    for seed, copies in ((1, 4), (2, 1)):
        picture = write(scene(seed), root / f"{seed}.jpg")
        for number in range(copies):
            copy(picture, root / f"{seed} copy {number}.jpg")
    scan(library)
    summary = library_summary(library)
    assert (summary.files, summary.pictures) == (7, 2)
    assert summary.pairs["identical"] == 5


def test_files_that_are_gone_do_not_count(library: Library) -> None:
    root = Path(library.root)
    write_small_library(root)
    scan(library, exclude="*.txt")
    (root / "copies" / "harbour.jpg").unlink()
    (root / "bridge.jpg").unlink()
    (root / "cut off.jpg").unlink()
    scan(library, exclude="*.txt")
    summary = library_summary(library)
    assert (summary.files, summary.errors, summary.pictures) == (9, 0, 8)
    assert summary.pairs == {"identical": 1, "same_pixels": 1, "near": 0, "lookalike": 0}


def test_libraries_are_counted_apart(library: Library, tmp_path: Path) -> None:
    write_small_library(Path(library.root))
    other = make_library(tmp_path / "other")
    copy(Path(library.root) / "harbour.jpg", tmp_path / "other" / "a.jpg")
    scan(library, exclude="*.txt")
    scan(other)
    assert library_summary(library).files == 12
    assert library_summary(other).pairs["identical"] == 0
    assert library_summary(other).pictures == 1
