"""The viewer as the tests see it."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

from scanning.models import CandidatePair
from tests.e2e.desk import DeskPage

SAME = [1_000_000, 0, 0, 0, 1_000_000, 0]
BOXES = {"regions": [[250, 250, 250, 250]], "other_regions": [[500, 250, 250, 250]]}


def compared(pair: CandidatePair, **comparison: Any) -> None:
    """Let the pair have been compared with this outcome."""
    pair.evidence = {"comparison": {"reason": "same_picture", **comparison}}
    pair.save()


def opened(page: Page, pair: CandidatePair) -> DeskPage:
    """The pair, once both pictures are there."""
    desk = DeskPage(page)
    desk.open_pair(pair)
    for image in desk.desk.locator("[data-sheet] img").all():
        expect(image).to_have_js_property("complete", value=True)
    return desk


def viewer(desk: DeskPage) -> Locator:
    return desk.desk.locator("[data-viewer]")


def frame(desk: DeskPage) -> Locator:
    return desk.desk.locator("[data-stage]").first


def tool(desk: DeskPage, name: str) -> Locator:
    return desk.desk.locator(f'[data-view="{name}"]')


def style(desk: DeskPage, selector: str, name: str) -> list[str]:
    """A style property of each element of the desk that the selector names, as it was set."""
    found: list[str] = desk.desk.locator(selector).evaluate_all(
        "(elements, name) => elements.map(element => element.style[name])", name
    )
    return found
