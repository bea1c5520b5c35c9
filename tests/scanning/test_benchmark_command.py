"""`manage.py benchmark`: the main job on a labelled folder, with nothing left behind."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.library_pictures import copy, scene, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with a smaller, an equal and an unreadable copy."""
    folder = tmp_path / "labelled"
    write(scene(1, 640, 480), folder / "harbour.jpg")
    write(scene(1, 640, 480).resize((320, 240)), folder / "harbour small.jpg")
    copy(folder / "harbour.jpg", folder / "copies" / "港口.jpg")
    write(scene(2), folder / "market.jpg")
    (folder / "market again.jpg").write_bytes(b"not a picture")
    with (tmp_path / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [
                ("path", "origin", "transform", "domain"),
                ("harbour.jpg", "harbour", "original", "places"),
                ("harbour small.jpg", "harbour", "resize", "places"),
                ("copies/港口.jpg", "harbour", "same_bytes", "places"),
                ("market.jpg", "market", "original", "places"),
                ("market again.jpg", "market", "damaged", "places"),
            ]
        )
    return folder


def run(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """The command as an operator calls it, beside a site whose servers must not be asked."""
    nowhere = "postgresql://nobody@192.0.2.1/none?connect_timeout=1"
    truth = folder.parent / "truth.csv"
    return subprocess.run(
        [sys.executable, "manage.py", "benchmark", str(folder), str(truth), *options],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": nowhere, "REDIS_URL": "redis://192.0.2.1:6379/0"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_labelled_folder(folder: Path, tmp_path: Path) -> None:
    details = tmp_path / "details.csv"
    done = run(folder, "--json", "--details", str(details))
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    report = json.loads(done.stdout)
    assert report["recall_by_transform"] == {
        "damaged": {"copies": 1, "found": 0, "share": 0.0, "in_one_group": 0},
        "resize": {"copies": 1, "found": 1, "share": 1.0, "in_one_group": 1},
        "same_bytes": {"copies": 1, "found": 1, "share": 1.0, "in_one_group": 1},
    }
    assert report["false_pairs"]["in_queue"] == 0
    assert (report["files"], report["files_scanned"], report["errors"]) == (5, 5, 1)
    assert report["pairs"] == {"identical": 1, "same_pixels": 0, "near": 1, "lookalike": 0}
    assert report["seconds"] > 0
    assert details.read_text().splitlines()[1:] == [
        "missed,market.jpg,market again.jpg,places,damaged,,"
    ]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 5
    assert {path.name for path in Path(settings.DATA_DIR).iterdir()} <= {"incoming", "numba"}


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.jpg").write_text("not a picture")
    (tmp_path / "truth.csv").write_text("path,origin\na.jpg,a\n")
    done = run(folder)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"CommandError: No file in {folder} could be read as a picture."
    )


def test_what_is_wrong_is_said_in_one_line(folder: Path) -> None:
    truth = folder.parent / "truth.csv"
    truth.write_text("path,origin\nlost.jpg,a\n")
    with pytest.raises(CommandError) as caught:
        call_command("benchmark", folder, truth)
    assert str(caught.value) == (
        f"{truth}, line 2: there is no file lost.jpg in {folder}. Paths are relative to it."
    )
