"""The report says which targets were met, and changes only what stands between its markers."""

from pathlib import Path

import numpy as np
import pytest

from scanning.engine.search.join import near_pairs
from scanning.labelled.evaluation import Candidate
from tests.bench import report, rivals
from tests.bench.__main__ import PARTS, _options
from tests.bench.growth import codes_of
from tests.bench.report import PAGE, Section

SECTIONS = (*PARTS, "targets", "machine")


def test_targets_are_held_against_what_was_reached() -> None:
    table = report.targets({"recall": 0.9912, "false": 2.5}, {"recall": 0.71, "false": 42000.0})
    lines = {line.split(" | ")[0]: line for line in table.splitlines()}
    assert lines["| recall over all transforms"] == (
        "| recall over all transforms | ≥ 0.990 | 0.991 | met | 0.710 |"
    )
    assert lines["| false pairs in the queue per 1,000 files"].endswith(
        "| ≤ 2.0 | 2.5 | **missed** | 42,000.0 |"
    )
    assert lines["| comparison of a pair, median"].endswith("| ≤ 25 ms | not measured |  | – |")


def test_a_share_is_not_rounded_up_to_its_target() -> None:
    assert not report.TARGETS["recall"].is_met(0.98999)
    assert report.TARGETS["recall"].is_met(0.99)
    assert report.TARGETS["join"].is_met(7.0)


def test_only_what_stands_between_the_markers_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n<!-- a -->\nold\n<!-- end of a -->\nmine\n<!-- b -->\n<!-- end of b -->")
    report.write(page, {"a": "new", "b": "more"})
    assert page.read_text() == (
        "# A\n<!-- a -->\nnew\n<!-- end of a -->\nmine\n<!-- b -->\nmore\n<!-- end of b -->"
    )
    with pytest.raises(SystemExit, match=r"lacks the lines <!-- c --> and <!-- end of c -->"):
        report.write(page, {"c": ""})


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_has_a_place_for_every_section(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(f"<!-- {name} -->") == text.count(f"<!-- end of {name} -->") == 1
    assert text.index(f"<!-- {name} -->") < text.index(f"<!-- end of {name} -->")


def test_parts_that_did_not_run_keep_the_figures_of_their_last_run(tmp_path: Path) -> None:
    place = tmp_path / "reached.json"
    assert report.remembered(place, [("join", Section("", {"join": 7.5}))]) == {"join": 7.5}
    later = [("compare", Section("", {"comparison": 20.0}))]
    assert report.remembered(place, later) == {"join": 7.5, "comparison": 20.0}
    again = [("join", Section("", {"join": 3.0}))]
    assert report.remembered(place, again) == {"join": 3.0, "comparison": 20.0}


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert _options(["--only", "join,speed"]).only == ["join", "speed"]
    assert _options([]).only == list(PARTS)
    with pytest.raises(SystemExit):
        _options(["--only", "sleep"])
    assert "there is no part sleep" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        _options(["--size", "small", "--write"])
    assert "a quick check is not for the page" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["even", "skewed"])
@pytest.mark.parametrize(("bits", "radius"), [(64, 10), (256, 64)])
def test_the_joins_of_the_benchmark_are_exact(kind: str, bits: int, radius: int) -> None:
    codes = codes_of(1000, bits, radius, kind)
    assert codes.shape == (1000, bits // 64)
    assert np.array_equal(codes, codes_of(1000, bits, radius, kind))
    expected = rivals.all_pairs(codes, radius)
    assert len(expected) >= 150
    assert np.array_equal(near_pairs(codes, radius), expected)


def test_the_groups_of_another_program_are_pairs() -> None:
    told = "/x/photos/a.jpg /x/photos/c.png /x/photos/b.jpg\n/x/d.jpg /x/e.jpg\n"
    assert rivals.groups(told, Path("/x")) == [
        Candidate("photos/a.jpg", "photos/b.jpg", "near", 1.0),
        Candidate("photos/a.jpg", "photos/c.png", "near", 1.0),
        Candidate("photos/b.jpg", "photos/c.png", "near", 1.0),
        Candidate("d.jpg", "e.jpg", "near", 1.0),
    ]
