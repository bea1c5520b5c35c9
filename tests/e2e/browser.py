"""Chromium for the tests, and an ear for everything that it complains about."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

DEBIANS = "/usr/bin/chromium"
MISSING = "There is no Chromium. Install it (apt-get install chromium) or set CHROMIUM to its path."
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds, for a machine that others use too
# What the page's policy stops is reported to the console, where `Complaints` hears it.
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective} stops ${event.blockedURI || "inline code"}`));
"""


def chromium_path() -> str | None:
    """Where Chromium is, if it is anywhere: $CHROMIUM, Debian's, or on the PATH."""
    named = os.environ.get("CHROMIUM", DEBIANS)
    return named if Path(named).is_file() else shutil.which("chromium")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A browser without a window."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def press(page: Page, *keys: str) -> None:
    """Press keys one after the other, as soon as the page's scripts listen.

    A page that came by a link or a form shows its text before its scripts have run.
    """
    page.wait_for_load_state("domcontentloaded")
    for key in keys:
        page.keyboard.press(key)


class Complaints:
    """Everything that the pages of a test report: console errors, exceptions, CSP violations."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._allowed: list[str] = []

    def listen(self, context: BrowserContext) -> None:
        """Hear all pages of the context, those to come too."""
        context.add_init_script(TELL_VIOLATIONS)
        context.on("page", self._listen_to_page)

    def _listen_to_page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._heard.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                self._heard.append(f"{page.url}: {message.text}")
                if message.type in ("error", "warning")
                else None
            ),
        )

    def allow(self, part: str) -> None:
        """The test brings about complaints that contain `part`."""
        self._allowed.append(part)

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self._heard if not any(part in text for part in self._allowed)]
