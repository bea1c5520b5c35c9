"""The committed demo library is what its README and truth.csv say."""

import csv
import hashlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "demo" / "library"
UNLISTED = {
    "manifest.csv",
    "tenders/T-2026-014/kai-tak-lifts/damaged.jpg",
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def files() -> dict[str, Path]:
    """Path relative to the library -> file."""
    found = (p for p in LIBRARY.rglob("*") if p.is_file())
    return {p.relative_to(LIBRARY).as_posix(): p for p in found}


def test_it_stays_small() -> None:
    sizes = [p.stat().st_size for p in files().values()]
    assert 60 <= len(sizes) <= 90
    assert sum(sizes) <= 5_000_000


def test_truth_lists_every_picture() -> None:
    listed = [row["path"] for row in rows(ROOT / "demo" / "truth.csv")]
    assert sorted(listed) == sorted(set(files()) - UNLISTED)


def test_identical_bytes_are_where_they_should_be() -> None:
    by_digest = defaultdict(set)
    for path, file in files().items():
        by_digest[hashlib.sha256(file.read_bytes()).hexdigest()].add(path)
    assert sorted(sorted(group) for group in by_digest.values() if len(group) > 1) == [
        [
            "customers/C-10417/IMG_0231 (copy).jpg",
            "customers/C-10417/membership-card.jpg",
        ],
        [
            "products/harbour-goods/enamel-mug-hong-kong-morning.jpg",
            "products/lion-rock-trading/IMG_4471.jpg",
        ],
    ]


def test_identical_files_have_one_origin() -> None:
    origin = {row["path"]: row["origin"] for row in rows(ROOT / "demo" / "truth.csv")}
    copies = ("customers/C-10417/IMG_0231 (copy).jpg", "customers/C-10417/membership-card.jpg")
    assert [origin[path] for path in copies] == ["card/C-10417", "card/C-10417"]


def test_every_picture_opens_but_the_damaged_one() -> None:
    for path, file in files().items():
        if path not in UNLISTED:
            with Image.open(file) as image:
                image.load()
    with (
        Image.open(LIBRARY / "tenders/T-2026-014/kai-tak-lifts/damaged.jpg") as image,
        pytest.raises(OSError, match="truncated"),
    ):
        image.load()


def test_the_png_has_the_pixels_of_its_jpeg() -> None:
    folder = LIBRARY / "products" / "peak-home"
    with Image.open(folder / "bowl-360.jpg") as jpeg, Image.open(folder / "bowl-360.png") as png:
        assert jpeg.tobytes() == png.tobytes()


def test_odd_formats_are_there() -> None:
    with Image.open(LIBRARY / "registry/sha-tin/lot-plan-1204-master.tif") as plan:
        assert plan.mode == "I;16"
    with Image.open(LIBRARY / "products/peak-home/IMG_20260305_lamp.jpg") as lamp:
        assert lamp.getexif()[0x0112] == 6
        assert lamp.width > lamp.height  # stored lying on its side


def test_the_manifest_names_files_of_the_library() -> None:
    listed = rows(LIBRARY / "manifest.csv")
    assert list(listed[0]) == ["path", "received", "document_type"]
    assert {row["path"] for row in listed} <= set(files())


def test_nothing_names_a_machine() -> None:
    """No home, temporary or working folder in any file."""
    for file in files().values():
        data = file.read_bytes()
        for folder in (b"/tmp/", b"/home/", b"/root/", b"/work/"):
            assert folder not in data, file.name


def test_it_refuses_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    script = ROOT / "scripts" / "make_demo_library.py"
    run = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1
    assert (tmp_path / "holiday.jpg").read_bytes() == b"mine"
