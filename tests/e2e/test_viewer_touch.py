"""The viewer under fingers, and with pictures that are fetched in parts."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from scanning.models import CandidatePair, Library
from tests.e2e.conftest import MakePerson, SignIn, scan
from tests.e2e.desk import DeskPage
from tests.e2e.pictures import draw
from tests.e2e.viewer import SAME, compared, frame, opened, style, tool, viewer

# Touch


@pytest.fixture
def phone(open_page: SignIn, reviewer: User, pair: CandidatePair) -> DeskPage:
    """The pair on a screen of 390 pixels, under fingers."""
    page = open_page(reviewer, viewport={"width": 390, "height": 844}, has_touch=True)
    desk = opened(page, pair)
    frame(desk).scroll_into_view_if_needed()
    return desk


def touch(desk: DeskPage, *steps: list[tuple[float, float]]) -> None:
    """Fingers that go down at the first places and move to the others; places from the middle."""
    box = frame(desk).bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    session = desk.page.context.new_cdp_session(desk.page)
    for kind, places in zip(("touchStart", *["touchMove"] * len(steps)), steps, strict=False):
        points = [
            {"x": middle[0] + x, "y": middle[1] + y, "id": number}
            for number, (x, y) in enumerate(places)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_two_fingers_zoom_and_one_moves(phone: DeskPage) -> None:
    whole = phone.sheets
    touch(phone, [(-20, 0), (20, 0)], [(-40, 0), (40, 0)], [(-60, 0), (60, 0)])
    left, right = phone.sheets
    assert left["width"] > 2 * whole[0]["width"]
    assert left == right

    touch(phone, [(0, 0)], [(20, 0)], [(40, 10)])
    moved = phone.sheets
    assert moved[0] == moved[1]
    assert moved[0]["left"] - left["left"] >= 20


def test_a_tap_flips_in_place(phone: DeskPage) -> None:
    labels = phone.desk.locator("[data-label]:visible")
    tool(phone, "flip").tap()
    expect(labels).to_have_text("Left")
    frame(phone).tap()
    expect(labels).to_have_text("Right")


def test_two_taps_zoom_and_two_more_fit(phone: DeskPage) -> None:
    """A browser makes a double click of two taps."""
    whole = phone.sheets
    frame(phone).dblclick()
    expect(viewer(phone)).to_have_attribute("data-zoomed", "")
    assert phone.sheets[0]["width"] > 2 * whole[0]["width"]
    frame(phone).dblclick()
    assert phone.sheets == whole


def test_a_finger_leads_the_loupe(phone: DeskPage) -> None:
    tool(phone, "loupe").tap()
    loupes = phone.desk.locator(".viewer__loupe:visible")
    expect(loupes).to_have_count(2)
    before = style(phone, ".viewer__loupe", "transform")
    sheets = phone.sheets
    touch(phone, [(0, 0)], [(30, 20)], [(50, 30)])
    assert style(phone, ".viewer__loupe", "transform") != before
    assert phone.sheets == sheets  # the pictures stay where they are


# Large pictures


@pytest.fixture
def large(site: str, tmp_path: Path) -> CandidatePair:
    """A picture of 8000 × 5000 pixels and the same at a quarter of that, found by a scan."""
    root = tmp_path / "large"
    root.mkdir()
    picture = draw()
    picture.resize((8000, 5000)).save(root / "original.jpg", quality=80)
    picture.resize((2000, 1250)).save(root / "copy.jpg", quality=80)
    library = Library.objects.create(name=f"Large {root}", kind="mounted", root=str(root))
    scan(library)
    pair = CandidatePair.objects.get(findings__library=library)
    compared(pair, placement=SAME)
    return pair


def test_a_large_picture_is_fetched_in_parts_only(
    open_page: SignIn, make_person: MakePerson, large: CandidatePair
) -> None:
    """40 megapixels: what is looked at pixel by pixel comes in parts, never the whole file."""
    library = large.findings.get().library
    page = open_page(make_person(Role.REVIEWER, library))
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    desk = opened(page, large)
    assert not any("/part/" in url for url in asked)

    desk.press("1")
    parts = desk.desk.locator("[data-layer] .viewer__part")
    expect(parts).not_to_have_count(0)
    sizes = parts.evaluate_all(
        "parts => parts.map(part => [part.naturalWidth, part.naturalHeight])"
    )
    assert all(max(size) <= 2048 for size in sizes)
    assert any("/part/" in url for url in asked)
    left, right = desk.sheets
    assert sorted([left["width"], right["width"]]) == [2000, 8000]

    desk.press("a")
    left, right = desk.sheets
    assert abs(left["width"] - right["width"]) <= 2
