"""The labelled library is the same everywhere, and its halves have nothing in common."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bench.labelled import build, domains, forms, records, transforms
from tests.bench.labelled.domains import Original
from tests.library_pictures import scene, write


def random() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture
def photo(tmp_path: Path) -> Original:
    return Original("photos", "harbour", write(scene(1), tmp_path / "harbour.jpg"))


def test_every_third_sheet_repeats_the_one_before_it_but_for_one_field() -> None:
    found = list(records.sheets("tune", 90, 1))
    sheets = {name: sheet for name, sheet, _other, _difference in found}
    changes = [(name, other, difference) for name, _sheet, other, difference in found if other]
    assert len(changes) == 30
    for name, other, difference in changes:
        pairs = zip(sheets[name].values, sheets[other].values, strict=True)
        ((new, old),) = [pair for pair in pairs if pair[0] != pair[1]]
        assert sheets[name].template == sheets[other].template
        assert sheets[name].scan != sheets[other].scan
        if difference == "one character":
            assert len(new) == len(old)
            assert sum(one != two for one, two in zip(new, old, strict=True)) == 1
    assert Counter(difference for _name, _other, difference in changes) == {
        "one field": 21,
        "one character": 9,
    }


def test_the_halves_share_neither_template_nor_record() -> None:
    tune = [sheet for _name, sheet, _other, _difference in records.sheets("tune", 60, 1)]
    held = [sheet for _name, sheet, _other, _difference in records.sheets("held-out", 60, 1)]
    assert not {sheet.template.name for sheet in tune} & {sheet.template.name for sheet in held}
    assert not {sheet.values for sheet in tune} & {sheet.values for sheet in held}
    assert [sheet.values for sheet in tune] == [
        sheet.values for _name, sheet, *_rest in records.sheets("tune", 60, 1)
    ]


def test_a_name_belongs_to_one_half_for_good() -> None:
    for name in ["100080", "100098", "103006"]:
        assert domains.half_of(name) == "tune"
    for name in ["100007", "100039", "100075"]:
        assert domains.half_of(name) == "held-out"


def test_each_transform_is_used_equally_often() -> None:
    shares = build.shares("photos", originals=44, copies=4, seed=1)
    assert Counter(name for share in shares for name in share) == dict.fromkeys(transforms.ANY, 8)
    paper = Counter(name for share in build.shares("scans", 50, 5, 1) for name in share)
    assert paper["rescan"] > 20
    assert max(len(share) for share in shares) == 4


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resize_50", (160, 120)),
        ("resize_25", (80, 60)),
        ("crop_3", (300, 226)),
        ("crop_8", (268, 202)),
        ("crop_75", (277, 208)),
        ("turn_2", (320, 240)),
        ("turn_90", (240, 320)),
        ("turn_180", (320, 240)),
        ("mirror", (320, 240)),
        ("rescan", (320, 240)),
    ],
)
def test_sizes_after_a_transform(name: str, size: tuple[int, int]) -> None:
    assert transforms.PICTURES[name](scene(1), random()).size == size


def test_borders_and_screenshots_hold_the_whole_picture() -> None:
    for name in ("border", "screenshot"):
        larger = transforms.PICTURES[name](scene(1), random())
        assert larger.width > 320
        assert larger.height > 240
        left, top = (larger.width - 320) // 2, (larger.height - 240) // 2
        inner = larger.crop((left, top, left + 320, top + 240))
        assert inner.tobytes() == scene(1).tobytes()


def test_turns_are_clockwise() -> None:
    corner = Image.new("L", (4, 2))
    corner.putpixel((0, 0), 255)
    turned = transforms.PICTURES["turn_90"](corner, random())
    assert turned.getpixel((1, 0)) == 255


@pytest.mark.parametrize("name", transforms.ANY)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_transform_is_the_same_each_time(name: str, mode: str, tmp_path: Path) -> None:
    source = write(scene(1).convert(mode), tmp_path / "picture.png")
    original = Original("xrays", "picture", source)
    data = original.encoded()
    once = build.made(original, data, name, random())
    assert build.made(original, data, name, random()) == once
    assert (once[0] == data) == (name == "same_bytes")


def test_another_container_has_other_bytes_and_a_fitting_name(photo: Original) -> None:
    data = photo.encoded()
    for seed in range(6):
        copy, ending = build.made(photo, data, "container", np.random.default_rng(seed))
        assert (ending, copy[:4]) in {(".png", b"\x89PNG"), (".webp", b"RIFF")}


def test_an_original_and_its_copies_as_files(photo: Original, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    rows = build._make(build.Task(tmp_path, photo, ("mirror", "same_bytes"), 1))
    assert [(row.path, row.origin, row.transform) for row in rows] == [
        ("photos/harbour.jpg", "photos/harbour", "original"),
        ("photos/harbour-mirror.jpg", "photos/harbour", "mirror"),
        ("photos/harbour-same_bytes.jpg", "photos/harbour", "same_bytes"),
    ]
    original, equal = (tmp_path / rows[0].path).read_bytes(), (tmp_path / rows[2].path).read_bytes()
    assert original == equal == (tmp_path / "harbour.jpg").read_bytes()


def test_what_is_not_here_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "DATA", domains.ROOT / "no such folder")
    monkeypatch.setattr(forms, "missing_fonts", lambda: ["NotoSerifCJK-Regular.ttc"])
    told: list[str] = []
    library = build.labelled_library(
        tmp_path, half="tune", size="small", seed=1, processes=1, say=told.append
    )
    with library.truth.open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == []
    assert told[0].startswith("Left out: photos, there is no folder ")
    assert told[4] == (
        "Left out: registry, the fonts NotoSerifCJK-Regular.ttc are not installed (fonts-noto-cjk)."
    )


@pytest.mark.skipif(bool(forms.missing_fonts()), reason="the fonts of fonts-noto-cjk are not here")
def test_two_scans_of_one_sheet_differ_and_an_electronic_form_does_not() -> None:
    sheets = {sheet.template.name: sheet for _name, sheet, *_rest in records.sheets("tune", 9, 1)}
    scanned = forms.drawn(sheets["deed"])
    assert (scanned.size, scanned.mode) == (forms.PAGE, "L")
    assert forms.drawn(sheets["deed"]).tobytes() == scanned.tobytes()
    electronic = forms.drawn(sheets["licence"])
    assert electronic.getpixel((0, 0)) == (255, 255, 255)
