"""`manage.py quickstart`: a folder becomes a library, is scanned, and what was found is printed."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from dedup_site.audit.models import AuditEvent
from scanning.management.commands.quickstart import ProgressLine
from scanning.models import Chunk, Library, ScanJob, ScanRun
from scanning.services.quickstart import ScanFailed, _start, mount, scan
from scanning.workers import worker
from tests.library_pictures import scene, write, write_small_library
from tests.scans import broker, files_of, findings_of, job_of, make_library, started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Harbour photos"
    write_small_library(folder)
    return folder


def in_a_process_of_its_own(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", "quickstart", str(folder), "--no-serve", "--json"]
    return subprocess.run(
        [*command, *options], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )


def check_and_take_out_times(report: dict[str, Any]) -> None:
    seconds, rate = report.pop("seconds"), report.pop("files_per_second")
    assert seconds > 0
    assert rate == pytest.approx(report["files"] / seconds, abs=0.1)


def test_the_main_job_from_end_to_end(real_database: str, folder: Path) -> None:
    with broker() as queue:
        queue.flushdb()
    done = in_a_process_of_its_own(folder)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "Harbour photos: finished, 12 files\n" in done.stderr
    *before, last = done.stdout.splitlines()
    assert before == []
    report = json.loads(last)
    expected = {
        "library": "Harbour photos",
        "files": 12,
        "errors": 1,
        "pictures": 9,
        "pairs": {"identical": 2, "same_pixels": 1, "near": 1, "lookalike": 0},
        "bytes": sum(path.stat().st_size for path in folder.rglob("*.*") if path.suffix != ".txt"),
    }
    assert list(report) == [*expected, "seconds", "files_per_second"]
    check_and_take_out_times(report)
    assert report == expected
    library = Library.objects.get()
    assert (library.name, library.root) == ("Harbour photos", str(folder))
    assert files_of(library)["cut off.jpg"].error_kind == "truncated"
    assert [line[:3] for line in findings_of(library)] == [
        ("bridge small.jpg", "bridge.jpg", "near"),
        ("copies/harbour.jpg", "copies/harbour.jpg", "identical"),
        ("tower.png", "tower.tif", "same_pixels"),
    ]


def test_the_second_run_reads_nothing_again(real_database: str, folder: Path) -> None:
    """With a worker that was there before; at the end the folder is away."""

    def quickstart() -> dict[str, Any]:
        output = io.StringIO()
        call_command("quickstart", str(folder), "--no-serve", "--json", stdout=output)
        report: dict[str, Any] = json.loads(output.getvalue())
        check_and_take_out_times(report)
        return report

    with broker() as queue:
        queue.flushdb()
    with worker(1):
        first = quickstart()
        assert quickstart() == first
        assert Library.objects.count() == ScanJob.objects.count() == 1
        assert not Chunk.objects.filter(run=ScanRun.objects.latest("pk"), kind="read").exists()
        folder.rename(folder.parent / "unmounted")
        folder.mkdir()
        with pytest.raises(CommandError) as caught:
            quickstart()
    assert str(caught.value) == (
        f"{folder} holds none of the files that were there before. "
        "Is it mounted? Nothing was changed."
    )


# What is refused before anything starts


def refusal(folder: Path, *options: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("quickstart", str(folder), *options)
    assert not Library.objects.exists()
    return str(caught.value)


@pytest.mark.django_db
def test_a_missing_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing") == (
        f"There is no folder {tmp_path}/missing. Check the path, or mount it first."
    )


@pytest.mark.django_db
def test_a_folder_outside_of_library_roots(tmp_path: Path) -> None:
    assert refusal(Path("/usr")) == (
        f"/usr is not under LIBRARY_ROOTS. Choose a folder below: {tmp_path}."
    )


@pytest.mark.django_db
def test_a_file_instead_of_a_folder(folder: Path) -> None:
    assert refusal(folder / "hill.jpg") == f"{folder}/hill.jpg is a file. Give a folder."


@pytest.mark.django_db
def test_a_pattern_that_cannot_be_understood(folder: Path) -> None:
    assert refusal(folder, "--attributes", "{Tender}/…") == (
        "“Tender” is no attribute name: use lower-case letters, digits and “_”."
    )


@pytest.mark.django_db
def test_a_broker_that_is_away(folder: Path, broker_is_away: None) -> None:
    with pytest.raises(ScanFailed, match=r"^Redis does not answer .*check REDIS_URL\.$"):
        scan(job=mount(folder=folder), progress=lambda run: None)
    assert not ScanRun.objects.exists()


# Mounting


@pytest.mark.django_db
def test_a_folder_is_mounted_once_under_its_own_name(folder: Path) -> None:
    job = mount(folder=folder, attribute_pattern="{place}/…", manifest_path="about.csv")
    library = job.library
    assert (library.name, library.kind, library.root) == (folder.name, "mounted", str(folder))
    assert (library.attribute_pattern, library.manifest_path) == ("{place}/…", "about.csv")
    assert (job.name, "*.txt" in job.exclude) == ("Everything", True)
    assert mount(folder=folder / "copies" / "..") == job
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["library.created", "scan_job.created"]


@pytest.mark.django_db
def test_two_folders_of_one_name_are_two_libraries(tmp_path: Path) -> None:
    for parent in ("a", "b", "c"):
        (tmp_path / parent / "photos").mkdir(parents=True)
    names = [mount(folder=tmp_path / p / "photos").library.name for p in ("a", "b", "c")]
    assert names == ["photos", "photos (2)", "photos (3)"]


@pytest.mark.django_db
def test_a_folder_with_a_very_long_name(tmp_path: Path) -> None:
    (tmp_path / ("x" * 250)).mkdir()
    assert mount(folder=tmp_path / ("x" * 250)).library.name == "x" * 190


@pytest.mark.django_db
def test_without_library_roots_the_folder_that_is_named_may_be_mounted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIBRARY_ROOTS")
    assert mount(folder=folder).library.root == str(folder)


@pytest.mark.django_db
def test_a_relative_path_will_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert mount(folder=Path(folder.name)).library.root == os.fspath(folder)


# Progress


@pytest.mark.django_db
def test_progress_in_words(tmp_path: Path) -> None:
    library = make_library(tmp_path / "photos")
    write(scene(1), tmp_path / "photos" / "a.jpg")
    run = started(library)
    line = ProgressLine().line
    assert line(run) == "photos: listing files …"
    run.state = "reading"
    Chunk.objects.create(run=run, kind="read", ordinal=0, files_total=40, files_done=10)
    assert line(run) == f"photos: reading pictures {'█' * 8}{'░' * 22} 10/40 files"
    run.is_paused = True
    assert line(run) == "photos: paused; resume or cancel the scan on its page"
    run.is_paused, run.state, run.files_found = False, "matching", 40
    assert line(run) == "photos: finding pairs, 40 files"
    run.state = "finished"
    assert line(run) == "photos: finished, 40 files"


@pytest.mark.django_db
def test_a_scan_that_somebody_else_has_just_started_is_followed(tmp_path: Path) -> None:
    library = make_library(tmp_path / "photos")
    run = started(library)
    assert _start(job_of(library)) == run
