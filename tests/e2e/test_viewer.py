"""The viewer: every way to compare two pictures, by keys, by mouse and by touch."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from scanning.models import CandidatePair, Library
from tests.e2e.conftest import SignIn
from tests.e2e.desk import DeskPage
from tests.e2e.viewer import BOXES, compared, frame, opened, style, tool, viewer

MODES = {"z": "side", "x": "flip", "c": "split", "v": "overlay", "b": "difference"}
MIRROR = [-1_000_000, 0, 1_000_000, 0, 1_000_000, 0]
QUARTER_TURN = [0, -1_000_000, 1_000_000, 1_000_000, 0, 0]


@pytest.fixture
def desk(open_page: SignIn, reviewer: User, pair: CandidatePair) -> DeskPage:
    """The pair in front of the reviewer."""
    return opened(open_page(reviewer), pair)


def brightness(desk: DeskPage) -> float:
    """The mean of all channels in the middle of the first frame, 0 to 255, as the screen has it."""
    picture = Image.open(io.BytesIO(frame(desk).screenshot())).convert("RGB")
    width, height = picture.size
    middle = picture.crop((width * 3 // 8, height // 4, width * 5 // 8, height * 3 // 4))
    return float(np.asarray(middle).mean())


def test_each_mode_has_a_key_and_a_button(desk: DeskPage) -> None:
    for key, mode in MODES.items():
        desk.press(key)
        expect(viewer(desk)).to_have_attribute("data-mode", mode)
        expect(tool(desk, mode)).to_have_attribute("aria-pressed", "true")
        expect(desk.desk.locator("[data-stage]:visible")).to_have_count(2 if mode == "side" else 1)
    for mode in MODES.values():
        tool(desk, mode).click()
        expect(viewer(desk)).to_have_attribute("data-mode", mode)


def test_both_pictures_zoom_and_move_in_step(desk: DeskPage) -> None:
    desk.press("o")
    whole = desk.sheets
    desk.press("+", "+", "ArrowRight", "ArrowDown")
    left, right = desk.sheets
    assert left != whole[0]
    assert left == right  # both have the same shape: the same spot at the same size

    desk.press("ArrowLeft")
    moved = desk.sheets
    assert moved[0] == moved[1] != left

    desk.press("0")
    assert desk.sheets == whole

    desk.press("1")  # one pixel of the picture is one of the screen
    assert sorted(sheet["width"] for sheet in desk.sheets) == [320, 640]


def test_the_wheel_zooms_about_the_pointer(desk: DeskPage) -> None:
    box = frame(desk).bounding_box()
    assert box is not None
    before = desk.sheets[0]
    point = (before["left"] + before["width"] * 0.25, before["top"] + before["height"] * 0.25)
    desk.page.mouse.move(box["x"] + point[0], box["y"] + point[1])
    desk.page.mouse.wheel(0, -300)
    expect(viewer(desk)).to_have_attribute("data-zoomed", "")
    left, right = desk.sheets
    assert left == right
    assert abs(left["left"] + left["width"] * 0.25 - point[0]) < 3
    assert abs(left["top"] + left["height"] * 0.25 - point[1]) < 3


def test_flip_shows_each_picture_in_the_frame_of_the_other(desk: DeskPage) -> None:
    sources = "images => images.map(image => image.getAttribute('src'))"
    pictures = desk.desk.locator("[data-stage] [data-layer] img")
    before = pictures.evaluate_all(sources)
    desk.page.keyboard.down("f")
    assert pictures.evaluate_all(sources) == before[::-1]
    desk.page.keyboard.up("f")
    assert pictures.evaluate_all(sources) == before


def test_in_place_one_picture_takes_the_place_of_the_other(desk: DeskPage) -> None:
    labels = desk.desk.locator("[data-label]:visible")
    desk.press("x")
    expect(labels).to_have_text("Left")
    desk.press("x")
    expect(labels).to_have_text("Right")
    frame(desk).click()
    expect(labels).to_have_text("Left")
    desk.page.keyboard.down("f")
    expect(labels).to_have_text("Right")
    desk.page.keyboard.up("f")
    expect(labels).to_have_text("Left")


def test_the_line_of_the_split_moves_by_key_slider_and_mouse(desk: DeskPage) -> None:
    def cuts() -> list[str]:
        return style(desk, "[data-layer]", "clipPath")

    desk.press("c")
    assert cuts() == ["inset(0px calc(50%) 0px 0px)", "inset(0px 0px 0px 50%)"]
    desk.press(".", ".")
    assert cuts()[1] == "inset(0px 0px 0px 60%)"
    desk.press(",")
    assert cuts()[1] == "inset(0px 0px 0px 55%)"
    desk.desk.get_by_label("Line").fill("0.25")
    assert cuts()[1] == "inset(0px 0px 0px 25%)"

    box = frame(desk).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    desk.page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    desk.page.mouse.up()
    assert cuts()[1].startswith("inset(0px 0px 0px 75")
    desk.press("z")
    assert cuts() == ["", ""]


def test_the_right_picture_is_laid_over_the_left_one(desk: DeskPage) -> None:
    desk.press("v")
    assert style(desk, "[data-layer]", "opacity") == ["", "0.5"]
    desk.press(".")
    assert style(desk, "[data-layer]", "opacity") == ["", "0.6"]
    desk.press(",", ",", ",")
    assert style(desk, "[data-layer]", "opacity") == ["", "0.3"]


def test_the_difference_is_black_where_both_are_the_same(desk: DeskPage) -> None:
    desk.press("o", "v")
    seen = brightness(desk)
    desk.press("b")
    desk.press(*"," * 3)  # not made stronger than it is
    assert brightness(desk) < seen / 4
    desk.page.keyboard.down("f")  # what there is, for a look
    assert brightness(desk) > seen / 2
    desk.page.keyboard.up("f")


def drawn(desk: DeskPage, number: int, x: float, y: float) -> bool:
    """Whether a box is drawn near this place of a picture."""
    sheet = desk.sheets[number]
    found: bool = (
        desk.desk.locator("[data-boxes-canvas]")
        .nth(number)
        .evaluate(
            """(canvas, [x, y]) => {
              const scale = canvas.width / canvas.clientWidth;
              const [left, top] = [x, y].map(value => Math.round(value * scale) - 8);
              const pen = new OffscreenCanvas(16, 16).getContext("2d");
              pen.drawImage(canvas, -left, -top);
              const { data } = pen.getImageData(0, 0, 16, 16);
              return data.some((value, at) => at % 4 === 3 && value > 0);
            }""",
            [sheet["left"] + x * sheet["width"], sheet["top"] + y * sheet["height"]],
        )
    )
    return found


def test_boxes_are_drawn_on_both_pictures(desk: DeskPage) -> None:
    canvases = desk.desk.locator("[data-boxes-canvas]")
    for number in (0, 1):
        expect(canvases.nth(number)).to_have_attribute("aria-label", "1 box around what differs")
    assert (drawn(desk, 0, 0.25, 0.25), drawn(desk, 0, 0.375, 0.375)) == (True, False)
    assert (drawn(desk, 1, 0.5, 0.25), drawn(desk, 1, 0.25, 0.5)) == (True, False)

    desk.press("+", "+")
    assert (drawn(desk, 0, 0.5, 0.5), drawn(desk, 1, 0.5, 0.5)) == (True, True)
    desk.press("0", "o")
    assert (drawn(desk, 0, 0.25, 0.25), drawn(desk, 1, 0.5, 0.25)) == (False, False)
    expect(tool(desk, "boxes")).to_have_attribute("aria-pressed", "false")


def test_a_pair_compared_long_ago_has_no_placement(
    open_page: SignIn, reviewer: User, pair: CandidatePair
) -> None:
    compared(pair, regions=BOXES["regions"])
    desk = opened(open_page(reviewer), pair)
    expect(tool(desk, "align")).to_have_count(0)
    before = desk.sheets
    desk.press("a")
    assert desk.sheets == before
    assert drawn(desk, 0, 0.25, 0.25)
    assert not drawn(desk, 1, 0.25, 0.25)


@pytest.mark.parametrize(
    ("placement", "matrix"),
    [(MIRROR, (-1, 0, 0, 1)), (QUARTER_TURN, (0, -1, 1, 0))],
    ids=["mirrored", "turned"],
)
def test_align_lays_like_on_like(
    open_page: SignIn,
    reviewer: User,
    pair: CandidatePair,
    placement: list[int],
    matrix: tuple[int, int, int, int],
) -> None:
    compared(pair, placement=placement)
    desk = opened(open_page(reviewer), pair)
    desk.press("a")
    expect(tool(desk, "align")).to_have_attribute("aria-pressed", "true")
    left, right = desk.sheets
    assert left == right
    turned = (
        desk.desk.locator("[data-sheet]")
        .nth(1)
        .evaluate(
            "sheet => { const m = new DOMMatrix(sheet.style.transform);"
            " return [m.a, m.b, m.c, m.d].map(Math.sign); }"
        )
    )
    assert tuple(turned) == matrix
    desk.press("+", "+", "ArrowRight")
    left, right = desk.sheets
    assert left == right
    desk.press("a", "0")
    assert desk.sheets[1] == desk.sheets[0]  # both have one shape, so that both fit alike


def test_align_shows_all_of_both(open_page: SignIn, reviewer: User, pair: CandidatePair) -> None:
    """The left picture is the middle quarter of the right one."""
    compared(pair, placement=[500_000, 0, 250_000, 0, 500_000, 250_000])
    desk = opened(open_page(reviewer), pair)
    whole = desk.sheets
    desk.press("a")
    left, right = desk.sheets
    assert right == whole[1]
    assert abs(left["width"] * 2 - right["width"]) <= 2
    assert abs(left["left"] - right["left"] - right["width"] / 4) <= 2


def test_the_loupe_is_at_the_same_place_of_both(desk: DeskPage) -> None:
    loupes = desk.desk.locator(".viewer__loupe:visible")
    desk.press("l")
    expect(loupes).to_have_count(2)
    box = frame(desk).bounding_box()
    assert box is not None
    desk.page.mouse.move(box["x"] + box["width"] * 0.5 + 30, box["y"] + box["height"] * 0.5 + 20)
    places = style(desk, ".viewer__loupe", "transform")
    assert places[0] == places[1] != ""
    desk.press("ArrowRight")
    moved = style(desk, ".viewer__loupe", "transform")
    assert moved[0] == moved[1] != places[0]

    desk.press("x")  # one frame for both: the loupes stand next to each other
    expect(loupes).to_have_count(2)
    one, other = (loupes.nth(number).bounding_box() for number in (0, 1))
    assert one is not None
    assert other is not None
    assert abs(one["x"] + one["width"] - other["x"]) < 2
    desk.press("l")
    expect(loupes).to_have_count(0)


def test_the_loupe_shows_single_pixels(desk: DeskPage) -> None:
    desk.press("l", "ArrowRight")
    magnified = desk.desk.locator(".viewer__glass [data-sheet]").first
    plain = desk.desk.locator("[data-layer] [data-sheet]").first
    boxes = [each.bounding_box() for each in (magnified, plain)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["width"] >= 2.9 * boxes[1]["width"]


def test_large_pictures_fill_the_window(desk: DeskPage) -> None:
    def height() -> float:
        box = frame(desk).bounding_box()
        assert box is not None
        return box["height"]

    before = height()
    desk.press("e")
    assert height() > before + 80
    expect(frame(desk)).to_be_in_viewport(ratio=1)
    expect(desk.desk.get_by_role("button", name="Skip")).to_be_in_viewport(ratio=1)
    desk.press("e")
    assert height() == before


def test_light_for_what_is_faint(desk: DeskPage) -> None:
    def filters() -> list[str]:
        return style(desk, "[data-ground]", "filter")

    changed = desk.desk.locator("[data-light-changed]")
    expect(changed).to_be_hidden()
    desk.press("]", "]", "}", "i")
    assert filters() == ["brightness(1.2) contrast(1.1) invert(1)"] * 2
    expect(changed).to_be_visible()
    desk.press("[", "{")
    assert filters() == ["brightness(1.1) invert(1)"] * 2
    desk.press("\\")
    assert filters() == ["", ""]
    expect(changed).to_be_hidden()

    tool(desk, "light").click()
    desk.desk.get_by_label("Contrast").fill("2")
    desk.desk.get_by_label("Invert").check()
    assert filters() == ["contrast(2) invert(1)"] * 2
    desk.desk.get_by_role("button", name="As it is").click()
    assert filters() == ["", ""]


def test_keys_of_the_verdict_work_while_a_slider_has_the_focus(desk: DeskPage) -> None:
    desk.press("v")
    slider = desk.desk.get_by_label("Opacity")
    slider.focus()
    desk.press("ArrowRight")
    expect(slider).to_have_value("0.6")
    desk.press("d")
    expect(desk.desk.get_by_role("radio", name="Duplicate", exact=True)).to_be_checked()


def test_the_next_pair_is_shown_as_this_one_was(desk: DeskPage, reviewer: User) -> None:
    desk.expect_prefetched()
    pair = desk.pair
    desk.press("c", ".", "a", "o", "s")
    desk.expect_other_than(pair)
    expect(viewer(desk)).to_have_attribute("data-mode", "split")
    assert style(desk, "[data-layer]", "clipPath")[1] == "inset(0px 0px 0px 55%)"

    desk.page.reload()
    expect(viewer(desk)).to_have_attribute("data-mode", "split")
    stored = desk.page.evaluate("Object.keys(localStorage)")
    assert stored == [f"second-look:viewer:{reviewer.pk}"]


def test_settings_that_make_no_sense_are_ignored(desk: DeskPage, reviewer: User) -> None:
    desk.page.evaluate(
        "([key, text]) => localStorage.setItem(key, text)",
        [f"second-look:viewer:{reviewer.pk}", '{"mode": "upside down", "overlay": 7, "boxes": 1}'],
    )
    desk.page.reload()
    expect(viewer(desk)).to_have_attribute("data-mode", "side")
    desk.press("v")
    assert style(desk, "[data-layer]", "opacity") == ["", "0.5"]
    expect(tool(desk, "boxes")).to_have_attribute("aria-pressed", "true")


def test_a_sensitive_picture_is_fetched_once_however_it_is_looked_at(
    open_page: SignIn, reviewer: User, library: Library, pair: CandidatePair
) -> None:
    """Each fetch is an audit event: loupe and modes must not look like somebody came back."""
    library.is_sensitive = True
    library.save()
    desk = opened(open_page(reviewer), pair)
    desk.desk.locator("[data-purpose]").select_option("judging")
    desk.desk.locator("[data-action=reveal]").click()
    expect(desk.desk.locator("img[data-concealed]")).to_have_count(0)
    desk.press("l", "ArrowRight", "x", "x", "c", "v", "b", "l", "z", "+", "0")
    desk.press("s")
    desk.expect_other_than(pair.pk)
    views = AuditEvent.objects.filter(action="picture.viewed", actor_id=reviewer.pk)
    for picture in (pair.left_id, pair.right_id):
        assert views.filter(target_id=str(picture)).count() == 1
