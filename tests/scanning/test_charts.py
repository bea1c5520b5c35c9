"""Charts are well-formed SVG with exact lengths and words for everybody."""

import re
from xml.etree import ElementTree

import pytest

from scanning.charts import Bar, bar, histogram, share

SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup: str) -> ElementTree.Element:
    """The markup as a tree; the namespace stands in for HTML's rule for svg elements."""
    return ElementTree.fromstring(  # noqa: S314  our own markup
        markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    )


def widths(markup: str) -> list[float]:
    return [float(rect.attrib["width"]) for rect in parsed(markup).iter(f"{SVG}rect")]


def test_a_bar_is_as_long_as_its_share_of_the_highest() -> None:
    drawn = bar(Bar("Near", 30, "30 pairs", tone=2), highest=60)
    assert widths(drawn) == [240.0]
    assert parsed(drawn).findtext(f"{SVG}title") == "Near: 30 pairs"
    assert 'class="chart-bar chart-bar--2"' in drawn


def test_little_is_still_visible_and_nothing_is_not() -> None:
    assert widths(bar(Bar("One", 1, "1"), highest=1_000_000)) == [2.0]
    assert widths(bar(Bar("None", 0, "0"), highest=0)) == [0.0]


def test_shares_follow_each_other() -> None:
    parts = [Bar("Certain", 0.25, "25 %"), Bar("Possible", 0.5, "50 %", tone=2)]
    drawn = share("files", "Copies", parts)
    tree = parsed(drawn)
    assert widths(drawn) == [480.0, 120.0, 240.0]
    assert [rect.attrib["x"] for rect in tree.iter(f"{SVG}rect")] == ["0", "0.0", "120.0"]
    assert tree.attrib["aria-labelledby"] == "files-title files-desc"
    assert tree.findtext(f"{SVG}title") == "Copies"
    assert tree.findtext(f"{SVG}desc") == "Certain: 25 %; Possible: 50 %"


def test_a_histogram_stands_on_its_base() -> None:
    drawn = histogram("d", "Distances", [Bar("0", 10, "10"), Bar("8", 5, "5")], "distance")
    tree = parsed(drawn)
    columns = [
        (float(rect.attrib["y"]), float(rect.attrib["height"])) for rect in tree.iter(f"{SVG}rect")
    ]
    assert columns == [(24.0, 180.0), (114.0, 90.0)]
    assert [text.text for text in tree.iter(f"{SVG}text")] == ["10", "0", "5", "8", "distance"]


def test_an_empty_histogram_is_drawn_too() -> None:
    assert widths(histogram("d", "Distances", [], "distance")) == []


@pytest.mark.parametrize("hostile", ["<script>", '" onload="x', "&amp;"])
def test_words_are_escaped_and_nothing_is_inline(hostile: str) -> None:
    row = Bar(hostile, 1, hostile)
    for drawn in (
        bar(row, 1),
        share("a", hostile, [row]),
        histogram("b", hostile, [row], hostile),
    ):
        title = parsed(drawn).findtext(f"{SVG}title") or ""
        assert hostile in title
        assert not re.search(r"<[^>]*\s(style|on\w+)=", drawn)
