"""Scans of real pictures, where they are present."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from django.conf import settings

from scanning.models import Library, SourceFile
from scanning.services.summary import library_summary
from scanning.workers import somebody_works, worker
from tests.scans import broker, files_of, findings_of, first_paths, follow, scan, started

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"

Mount = Callable[[str], Library]


@pytest.fixture
def mount(monkeypatch: pytest.MonkeyPatch) -> Mount:
    """The library of a folder of real pictures."""

    def make(name: str) -> Library:
        if not (DATA / name).is_dir():
            pytest.skip(f"real pictures are not here: {DATA / name}")
        root = (DATA / name).resolve()
        monkeypatch.setenv("LIBRARY_ROOTS", str(root))
        return Library.objects.create(name=name, kind="mounted", root=str(root))

    return make


def groups(library: Library) -> list[set[str]]:
    """The paths that identical, same and near pairs join, sorted."""
    group_of = {path: {path} for path in first_paths(library).values()}
    for one, other, tier, _distance in findings_of(library):
        if tier != "lookalike" and group_of[one] is not group_of[other]:
            group_of[one] |= group_of[other]
            group_of |= dict.fromkeys(group_of[other], group_of[one])
    return sorted({id(group): group for group in group_of.values()}.values(), key=sorted)


@pytest.mark.django_db
def test_500_photographs_are_read_without_an_error(mount: Mount) -> None:
    library = mount("photos-bsds500")
    assert scan(library, include="*.jpg").state == "finished"
    summary = library_summary(library)
    assert (summary.files, summary.errors, summary.pictures) == (500, 0, 500)
    assert summary.pairs["identical"] == summary.pairs["same_pixels"] == 0


@pytest.mark.django_db
def test_the_edits_of_one_picture_are_one_group(mount: Mount) -> None:
    library = mount("variants-pdq/bridge-mods")
    scan(library, include="*.jpg")
    assert groups(library) == [set(files_of(library))]
    assert len(files_of(library)) == 12


@pytest.mark.django_db
def test_a_picture_in_every_orientation_is_found(mount: Mount) -> None:
    """Nine times one landscape, turned and turned back by EXIF; a number in it differs."""
    library = mount("exif-orientation")
    scan(library, include="*.jpg")
    found = {(one, other): distance for one, other, _tier, distance in findings_of(library)}
    names = [[f"{kind}_{number}.jpg" for number in range(9)] for kind in ("Landscape", "Portrait")]
    wanted = {pair for group in names for pair in combinations(group, 2)}
    assert set(found) == wanted
    assert all(distance is not None and distance <= 10 for distance in found.values())


@pytest.mark.django_db
def test_dicom_files_are_read_or_recorded(mount: Mount) -> None:
    library = mount("dicom")
    assert scan(library, include="*.dcm").state == "finished"
    summary = library_summary(library)
    assert (summary.files, summary.errors) == (104, 35)
    # One film in eight ways of writing it: byte orders, lossless compressions, padding.
    films = next(group for group in groups(library) if "MR_small.dcm" in group)
    assert films == {
        f"MR_small{way}.dcm"
        for way in (
            *("", "_RLE", "_bigendian", "_expb", "_implicit"),
            *("_jp2klossless", "_jpeg_ls_lossless", "_padded"),
        )
    }


def test_hostile_files_end_as_errors_and_the_worker_lives(
    real_database: str, mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = mount("hostile")
    monkeypatch.setenv("DECODE_SECONDS", "4")
    with broker() as queue:
        queue.flushdb()
    with worker(2) as process:
        run = follow(started(library))
        assert process.poll() is None
        assert somebody_works()
    assert (run.state, run.error) == ("finished", "")
    files = SourceFile.objects.all()
    assert files.count() == run.files_found == sum(p.is_file() for p in DATA.glob("hostile/**/*"))
    assert not files.exclude(state__in=("read", "error")).exists()
    assert not files.filter(state="error", error_message="").exists()
    assert files.filter(state="error").count() > 20
