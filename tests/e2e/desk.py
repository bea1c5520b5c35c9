"""The review desk as the tests see it: the pair that is shown, its pictures, its counters."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from review.models import Decision
from scanning.models import CandidatePair
from tests.e2e.browser import press
from tests.scans import until


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A pair page; while the next pair is prefetched, a second desk lies hidden in it."""

    page: Page

    def open_next(self) -> None:
        self.page.goto("/review/next/")

    def open_pair(self, pair: CandidatePair) -> None:
        self.page.goto(f"/review/pairs/{pair.pk}/")

    @property
    def desk(self) -> Locator:
        return self.page.locator("[data-desk]:visible")

    @property
    def pair(self) -> int:
        return int(self.desk.get_attribute("data-pair") or 0)

    @property
    def status(self) -> Locator:
        """What was said last."""
        return self.page.locator("[data-desk-status]")

    @property
    def problem(self) -> Locator:
        return self.desk.locator("[data-problem]")

    @property
    def sheets(self) -> list[dict[str, float]]:
        """Where each picture lies in its frame, in whole pixels: left, top, width, height."""
        sheets: list[dict[str, float]] = self.desk.locator(
            "[data-stage] [data-layer]"
        ).evaluate_all(
            """layers => layers.map(layer => {
              const frame = layer.closest("[data-stage]").getBoundingClientRect();
              const place = layer.querySelector("[data-sheet]").getBoundingClientRect();
              return {
                left: Math.round(place.left - frame.left), top: Math.round(place.top - frame.top),
                width: Math.round(place.width), height: Math.round(place.height),
              };
            })"""
        )
        return sheets

    def press(self, *keys: str) -> None:
        press(self.page, *keys)

    def expect_other_than(self, pair: int) -> None:
        shown = self.page.locator(f'[data-desk][data-pair="{pair}"]:visible')
        expect(shown).to_have_count(0)

    def expect_prefetched(self) -> None:
        """The next pair lies ready behind the one that is shown."""
        expect(self.page.locator("[data-desk]")).to_have_count(2)

    def expect_counts(self, done: int, left: int) -> None:
        expect(self.desk.locator("[data-done]")).to_have_text(str(done))
        expect(self.desk.locator("[data-left]")).to_have_text(str(left))


def latest_decision(pair: int) -> Decision:
    """The pair's latest decision, as soon as the site has written one."""
    decision = until(
        lambda: Decision.objects.filter(pair=pair).order_by("-pk").first(), "the decision"
    )
    assert decision is not None
    return decision
