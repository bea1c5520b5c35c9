"""A join that is divided, kept for later scans, and bounded in memory: always the same pairs."""

from pathlib import Path

import numpy as np
import pytest

from dedup_site.accounts.models import User
from scanning import versions
from scanning.engine.decoding import answers
from scanning.engine.hashing.signature import Signature, signature
from scanning.engine.search import signatures
from scanning.engine.search.families import LEAST
from scanning.models import (
    CandidatePair,
    Chunk,
    Joined,
    Library,
    ScanRun,
)
from scanning.services import joining, ledger, matching, near
from scanning.services.joining import Plan, unpacked
from scanning.services.ledger import LostLease
from scanning.services.runs import cancel_run
from scanning.tasks import work_chunk
from tests.library_pictures import scene, write
from tests.scanning.matched import copies, forget, read_only, textured, with_comment
from tests.scans import claimed, findings_of, scan, work_off

pytestmark = pytest.mark.django_db


def test_a_node_of_equal_codes_lists_only_some_of_its_pairs(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(scene(1), root / "0.jpg")
    for number in range(1, 5):
        with_comment(root / "0.jpg", root / f"{number}.jpg", f"copy {number}")
    scan(library)
    assert len(findings_of(library)) == 10
    monkeypatch.setattr(signatures, "WHOLE_NODE", 9)
    scan(library)
    assert len(findings_of(library)) == 4


def test_pairs_that_do_not_fit_into_memory_are_found_in_smaller_pieces(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        cut = textured(1).crop((number, 3 * number, 640, 480))
        write(cut, root / f"{number}.jpg", quality=60 + 4 * number)
    scan(library)
    whole = findings_of(library)
    assert len(whole) == 28
    forget()
    monkeypatch.setattr(joining, "MOST_PAIRS", 150)
    scan(library)
    assert findings_of(library) == whole


def test_a_join_that_is_divided_gives_the_same_pairs(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies(root, range(4))
    run = scan(library)
    assert Chunk.objects.filter(run=run, kind="match").count() == 1
    whole, pairs = findings_of(library), list(CandidatePair.objects.values_list("evidence"))
    assert len(whole) == 4
    forget()
    monkeypatch.setattr(joining, "SHARE", 3)
    monkeypatch.setattr(matching, "BATCH", 1)
    run = scan(library)
    parts = Chunk.objects.filter(run=run, kind="match").values_list("part", flat=True)
    assert list(parts) == [
        {},
        {"rows": [0, 3]},
        {"rows": [3, 6]},
        {"rows": [6, 8]},
        {"settle": True},
    ]
    assert findings_of(library) == whole
    assert list(CandidatePair.objects.values_list("evidence")) == pairs
    # What the shares kept is gone; what the next run needs is there.
    assert Joined.objects.get().chunk.part == {"settle": True}


def test_a_second_scan_joins_what_is_new_and_nothing_else(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "CHANGED", 1)
    copies(root, range(4))
    assert joined_by(scan(library)) == (0, 8)
    old = findings_of(library)
    assert joined_by(scan(library)) == (8, 8)
    assert findings_of(library) == old
    write(textured(2).crop((0, 9, 640, 480)), root / "2 another.jpg", quality=60)
    write(textured(9), root / "9.jpg")
    assert joined_by(scan(library)) == (8, 10)
    grown = findings_of(library)
    assert len(grown) == 6
    forget()
    assert joined_by(scan(library)) == (0, 10)
    assert findings_of(library) == grown


def joined_by(run: ScanRun) -> tuple[int, int]:
    """How many of a run's pictures were old, and how many there are."""
    assert run.state == "finished"
    plan = Plan.of(unpacked(Joined.objects.get(chunk__run=run)))
    return plan.first_new, len(plan)


def test_what_was_kept_goes_with_its_files(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "CHANGED", 1)
    copies(root, range(4))
    scan(library)
    (root / "1 small.jpg").unlink()
    assert joined_by(scan(library)) == (7, 7)
    assert len(findings_of(library)) == 3
    # One that was gone is new when it comes back.
    write(textured(1).crop((5, 5, 640, 480)), root / "back.jpg", quality=70)
    assert joined_by(scan(library)) == (7, 8)
    assert ("1.jpg", "back.jpg") in [line[:2] for line in findings_of(library)]


def test_a_library_that_grows_bit_by_bit_is_joined_anew_in_the_end(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "CHANGED", 4)
    copies(root, range(4))
    assert joined_by(scan(library)) == (0, 8)
    write(textured(7), root / "7.jpg")
    assert joined_by(scan(library)) == (8, 9)
    write(textured(8), root / "8.jpg")
    assert joined_by(scan(library)) == (9, 10)
    write(textured(9), root / "9.jpg")
    assert joined_by(scan(library)) == (0, 11)


def test_rules_about_attributes_hold_for_what_was_kept(library: Library, tenders: Path) -> None:
    write(scene(1, 640, 480), tenders / "T-1" / "Lee" / "a.jpg")
    write(scene(1, 640, 480).resize((320, 240)), tenders / "T-1" / "Wong" / "b.jpg")
    assert joined_by(scan(library)) == (0, 2)
    assert len(findings_of(library)) == 1
    assert joined_by(scan(library, must_agree=["supplier"])) == (2, 2)
    assert findings_of(library) == []


def test_other_settings_join_everything_again(library: Library, root: Path) -> None:
    copies(root, range(2))
    scan(library)
    assert joined_by(scan(library, near_radius=50)) == (0, 4)
    assert joined_by(scan(library, near_radius=50, find_crops=False)) == (0, 4)
    assert joined_by(scan(library, near_radius=50, find_crops=False)) == (4, 4)


def test_pictures_that_are_read_otherwise_are_joined_again(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noise(raster: bytes) -> Signature | None:
        return signature(np.random.default_rng(list(raster)).bytes(len(raster)))

    copies(root, range(2))
    with monkeypatch.context() as patch:
        patch.setattr(versions, "READING", 0)
        patch.setattr(answers, "signature", noise)
        versions.current_versions.cache_clear()
        scan(library)
    versions.current_versions.cache_clear()
    assert findings_of(library) == []
    assert joined_by(scan(library)) == (0, 4)
    assert len(findings_of(library)) == 2


def test_a_cancelled_run_leaves_only_what_the_last_one_kept(
    library: Library, root: Path, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies(root, range(4))
    kept = scan(library)
    monkeypatch.setattr(joining, "SHARE", 3)
    plan = read_only(library, near_radius=50)
    work_chunk(plan.pk)
    assert Joined.objects.filter(chunk__run=plan.run).exists()
    cancel_run(run=plan.run, actor=admin)
    assert Joined.objects.get().chunk.run == kept


def test_a_family_of_few_codes_is_not_joined_again(library: Library, root: Path) -> None:
    write(textured(1), root / "0.jpg")
    for number in range(1, LEAST):
        with_comment(root / "0.jpg", root / f"{number}.jpg", f"vendor {number}")
    assert joined_by(scan(library)) == (0, 1)
    assert joined_by(scan(library)) == (1, 1)


def test_a_plan_of_another_version_is_not_settled_by_this_one(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "CHANGED", 1)
    copies(root, range(4))
    scan(library)
    write(textured(2).crop((0, 9, 640, 480)), root / "2 another.jpg", quality=60)
    monkeypatch.setattr(joining, "SHARE", 1)
    plan = read_only(library)
    work_chunk(plan.pk)
    monkeypatch.setattr(near, "VERSION", near.VERSION + 1)  # workers are replaced meanwhile
    assert joined_by(work_off(plan.run)) == (0, 9)
    assert len(findings_of(library)) == 6


def test_parts_of_pictures_can_be_left_out(library: Library, root: Path) -> None:
    write(textured(1), root / "a.jpg")
    write(textured(1).crop((64, 48, 576, 432)), root / "part.jpg")
    run = scan(library, find_crops=False)
    assert run.configuration["find_crops"] is False
    assert findings_of(library) == []
    assert set(run.figures["seconds"]) == {
        "families",
        "guests",
        "whole",
        "turned",
        "trimmed",
        "turned_trimmed",
    }
    run = scan(library, find_crops=True)
    assert [line[:2] for line in findings_of(library)] == [("a.jpg", "part.jpg")]
    assert run.figures["pairs"]["window"] > 0


def test_a_share_by_a_worker_that_lost_its_lease_is_not_kept(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "SHARE", 3)
    copies(root, range(4))
    plan = read_only(library)
    work_chunk(plan.pk)
    share = claimed(Chunk.objects.get(run=plan.run, kind="match", ordinal=1))
    ledger.give_back(share)
    again = claimed(share)
    with pytest.raises(LostLease):
        matching.match(share)
    assert not Joined.objects.filter(chunk=share).exists()
    matching.match(again)
    assert Joined.objects.filter(chunk=share).exists()
    work_off(plan.run)
    assert len(findings_of(library)) == 4
