"""Candidate pairs as CSV: a pair of pictures is one line, k equal files are k - 1."""

import csv
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dedup_site.audit.models import AuditEvent
from scanning.models import CandidatePair, Finding, Library, ScanRun, SourceFile
from tests.conftest import MakePair, MakePicture

pytestmark = pytest.mark.django_db


def exported(tmp_path: Path, *arguments: str) -> list[list[str]]:
    """The lines that the command writes for the fixture library."""
    output = tmp_path / "candidates.csv"
    call_command("export_candidates", "Land registry", *arguments, "--output", str(output))
    with output.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def add_copy(library: Library, path: str, sha256: Any) -> None:
    """Another file of a picture that is known."""
    SourceFile.objects.create(
        library=library,
        path=path,
        path_key=hashlib.sha256(path.encode()).digest(),
        size=10,
        modified_ns=0,
        sha256=sha256,
        state=SourceFile.State.READ,
    )


def test_a_pair_is_one_line_with_score_and_distance(make_pair: MakePair, tmp_path: Path) -> None:
    make_pair("deed", "deed rescanned", distance=12, score=897)
    assert exported(tmp_path) == [
        ["left", "right", "tier", "score", "distance", "transform"],
        ["deed rescanned.jpg", "deed.jpg", "near", "0.897", "12", ""],
    ]


def test_equal_files_are_lines_from_the_first_path(
    library: Library, run: ScanRun, make_picture: MakePicture, tmp_path: Path
) -> None:
    logo = make_picture("b")
    for path in ("a.jpg", "c.jpg"):
        add_copy(library, path, logo.sha256)
    pair = CandidatePair.objects.create(
        left=logo, right=logo, tier="identical", distance=0, score=1000
    )
    Finding.objects.create(pair=pair, library=library, job=run.job, run=run)
    assert exported(tmp_path)[1:] == [
        ["a.jpg", "b.jpg", "identical", "1.000", "0", ""],
        ["a.jpg", "c.jpg", "identical", "1.000", "0", ""],
    ]


def test_lookalikes_only_when_asked_for(make_pair: MakePair, tmp_path: Path) -> None:
    make_pair("form 1", "form 2", tier="lookalike", score=100)
    assert exported(tmp_path)[1:] == []
    assert len(exported(tmp_path, "--tier", "lookalike")[1:]) == 1


def test_files_that_are_gone_are_left_out(
    library: Library, make_pair: MakePair, tmp_path: Path
) -> None:
    make_pair("a", "b")
    SourceFile.objects.filter(library=library, path="b.jpg").update(is_present=False)
    assert exported(tmp_path)[1:] == []


def test_formulas_are_guarded_when_asked_for(make_pair: MakePair, tmp_path: Path) -> None:
    make_pair("=cmd", "b")
    assert exported(tmp_path)[1][:2] == ["=cmd.jpg", "b.jpg"]
    assert exported(tmp_path, "--for-spreadsheets")[1][:2] == ["'=cmd.jpg", "b.jpg"]


def test_each_export_is_an_audit_event(
    library: Library, make_pair: MakePair, tmp_path: Path
) -> None:
    make_pair()
    exported(tmp_path)
    assert AuditEvent.objects.filter(action="export.candidates", library_id=library.pk).count() == 1


def test_an_unknown_library_names_those_that_exist(library: Library) -> None:
    with pytest.raises(CommandError, match=r"no library “Maps”\. There are: Land registry"):
        call_command("export_candidates", "Maps")


def test_an_output_that_cannot_be_written_says_why(library: Library, tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "candidates.csv"
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("export_candidates", "Land registry", "--output", str(missing))
