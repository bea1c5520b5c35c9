"""Which pairs a scan finds, in which tier, and which of them are findings of the library."""

from pathlib import Path

import pytest
from PIL import Image

from scanning.models import (
    CandidatePair,
    Chunk,
    Finding,
    Fingerprint,
    Library,
)
from scanning.services import comparing, ledger, matching
from scanning.services.ledger import LostLease
from scanning.services.runs import start_run
from scanning.tasks import work_chunk
from tests.library_pictures import copy, scene, write
from tests.scanning.matched import SAME_TENDER, read_only, with_comment
from tests.scans import claimed, files_of, findings_of, make_library, scan, started, work_off

pytestmark = pytest.mark.django_db


# Tiers


def test_equal_files_are_one_picture_paired_with_itself(library: Library, root: Path) -> None:
    write(scene(1), root / "a.jpg")
    copy(root / "a.jpg", root / "b.jpg")
    copy(root / "a.jpg", root / "deep" / "c.jpg")
    write(scene(2), root / "single.jpg")
    scan(library)
    pair = CandidatePair.objects.get()
    assert pair.left == pair.right
    assert (pair.tier, pair.distance, pair.score) == ("identical", 0, 1000)
    assert findings_of(library) == [("a.jpg", "a.jpg", "identical", 0)]


def test_the_same_pixels_in_two_formats(library: Library, root: Path) -> None:
    write(scene(1), root / "a.png")
    write(scene(1), root / "b.tif")
    write(scene(1).convert("RGBA"), root / "c.png", optimize=True)
    scan(library)
    assert findings_of(library) == [
        ("a.png", "b.tif", "same_pixels", 0),
        ("a.png", "c.png", "same_pixels", 0),
        ("b.tif", "c.png", "same_pixels", 0),
    ]
    assert {pair.score for pair in CandidatePair.objects.all()} == {999}


@pytest.mark.parametrize("size", [(320, 240), (2400, 1800)], ids=["small", "large"])
def test_a_jpeg_with_other_metadata_has_the_same_pixels(
    library: Library, root: Path, size: tuple[int, int]
) -> None:
    write(scene(1, *size), root / "a.jpg")
    with_comment(root / "a.jpg", root / "b.jpg", "scanned on a Monday")
    write(scene(2, *size), root / "single.jpg")
    scan(library)
    assert findings_of(library) == [("a.jpg", "b.jpg", "same_pixels", 0)]
    # A JPEG is read on a reduced scale: only the two in question were decoded as a whole.
    assert Fingerprint.objects.filter(algorithm="pixels").count() == 2


def test_plain_pictures_are_told_apart_by_their_pixels(library: Library, root: Path) -> None:
    for name, colour in (("a", "white"), ("c", "black"), ("d", "ivory")):
        write(Image.new("RGB", (200, 100), colour), root / f"{name}.png")
    write(Image.new("RGB", (100, 200), "white"), root / "e.png")
    write(Image.new("RGB", (200, 100), "white"), root / "f.tif")
    scan(library)
    assert findings_of(library) == [("a.png", "f.tif", "same_pixels", None)]


def test_a_smaller_copy_is_near(library: Library, root: Path) -> None:
    write(scene(1, 800, 600), root / "a.jpg")
    write(scene(1, 800, 600).resize((400, 300)), root / "b.jpg", quality=50)
    write(scene(2, 800, 600), root / "single.jpg")
    scan(library)
    [(one, other, tier, distance)] = findings_of(library)
    assert (one, other, tier) == ("a.jpg", "b.jpg", "near")
    assert distance is not None
    assert distance <= 10
    pair = CandidatePair.objects.get()
    assert pair.evidence["near_radius"] == 64
    assert bytes(pair.left.sha256) < bytes(pair.right.sha256)


def test_nothing_is_found_among_singles(library: Library, root: Path) -> None:
    for seed in range(6):
        write(scene(seed), root / f"{seed}.jpg")
    scan(library)
    assert not CandidatePair.objects.exists()


def test_libraries_do_not_mix(library: Library, root: Path, tmp_path: Path) -> None:
    write(scene(1), root / "a.jpg")
    other = make_library(tmp_path / "other")
    copy(root / "a.jpg", tmp_path / "other" / "a.jpg")
    write(scene(1), tmp_path / "other" / "b.png")
    scan(library)
    scan(other)
    assert findings_of(library) == []
    assert [line[:2] for line in findings_of(other)] == [("a.jpg", "b.png")]


# Settings of the job


def test_the_radius_is_the_largest_distance_that_counts(library: Library, root: Path) -> None:
    write(scene(1), root / "a.jpg")
    write(scene(1).rotate(4, fillcolor="grey"), root / "b.jpg")
    scan(library, near_radius=128)
    [(_one, _other, _tier, distance)] = findings_of(library)
    assert distance
    scan(library, near_radius=distance - 1)
    assert findings_of(library) == []
    scan(library, near_radius=distance)
    assert [line[3] for line in findings_of(library)] == [distance]


def test_small_pictures_can_be_left_out(library: Library, root: Path) -> None:
    write(scene(1, 320, 240), root / "a.jpg")
    copy(root / "a.jpg", root / "b.jpg")
    write(scene(2, 640, 480), root / "c.jpg")
    copy(root / "c.jpg", root / "d.jpg")
    scan(library, minimum_edge=241)
    assert findings_of(library) == [("c.jpg", "c.jpg", "identical", 0)]
    scan(library, minimum_edge=240)
    assert len(findings_of(library)) == 2


@pytest.mark.parametrize(
    ("first", "second", "matters"),
    [
        ("T-1/Lee", "T-1/Wong", True),
        ("T-1/Lee", "T-1/Lee", False),
        ("T-1/Lee", "T-2/Wong", False),
        ("T-1/Lee", "elsewhere", False),
    ],
)
@pytest.mark.parametrize("kind", ["identical", "near"])
def test_the_same_tender_and_another_supplier(
    library: Library, tenders: Path, kind: str, first: str, second: str, matters: bool
) -> None:
    picture = write(scene(1, 640, 480), tenders / first / "a.jpg")
    if kind == "identical":
        copy(picture, tenders / second / "b.jpg")
    else:
        write(scene(1, 640, 480).resize((320, 240)), tenders / second / "b.jpg")
    scan(library, **SAME_TENDER)
    assert [tier for _one, _other, tier, _distance in findings_of(library)] == [kind] * matters


def test_one_fitting_pair_among_many_files_is_enough(library: Library, tenders: Path) -> None:
    picture = write(scene(1), tenders / "T-1" / "Lee" / "0.jpg")
    for number in range(1, 6):
        copy(picture, tenders / "T-1" / "Lee" / f"{number}.jpg")
    scan(library, **SAME_TENDER)
    assert findings_of(library) == []
    copy(picture, tenders / "T-1" / "Wong" / "0.jpg")
    scan(library, **SAME_TENDER)
    assert len(findings_of(library)) == 1


def test_two_equal_files_of_one_supplier_agree_with_each_other(
    library: Library, tenders: Path
) -> None:
    picture = write(scene(1), tenders / "T-1" / "Lee" / "a.jpg")
    scan(library, must_agree=["tender", "supplier"])
    assert findings_of(library) == []
    copy(picture, tenders / "T-1" / "Lee" / "b.jpg")
    scan(library, must_agree=["tender", "supplier"])
    assert len(findings_of(library)) == 1


def test_new_attributes_alone_change_the_findings(library: Library, root: Path) -> None:
    write(scene(1), root / "T-1" / "Lee" / "a.jpg")
    copy(root / "T-1" / "Lee" / "a.jpg", root / "T-1" / "Wong" / "a.jpg")
    scan(library, **SAME_TENDER)
    assert findings_of(library) == []
    Library.objects.update(attribute_pattern="{tender}/{supplier}/…")
    scan(library, **SAME_TENDER)
    assert len(findings_of(library)) == 1


# Later scans


def test_findings_go_with_their_files_and_the_pair_stays(library: Library, root: Path) -> None:
    write(scene(1, 640, 480), root / "a.jpg")
    write(scene(1, 640, 480).resize((320, 240)), root / "b.jpg")
    write(scene(2), root / "c.jpg")
    copy(root / "c.jpg", root / "d.jpg")
    scan(library)
    pairs = list(CandidatePair.objects.order_by("pk").values())
    assert Finding.objects.count() == len(pairs) == 2
    (root / "b.jpg").unlink()
    (root / "d.jpg").unlink()
    scan(library)
    assert not Finding.objects.exists()
    assert list(CandidatePair.objects.order_by("pk").values()) == pairs
    write(scene(1, 640, 480).resize((320, 240)), root / "back.jpg")
    scan(library)
    assert [line[:2] for line in findings_of(library)] == [("a.jpg", "back.jpg")]
    assert CandidatePair.objects.count() == 2


def test_a_second_scan_finds_the_same_pairs_again(library: Library, root: Path) -> None:
    write(scene(1, 640, 480), root / "a.jpg")
    write(scene(1, 640, 480).resize((320, 240)), root / "b.jpg")
    scan(library)
    pairs = list(CandidatePair.objects.values())
    run = scan(library)
    assert list(CandidatePair.objects.values()) == pairs
    assert Finding.objects.get().run == run
    assert not Chunk.objects.filter(run=run, kind="compare").exists()


def test_two_jobs_of_a_library_keep_their_findings_apart(library: Library, root: Path) -> None:
    write(scene(1), root / "a.jpg")
    copy(root / "a.jpg", root / "b.jpg")
    write(scene(2), root / "c.png")
    copy(root / "c.png", root / "d.png")
    scan(library, include="*.jpg")
    job = library.jobs.create(name="PNG", include="*.png")
    work_off(start_run(job=job, actor=None))
    assert [line[0] for line in findings_of(library)] == ["a.jpg", "c.png"]


def test_a_scan_that_slept_past_its_lease_leaves_the_findings_alone(
    library: Library, root: Path
) -> None:
    """A cancelled scan that wakes up must not take the findings of the next one away."""
    write(scene(1), root / "a.jpg")
    copy(root / "a.jpg", root / "b.jpg")
    slept = claimed(read_only(library))
    ledger.take_away(slept.run_id)
    type(slept.run).objects.filter(pk=slept.run_id).update(state="cancelled")
    scan(library)
    with pytest.raises(LostLease):
        matching.match(slept)
    assert len(findings_of(library)) == 1


# Files that change under us


def test_a_file_that_changed_since_it_was_read_gets_no_pixels_of_another(
    library: Library, root: Path
) -> None:
    write(scene(1), root / "a.jpg")
    with_comment(root / "a.jpg", root / "b.jpg", "the same pixels")
    chunk = read_only(library)
    write(scene(2), root / "b.jpg")
    work_chunk(chunk.pk)
    known = Fingerprint.objects.get(algorithm="pixels").picture
    assert known.sha256 == files_of(library)["a.jpg"].sha256
    work_off(chunk.run)
    pair = CandidatePair.objects.get()
    # What cannot be compared now is left to people, and to the next scan.
    assert (pair.tier, pair.score, pair.compared_with) == ("near", comparing.UNDECIDED, "")


def test_another_copy_of_a_content_will_do(library: Library, root: Path) -> None:
    write(scene(1), root / "a.jpg")
    copy(root / "a.jpg", root / "copy of a.jpg")
    with_comment(root / "a.jpg", root / "b.jpg", "the same pixels")
    chunk = read_only(library)
    (root / "a.jpg").unlink()
    work_chunk(chunk.pk)
    tiers = sorted(tier for _one, _other, tier, _distance in findings_of(library))
    assert tiers == ["identical", "same_pixels"]


def test_a_pair_that_ends_every_worker_is_left_to_people(library: Library, root: Path) -> None:
    for seed in range(2):
        write(scene(seed), root / f"{seed}.jpg")
        write(scene(seed).resize((200, 150)), root / f"{seed} small.jpg", quality=70)
    run = started(library)
    while chunk := Chunk.objects.ready().filter(run=run).exclude(kind="compare").first():
        work_chunk(chunk.pk)
    Chunk.objects.filter(run=run, kind="compare").update(attempts=ledger.MAXIMUM_ATTEMPTS)
    assert work_off(run).state == "finished"
    assert sorted(CandidatePair.objects.values_list("tier", "score"))[0] == ("near", 500)
    assert CandidatePair.objects.filter(compared_with=comparing.VERSION).count() == 2
    assert "comparison" in CandidatePair.objects.exclude(score=500).get().evidence
