"""Where the viewer puts pictures: the pure functions of static/js/geometry.js, in a browser.

`g` is the module. A matrix is [a, b, c, d, e, f]: x' = a·x + b·y + c, y' = d·x + e·y + f.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

Run = Callable[..., Any]

FRAME = [600, 400]
TURN = [0, -1, 1, 1, 0, 0]  # the right picture is the left one, turned clockwise by 90°
MIRROR = [-1, 0, 1, 0, 1, 0]
CROP = [2, 0, -0.5, 0, 2, -0.5]  # the right picture shows the middle quarter of the left one
SKEW = [1.01, -0.05, 0.02, 0.04, 0.99, -0.01]


@pytest.fixture(scope="module")
def page(site: str, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(base_url=site)
    page = context.new_page()
    page.goto("/sign-in/")
    yield page
    context.close()


@pytest.fixture
def run(page: Page) -> Run:
    """The value of a JavaScript expression in which the names stand for the values given."""

    def run(expression: str, **values: Any) -> Any:
        names = ", ".join(values)
        return page.evaluate(
            f"async ({{{names}}}) => {{ const g = await import('/static/js/geometry.js');"
            f" return {expression}; }}",
            values,
        )

    return run


def close(found: Any, wanted: Any) -> bool:
    return bool(found == pytest.approx(wanted, abs=1e-6))


@pytest.mark.parametrize("matrix", [TURN, MIRROR, CROP, SKEW])
def test_a_matrix_and_its_inverse_undo_each_other(run: Run, matrix: list[float]) -> None:
    assert close(run("g.after(g.inverse(m), m)", m=matrix), [1, 0, 0, 0, 1, 0])
    assert close(run("g.at(g.inverse(m), g.at(m, [0.3, 0.7]))", m=matrix), [0.3, 0.7])


def test_a_matrix_in_the_words_of_css(run: Run) -> None:
    assert run("g.css([1, 2, 3, 4, 5, 6])") == "matrix(1, 4, 2, 5, 3, 6)"


@pytest.mark.parametrize("text", ["", "1,0,0", "1,0,0,0,1,x", "0,0,0,0,0,0", "1,1,0,1,1,0"])
def test_a_placement_that_leads_nowhere_is_none(run: Run, text: str) -> None:
    assert run("g.readPlacement(text)", text=text) is None


def test_placements_and_boxes_are_read_from_the_page(run: Run) -> None:
    assert run("g.readPlacement('1.000000,0,0.5,0,1,0')") == [1, 0, 0.5, 0, 1, 0]
    assert run("g.readBoxes('100,200,50,25;0,0,1000,1000')") == [
        [0.1, 0.2, 0.05, 0.025],
        [0, 0, 1, 1],
    ]
    assert run("g.readBoxes('')") == []


LAID = """(() => {
  const shown = g.scales(view, frame, sizes, placement);
  return g.lay(view, frame, sizes, placement, shown);
})()"""


def laid(run: Run, sizes: list[list[int]], placement: Any = None, **view: Any) -> list[list[float]]:
    whole = {"mode": "fit", "zoom": 1, "x": 0.5, "y": 0.5} | view
    found: list[list[float]] = run(LAID, view=whole, frame=FRAME, sizes=sizes, placement=placement)
    return found


def test_pictures_of_unequal_size_each_fit_their_frame(run: Run) -> None:
    left, right = laid(run, [[6000, 3000], [500, 500]])
    assert close(left, [600, 0, 0, 0, 300, 50])
    assert close(right, [400, 0, 100, 0, 400, 0])


def test_the_same_relative_place_is_in_the_middle_of_both_frames(run: Run) -> None:
    for matrix in laid(run, [[6000, 3000], [500, 500]], zoom=3, x=0.2, y=0.9):
        assert close(run("g.at(m, [0.2, 0.9])", m=matrix), [300, 200])


def test_pixel_by_pixel_one_pixel_is_one_of_the_screen(run: Run) -> None:
    left, right = laid(run, [[6000, 3000], [500, 500]], mode="pixels")
    assert (left[0], left[4], right[0], right[4]) == (6000, 3000, 500, 500)
    dense = run(
        "g.scales(view, [600, 400], [[9, 9], [5, 5]], null, 2)", view={"mode": "pixels", "zoom": 1}
    )
    assert dense == [0.5, 0.5]


@pytest.mark.parametrize("placement", [TURN, MIRROR, CROP, SKEW])
def test_aligned_like_lies_on_like(run: Run, placement: list[float]) -> None:
    sizes = [[800, 600], [600, 800]]
    left, right = laid(run, sizes, placement, zoom=2, x=0.4, y=0.6)
    for place in ([0.5, 0.5], [0.31, 0.62]):
        there = run("g.at(m, p)", m=placement, p=place)
        assert close(run("g.at(m, p)", m=right, p=there), run("g.at(m, p)", m=left, p=place))


@pytest.mark.parametrize("placement", [TURN, MIRROR, CROP, SKEW, [0.5, 0, 0.25, 0, 0.5, 0.4]])
def test_aligned_all_of_both_fits_the_frame(run: Run, placement: list[float]) -> None:
    middle = run("g.kept({ mode: 'fit', zoom: 1, x: 0, y: 0 }, p)", p=placement)
    matrices = laid(run, [[800, 600], [800, 600]], placement, x=middle["x"], y=middle["y"])
    corners = [corner for matrix in matrices for corner in run("g.corners(m)", m=matrix)]
    assert all(-1e-6 <= x <= 600 + 1e-6 and -1e-6 <= y <= 400 + 1e-6 for x, y in corners)
    assert any(close(edge, x) for x, _y in corners for edge in (0, 600)) or any(
        close(edge, y) for _x, y in corners for edge in (0, 400)
    )


def test_scales_tell_the_pixels_of_each_picture(run: Run) -> None:
    """The right picture has half the pixels of the left one, so each is shown twice as large."""
    found = run(
        "g.scales({ mode: 'pixels', zoom: 1 }, [600, 400], [[800, 600], [400, 300]],"
        " [1, 0, 0, 0, 1, 0])"
    )
    assert close(found, [1, 2])


def test_the_place_under_the_pointer_stays_where_it_is(run: Run) -> None:
    before = {"mode": "fit", "zoom": 2, "x": 0.5, "y": 0.5}
    after = run("g.zoomed(v, 1.5, [0.4, 0.55], null)", v=before)
    assert after["zoom"] == 3
    for view in (before, after):
        matrix = laid(run, [[800, 600], [800, 600]], **view)[0]
        point = run("g.at(m, [0.4, 0.55])", m=matrix)
        view["point"] = point
    assert close(before["point"], after["point"])


def test_zoom_and_middle_stay_within_bounds(run: Run) -> None:
    kept = "g.kept({ mode, zoom, x: 7, y: -7 }, null)"
    assert run(kept, mode="fit", zoom=1000) == {"mode": "fit", "zoom": 64, "x": 1, "y": 0}
    assert run(kept, mode="fit", zoom=0.2) == {"mode": "fit", "zoom": 1, "x": 0.5, "y": 0.5}
    assert run(kept, mode="pixels", zoom=0)["zoom"] == 1 / 64


@pytest.mark.parametrize("placement", [None, TURN, MIRROR])
def test_places_are_counted_on_the_left_picture(run: Run, placement: Any) -> None:
    there = run("g.counted([0.2, 0.9], true, p)", p=placement)
    assert close(run("g.uncounted(t, true, p)", t=there, p=placement), [0.2, 0.9])
    assert run("g.counted([0.2, 0.9], false, p)", p=placement) == [0.2, 0.9]


PARTS = "g.partsShown(m, [600, 400], [5000, 3000], 2048)"


def test_parts_are_those_that_show_and_end_with_the_picture(run: Run) -> None:
    """The picture at its own size, its lower right corner in that of the frame."""
    corner = [5000, 0, 600 - 5000, 0, 3000, 400 - 3000]
    assert run(PARTS, m=corner) == [[4096, 2048, 904, 952]]
    across = [5000, 0, -1900, 0, 3000, -1900]
    assert run(PARTS, m=across) == [
        [0, 0, 2048, 2048],
        [2048, 0, 2048, 2048],
        [0, 2048, 2048, 952],
        [2048, 2048, 2048, 952],
    ]


def test_parts_of_a_turned_picture(run: Run) -> None:
    """Turned clockwise: what shows at the upper left is the picture's lower left corner."""
    turned = [0, -3000, 3000, 5000, 0, 0]
    assert run(PARTS, m=turned) == [[0, 2048, 2048, 952]]


def test_no_parts_where_the_picture_is_out_of_sight(run: Run) -> None:
    assert run(PARTS, m=[5000, 0, 700, 0, 3000, 0]) == []
