"""The library for measuring speed: how many files, how large, and what when nothing is here."""

from pathlib import Path

import pytest
from PIL import Image

from tests.bench.labelled import domains
from tests.bench.mixed import mixed_library


def test_without_the_shared_pictures_generated_scenes_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domains, "missing", lambda _domain: "not here")
    told: list[str] = []
    folder = mixed_library(tmp_path / "mixed", 10, 1, told.append)
    paths = sorted(path.name for path in folder.rglob("*") if path.is_file())
    assert len(paths) == 10
    assert [name for name in paths if name.count("-") == 2] == [
        "scenes-00000-resize_50.jpg",
        "scenes-00006-resize_25.jpg",
    ]
    assert {path.parent.name for path in folder.rglob("*.*")} == {"scenes"}
    for path in folder.rglob("scenes-0000?.*"):
        with Image.open(path) as image:
            assert 0.99e6 <= image.width * image.height <= 2.01e6
    mixed_library(tmp_path / "mixed", 10, 1, told.append)
    assert len(told) == 1
