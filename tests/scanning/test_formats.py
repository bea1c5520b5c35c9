"""Files of several pages, and formats that need an extra, from the scan to the export."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from PIL import Image

from scanning import versions
from scanning.engine.decoding import extras
from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.pages import FileReading, read_file
from scanning.engine.decoding.reading import Limits
from scanning.models import CandidatePair, Fingerprint, Library, Picture, SourceFile
from scanning.services import reading, rereading
from scanning.services.renditions import Size, Source, rendition
from scanning.services.report import build_report
from scanning.services.rereading import digest_of
from scanning.services.summary import library_summary
from tests.library_pictures import copy, scene, write
from tests.scanning.engine.conftest import Lack
from tests.scanning.engine.conftest import lack as _lack
from tests.scanning.engine.pdfs import SQUARE, pdf
from tests.scans import files_of, scan

pytestmark = pytest.mark.django_db

lack = _lack


@pytest.fixture
def root(library: Library) -> Path:
    return Path(library.root)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many files the decoder was asked to read so far."""
    asked = []

    def counted(*arguments: Any) -> FileReading:
        asked.append(arguments)
        return read_file(*arguments)

    monkeypatch.setattr(reading, "read_file", counted)
    return lambda: len(asked)


def tiff(path: Path, *seeds: int, **options: Any) -> Path:
    """A TIFF whose pages are these scenes."""
    first, *rest = (scene(seed) for seed in seeds)
    path.parent.mkdir(parents=True, exist_ok=True)
    first.save(path, save_all=True, append_images=rest, **options)
    return path


def pages() -> list[tuple[str, int, int]]:
    """Format, page and number of pages of each picture, in the order of pages."""
    rows = Picture.objects.order_by("byte_size", "sha256", "page")
    return list(rows.values_list("format", "page", "frames"))


def lines(library: Library, tmp_path: Path, *tiers: str) -> list[tuple[str, str, str]]:
    """Left, right and tier of what the command exports."""
    output = tmp_path / "candidates.csv"
    arguments = [part for tier in tiers for part in ("--tier", tier)]
    call_command("export_candidates", library.name, "--output", str(output), *arguments)
    with output.open(encoding="utf-8", newline="") as rows:
        return sorted((row["left"], row["right"], row["tier"]) for row in csv.DictReader(rows))


def test_each_page_is_a_picture_of_its_own(library: Library, root: Path) -> None:
    tiff(root / "a.tif", 1, 2, 3)
    scan(library)
    assert pages() == [("TIFF", 0, 3), ("TIFF", 1, 3), ("TIFF", 2, 3)]
    assert Fingerprint.objects.filter(algorithm="phash256").count() == 3
    summary = library_summary(library)
    assert (summary.files, summary.errors, summary.pictures) == (1, 0, 3)


def test_equal_files_of_many_pages_are_one_pair(
    library: Library, root: Path, tmp_path: Path
) -> None:
    tiff(root / "a.tif", 1, 2, 3)
    copy(root / "a.tif", root / "b.tif")
    scan(library)
    pair = CandidatePair.objects.get()
    assert (pair.tier, pair.left.page, pair.right.page) == ("identical", 0, 0)
    assert lines(library, tmp_path) == [("a.tif", "b.tif", "identical")]
    assert library_summary(library).pictures == 3


def test_pages_of_one_file_are_no_pair(library: Library, root: Path) -> None:
    tiff(root / "a.tif", 1, 1, 2)
    Image.new("RGB", (200, 100), "white").save(
        root / "blank.tif", save_all=True, append_images=[Image.new("RGB", (200, 100), "white")]
    )
    scan(library)
    assert not CandidatePair.objects.exists()


def test_empty_pages_are_paired_with_nothing(library: Library, root: Path) -> None:
    blank = Image.new("RGB", (400, 300), "white")
    for name, seed in (("a", 1), ("b", 2)):
        scene(seed).save(root / f"{name}.tif", save_all=True, append_images=[blank])
    write(blank, root / "c.png")
    scan(library)
    assert not CandidatePair.objects.exists()


def test_a_page_is_found_in_another_file(library: Library, root: Path, tmp_path: Path) -> None:
    tiff(root / "book.tif", 1, 2, 3)
    write(scene(3), root / "page.png")
    write(scene(2).resize((300, 225)), root / "smaller.jpg")
    scan(library)
    assert lines(library, tmp_path) == [
        ("book.tif#page=2", "smaller.jpg", "near"),
        ("book.tif#page=3", "page.png", "same_pixels"),
    ]
    assert build_report(library).duplicates.group_count == 0  # one page is not the whole file


def test_a_file_whose_every_page_is_in_another_is_a_copy(library: Library, root: Path) -> None:
    tiff(root / "a.tif", 1, 2)
    tiff(root / "b.tif", 1, 2, compression="tiff_lzw")
    tiff(root / "c.tif", 2, 5, 6)
    scan(library)
    # Each of the two pages in each of the other files; c shares only one of them.
    assert library_summary(library).pairs["same_pixels"] == 4
    duplicates = build_report(library).duplicates
    assert [group.total.files for group in duplicates.groups] == [2]
    assert duplicates.same_pixels.files == 1


def test_a_page_is_shown(library: Library, root: Path) -> None:
    tiff(root / "a.tif", 1, 2)
    scan(library)
    source = Source(files_of(library)["a.tif"], None)
    first, second = Picture.objects.order_by("page")
    assert rendition(first, source, Size.THUMB) != rendition(second, source, Size.THUMB)
    write(scene(2), root / "alone.tif")
    scan(library)
    alone = Picture.objects.get(frames=1)
    expected = rendition(alone, Source(files_of(library)["alone.tif"], None), Size.THUMB)
    assert rendition(second, source, Size.THUMB) == expected


def test_a_second_scan_reads_nothing_again(
    library: Library, root: Path, answered: Callable[[], int]
) -> None:
    tiff(root / "a.tif", 1, 2)
    (root / "b.pdf").write_bytes(pdf(SQUARE, b""))
    (root / "broken.pdf").write_bytes(pdf(SQUARE)[:100])
    write(scene(4), root / "c.jpg")
    scan(library)
    assert answered() == 4
    before = Picture.objects.count()
    scan(library)
    assert (answered(), Picture.objects.count()) == (4, before)


def test_a_file_of_many_pages_is_not_hashed_for_each(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiff(root / "a.tif", 1, 2)
    scan(library)
    file = files_of(library)["a.tif"]
    hashed = []

    def counted(*arguments: Any) -> tuple[int, bytes]:
        hashed.append(arguments)
        return digest_of(*arguments)

    monkeypatch.setattr(rereading, "digest_of", counted)

    def again(page: int) -> object:
        return rereading.read_again(
            library.pk,
            bytes(file.sha256 or b""),
            lambda descriptor: reading.decoder().pixel_digest(descriptor, page),
            lambda: None,
        )

    assert again(0) != again(1)
    assert len(hashed) <= 1
    tiff(root / "a.tif", 3, 4)
    assert again(0) is None  # other bytes: it was hashed again
    assert len(hashed) <= 2


# What is left out is told


def test_a_file_read_in_part_is_listed(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.decoder(), "limits", Limits(max_pages=2))
    tiff(root / "a.tif", 1, 2, 3)
    copy(root / "a.tif", root / "b.tif")
    run = scan(library)
    for file in files_of(library).values():
        assert (file.state, file.error_kind) == ("read", "partial")
        assert file.error_message == "Only the first 2 pages were read."
    assert [page for _format, page, _count in pages()] == [0, 1]
    assert library_summary(library).errors == 0
    [kind] = build_report(library).errors
    assert (str(kind.label), [path for path, _message in kind.files]) == (
        "Read in part",
        ["a.tif", "b.tif"],
    )
    assert build_report(library).error_count == 0
    assert sum(chunk.errors for chunk in run.chunks.all()) == 0


def test_a_file_read_in_part_is_read_again_when_more_is_allowed(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    tiff(root / "a.tif", 1, 2, 3)
    write(scene(4), root / "b.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(reading.decoder(), "limits", Limits(max_pages=2))
        scan(library)
    settings.DECODE_PAGES = 1000
    versions.current_versions.cache_clear()
    scan(library)
    versions.current_versions.cache_clear()
    file = files_of(library)["a.tif"]
    assert (file.error_kind, file.error_message) == ("", "")
    assert Picture.objects.filter(format="TIFF").count() == 3


@pytest.mark.parametrize("name", ["a.tif", "b.png"], ids=["of several", "of one"])
def test_a_page_that_is_not_found_any_more_is_no_picture(
    library: Library, root: Path, name: str
) -> None:
    tiff(root / "a.tif", 1, 2)
    write(scene(7), root / "b.png")
    scan(library)
    content = bytes(files_of(library)[name].sha256 or b"")
    old = Picture.objects.create(
        sha256=content, page=7, byte_size=1, width=9, height=9, read_with="an older decoder"
    )
    assert library_summary(library).pictures == 4
    SourceFile.objects.update(read_with="an older decoder")
    Picture.objects.update(read_with="an older decoder")
    scan(library)
    old.refresh_from_db()
    assert old.read_with == ""
    assert library_summary(library).pictures == 3


# Extras


def test_without_an_extra_the_file_is_an_error_until_it_is_there(
    library: Library,
    root: Path,
    lack: Lack,
    monkeypatch: pytest.MonkeyPatch,
    answered: Callable[[], int],
) -> None:
    (root / "a.pdf").write_bytes(pdf(SQUARE))
    write(scene(1), root / "b.jpg")
    poor: Decoder = lack("pypdfium2")
    with monkeypatch.context() as patch:
        patch.setattr(reading, "_decoder", poor)
        patch.setattr(extras, "_of", lambda package: "" if package == "pypdfium2" else "1")
        versions.current_versions.cache_clear()
        for _time in range(2):
            scan(library)
            file = files_of(library)["a.pdf"]
            assert (file.state, file.error_kind) == ("error", "not_installed")
            assert file.error_message.endswith("pip install pypdfium2")
        assert answered() == 2  # the second scan has read nothing again
    versions.current_versions.cache_clear()
    scan(library)
    assert files_of(library)["a.pdf"].state == "read"
    assert answered() == 3  # and this one only the PDF


def test_another_version_of_an_extra_reads_its_files_again(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch, answered: Callable[[], int]
) -> None:
    (root / "a.pdf").write_bytes(pdf(SQUARE))
    write(scene(1), root / "b.jpg")
    scan(library)
    Fingerprint.objects.filter(picture__format="PDF", algorithm="pixels").update(code=b"old")
    original = extras._of
    with monkeypatch.context() as patch:
        patch.setattr(extras, "_of", lambda name: original(name) + ".1")
        versions.current_versions.cache_clear()
        scan(library)
    versions.current_versions.cache_clear()
    assert answered() == 3
    assert len(bytes(Fingerprint.objects.get(picture__format="PDF", algorithm="pixels").code)) == 32


def test_versions_name_what_a_format_is_read_with() -> None:
    plain = versions.reading_version("JPEG")
    assert plain == versions.engine_version() == versions.reading_version("")
    assert versions.reading_version("PDF").startswith(f"{plain}; pdf: pypdfium2 ")
    everything = versions.reading_version(None)
    assert all(f"; {extra.name}: " in everything for extra in extras.EXTRAS.values())
    assert versions.reading_version("TIFF", is_partial=True) == f"{plain}; pages 500"
    assert max(map(len, versions.current_versions())) < 500
