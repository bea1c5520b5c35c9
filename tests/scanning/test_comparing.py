"""Comparing near pairs: what differs stays out of the queue, with its evidence in whole numbers."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from scanning.models import CandidatePair, Chunk, Finding, Library, Picture, ScanRun, SourceFile
from scanning.services import comparing, runs

pytestmark = pytest.mark.django_db


def scene(seed: int) -> Image.Image:
    """Soft shapes and fine texture that no other seed gives."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (9, 12), dtype=np.uint8))
    fine = Image.fromarray(random.integers(0, 256, (60, 80), dtype=np.uint8))
    size = (480, 360)
    return Image.blend(coarse.resize(size, Image.Resampling.BICUBIC), fine.resize(size), alpha=0.35)


def stored(library: Library, run: ScanRun, name: str, image: Image.Image) -> Picture:
    """The picture as a file of the library, as if a scan had read it."""
    path = Path(library.root) / name
    image.save(path)
    sha256 = hashlib.sha256(path.read_bytes()).digest()
    SourceFile.objects.create(
        library=library,
        path=name,
        path_key=hashlib.sha256(os.fsencode(name)).digest(),
        size=path.stat().st_size,
        modified_ns=path.stat().st_mtime_ns,
        sha256=sha256,
        state=SourceFile.State.READ,
        last_run=run,
    )
    return Picture.objects.create(
        sha256=sha256,
        byte_size=path.stat().st_size,
        format="PNG",
        mode="L",
        width=image.width,
        height=image.height,
    )


def near_pair(library: Library, run: ScanRun, left: Picture, right: Picture) -> CandidatePair:
    """The two as the join leaves them: found, but not yet compared."""
    pair = CandidatePair.objects.create(
        left=left, right=right, tier="lookalike", distance=20, score=0
    )
    Finding.objects.create(pair=pair, library=library, job=run.job, run=run)
    return pair


def compare_all(run: ScanRun) -> Chunk:
    """Do what a worker does with the run's pairs."""
    run.state = ScanRun.State.MATCHING
    run.save()
    runs.advance(run.pk)
    chunk = run.chunks.select_related("run").get(kind=Chunk.Kind.COMPARE)
    chunk.state = Chunk.State.LEASED
    chunk.save()
    comparing.compare_pairs(chunk)
    chunk.refresh_from_db()
    return chunk


def test_a_darker_copy_is_near(library: Library, run: ScanRun) -> None:
    photo = scene(1)
    left = stored(library, run, "photo.png", photo)
    right = stored(library, run, "darker.png", photo.point(lambda grey: grey * 0.8))
    pair = near_pair(library, run, left, right)
    chunk = compare_all(run)
    pair.refresh_from_db()
    assert (pair.tier, pair.compared_with) == ("near", comparing.VERSION)
    assert pair.score > 900
    assert pair.evidence["comparison"]["reason"] == "same_picture"
    assert (chunk.state, chunk.pairs_done) == (Chunk.State.DONE, 1)


def test_another_scene_is_a_lookalike(library: Library, run: ScanRun) -> None:
    left = stored(library, run, "one.png", scene(1))
    right = stored(library, run, "two.png", scene(2))
    pair = near_pair(library, run, left, right)
    compare_all(run)
    pair.refresh_from_db()
    assert (pair.tier, pair.compared_with) == ("lookalike", comparing.VERSION)
    assert pair.score < 500


def test_evidence_holds_boxes_in_thousandths(library: Library, run: ScanRun) -> None:
    photo = scene(1)
    stamped = photo.copy()
    ImageDraw.Draw(stamped).rectangle((24, 18, 120, 54), fill=255)
    left = stored(library, run, "photo.png", photo)
    right = stored(library, run, "stamped.png", stamped)
    pair = near_pair(library, run, left, right)
    compare_all(run)
    pair.refresh_from_db()
    assert pair.tier == "near"
    left_edge, top, width, height = pair.evidence["comparison"]["regions"][0]
    assert left_edge < 150 < left_edge + width
    assert top < 100 < top + height
    assert all(isinstance(edge, int) for edge in (left_edge, top, width, height))


def test_evidence_holds_the_placement_in_millionths(library: Library, run: ScanRun) -> None:
    photo = scene(1)
    left = stored(library, run, "photo.png", photo)
    right = stored(library, run, "mirrored.png", photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    pair = near_pair(library, run, left, right)
    compare_all(run)
    pair.refresh_from_db()
    found = pair.evidence["comparison"]
    assert found["transform"] == "mirror"
    assert found["placement"] == pytest.approx(
        [-1_000_000, 0, 1_000_000, 0, 1_000_000, 0], abs=5000
    )
    assert (found["regions"], found["other_regions"]) == ([], [])


def test_a_pair_that_cannot_be_compared_is_shown_to_people(library: Library, run: ScanRun) -> None:
    left = stored(library, run, "photo.png", scene(1))
    right = stored(library, run, "gone.png", scene(1).rotate(180))
    (Path(library.root) / "gone.png").unlink()
    pair = near_pair(library, run, left, right)
    chunk = compare_all(run)
    pair.refresh_from_db()
    assert (pair.tier, pair.score, pair.compared_with) == ("near", comparing.UNDECIDED, "")
    assert chunk.state == Chunk.State.DONE


def test_what_this_version_has_judged_is_not_compared_again(library: Library, run: ScanRun) -> None:
    left = stored(library, run, "one.png", scene(1))
    right = stored(library, run, "two.png", scene(2))
    pair = near_pair(library, run, left, right)
    CandidatePair.objects.filter(pk=pair.pk).update(compared_with=comparing.VERSION)
    run.state = ScanRun.State.MATCHING
    run.save()
    runs.advance(run.pk)
    run.refresh_from_db()
    assert run.state == ScanRun.State.FINISHED
    assert not run.chunks.filter(kind=Chunk.Kind.COMPARE).exists()


def test_pairs_are_divided_among_chunks(
    library: Library, run: ScanRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [stored(library, run, f"{number}.png", scene(number)) for number in range(4)]
    pairs = [near_pair(library, run, pictures[0], other) for other in pictures[1:]]
    monkeypatch.setattr(comparing, "CHUNK_PAIRS", 2)
    parts = [part["pair_ids"] for part in comparing.parts(run)]
    assert [len(part) for part in parts] == [2, 1]
    assert {pk for part in parts for pk in part} == {pair.pk for pair in pairs}


def test_pairs_of_the_same_pictures_are_compared_one_after_another(
    library: Library, run: ScanRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = [stored(library, run, f"one {number}.png", scene(number)) for number in range(3)]
    other = [stored(library, run, f"other {number}.png", scene(9 + number)) for number in range(3)]
    places = ((0, 1), (0, 2), (1, 2))
    mixed = [
        [near_pair(library, run, pictures[a], pictures[b]).pk for pictures in (one, other)]
        for a, b in places
    ]
    monkeypatch.setattr(comparing, "CHUNK_PAIRS", 3)
    parts = [set(part["pair_ids"]) for part in comparing.parts(run)]
    expected = [{pks[side] for pks in mixed} for side in range(2)]
    assert parts in (expected, expected[::-1])
