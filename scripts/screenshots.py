"""Screenshots of the main pages, for the README: `make screenshots`.

Starts Second Look on an empty data folder with the demo library, decides a few pairs so that
there is something to see, and writes small PNG files to docs/screenshots/. The ways to compare
two pictures, for docs/review.md, become WebP files: light and dark, in English and in Chinese;
`make screenshots ARGS=review` makes only those.
"""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from scipy.spatial import cKDTree

from tests.e2e import browser as browsers

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = CHECKOUT / "docs" / "screenshots"
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
# `make run` would use servers and folders that these name.
OTHERS = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "LIBRARY_ROOTS")
# A line of what `make run` prints: user, password, role.
USER = re.compile(r"  (\w+) +([\w-]+) +(?:Reviewer|Admin|Records officer|Auditor)$")
# One photograph from two suppliers of one tender: the pair that says what this is about.
TELLING_FILE = "P1030079.jpg"
TITLE = "Tender T-2026-021: one photograph, two suppliers"
# name, who looks, address
PAGES = (
    ("overview", "reviewer", "/"),
    ("queue", "reviewer", "/review/"),
    ("decisions", "reviewer", "/review/history/"),
    ("holds", "officer", "/review/matters/"),
    ("libraries", "admin", "/libraries/"),
    ("scan", "admin", "/runs/1/"),
    ("report", "admin", "/libraries/1/report/"),
    ("people", "admin", "/people/"),
    ("audit", "auditor", "/audit/"),
)
DARK_TOO = ("pair", "report")
# One photograph with and without a border, and a mark laid over it: the pair for the viewer.
COMPARED = ("bath-duck.jpg", "duck-square.jpg")
# name, keys, where the pointer is
MODES: tuple[tuple[str, str, tuple[int, int] | None], ...] = (
    ("side", "", None),
    ("in-place", "ax", None),
    ("split", "ac", None),
    ("overlay", "av", None),
    ("difference", "ab", None),
    ("loupe", "al", (485, 350)),
    ("large", "ae", None),
    ("verdict", "d", None),
    ("keys", "?", None),
)
LOOKS: dict[str, dict[str, Any]] = {
    "": {},
    "-dark": {"color_scheme": "dark"},
    "-zh": {"locale": "zh-HK"},
    "-zh-dark": {"locale": "zh-HK", "color_scheme": "dark"},
}
MODE_SIZE = {"width": 1440, "height": 860}
MODE_WIDTH = 960
MODE_QUALITIES = (70, 60, 50, 40, 30, 20)
MODE_BYTES = 60_000
SETTLED = 700  # milliseconds until the viewer has fetched and drawn what it wants
OWN_COLOURS = 128


def main() -> None:
    path = browsers.chromium_path()
    if path is None:
        sys.exit(browsers.MISSING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with second_look() as (address, passwords), browsers.chromium(path) as browser:
        people = People(browser, address, passwords)
        keep_modes(people, address_of(people, *COMPARED))
        if sys.argv[1:] != ["review"]:
            keep_pages(people)
    files = sorted(file for file in FOLDER.iterdir() if file.suffix in (".png", ".webp"))
    size = sum(file.stat().st_size for file in files) / 2**20
    print(f"{len(files)} files, {size:.1f} MB, in {FOLDER.relative_to(CHECKOUT)}")


def keep_pages(people: "People") -> None:
    """The pages of the README, as they are once a few pairs have been judged."""
    pair = address_of(people, TELLING_FILE)
    keep("sign-in", people, None, "/sign-in/")
    keep("pair", people, "reviewer", pair)
    decide_some(people, pair)
    for name, user, url in PAGES:
        keep(name, people, user, url)


@contextmanager
def second_look() -> Iterator[tuple[str, dict[str, str]]]:
    """`make run` on a data folder of its own: its address, and the passwords by user name."""
    with tempfile.TemporaryDirectory(prefix="second-look-") as data_dir:
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if name not in OTHERS}
        process = subprocess.Popen(
            [sys.executable, "-m", "dedup_site.run", "--port", str(port)],
            cwd=CHECKOUT,
            env=kept | {"DATA_DIR": data_dir},
            stdout=subprocess.PIPE,
            text=True,
        )
        passwords = {}
        try:
            for line in process.stdout or ():
                if found := USER.match(line.rstrip()):
                    passwords[found[1]] = found[2]
                if line.startswith("Press Ctrl-C"):
                    break
            else:
                sys.exit("Second Look did not start; the lines above say why.")
            yield f"http://127.0.0.1:{port}", passwords
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class People:
    """The demo users at their browsers; each signs in once."""

    def __init__(self, browser: Browser, address: str, passwords: dict[str, str]) -> None:
        self._browser = browser
        self._address = address
        self._passwords = passwords
        self._cookies: dict[str, Any] = {}

    @contextmanager
    def page(self, user: str | None, **options: Any) -> Iterator[Page]:
        """A page of somebody, or of nobody; options are those of Playwright's `new_context`."""
        if user is not None and user not in self._cookies:
            self._sign_in(user)
        context = self._browser.new_context(base_url=self._address, **options)
        if user is not None:
            context.add_cookies(self._cookies[user])
        yield context.new_page()
        context.close()

    def _sign_in(self, user: str) -> None:
        with self.page(None) as page:
            page.goto("/sign-in/")
            page.locator("[name=username]").fill(user)
            page.locator("[name=password]").fill(self._passwords[user])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("/")
            self._cookies[user] = page.context.cookies()


def address_of(people: People, *files: str) -> str:
    """The address of the pair with these files."""
    with people.page("reviewer") as page:
        page.goto("/review/")
        rows = page.locator("tr[data-pair]")
        for file in files:
            rows = rows.filter(has_text=file)
        return f"/review/pairs/{rows.first.get_attribute('data-pair')}/"


def keep_modes(people: People, url: str) -> None:
    """`review-MODE.webp`, `-dark`, `-zh` and `-zh-dark`: the pair in each way to compare."""
    for look, options in LOOKS.items():
        for name, keys, pointer in MODES:
            # Each in a browser that remembers nothing of the one before.
            with people.page("reviewer", viewport=MODE_SIZE, **options) as page:
                page.goto(url, wait_until="networkidle")
                for key in keys:
                    page.keyboard.press(key)
                if pointer is not None:
                    page.mouse.move(*pointer)
                page.wait_for_timeout(SETTLED)
                picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            size = (MODE_WIDTH, picture.height * MODE_WIDTH // picture.width)
            small = picture.resize(size, Image.Resampling.LANCZOS)
            save_small(small, FOLDER / f"review-{name}{look}.webp")


def save_small(picture: Image.Image, file: Path) -> None:
    """As good as fits into MODE_BYTES, so that the repository stays light."""
    for quality in MODE_QUALITIES:
        picture.save(file, quality=quality, method=6)
        if file.stat().st_size <= MODE_BYTES:
            break


def decide_some(people: People, pair: str) -> None:
    """A matter, a hold of the pair under it, and a few verdicts."""
    with people.page("officer") as page:
        page.goto("/review/matters/")
        page.get_by_label("Reference").fill("HCA 1234/2026")
        page.get_by_label("Title").fill(TITLE)
        page.get_by_role("button", name="Open the matter").click()
        page.goto(pair)
        page.keyboard.press("h")
        page.get_by_label("Matter").select_option(label="HCA 1234/2026 " + TITLE)
        page.get_by_role("button", name="Investigation").click()
        page.get_by_text("Saved: Legal hold.").wait_for()
    with people.page("reviewer") as page:
        page.goto("/review/next/")
        for keys in ("d1", "d1", "d1", "d2", "n4", "d2"):
            shown = page.locator("[data-desk]:visible")
            number = shown.get_attribute("data-pair")
            for key in keys:
                page.keyboard.press(key)
            expect(page.locator(f'[data-desk][data-pair="{number}"]')).to_have_count(0)


def keep(name: str, people: People, user: str | None, url: str) -> None:
    """`name.png`, `name-390.png` and perhaps `name-dark.png`."""
    looks: dict[str, dict[str, Any]] = {
        name: {"viewport": WIDE},
        f"{name}-390": {"viewport": NARROW},
    }
    if name in DARK_TOO:
        looks[f"{name}-dark"] = {"viewport": WIDE, "color_scheme": "dark"}
    for file, options in looks.items():
        with people.page(user, **options) as page:
            page.goto(url, wait_until="networkidle")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        with_few_colours(picture).save(FOLDER / f"{file}.png", optimize=True)


def with_few_colours(picture: Image.Image) -> Image.Image:
    """256 colours: the page's own, which fill the most pixels, stay as they are."""
    pixels = np.asarray(picture).reshape(-1, 3)
    colours, places, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    own = colours[np.argsort(-counts)[:OWN_COLOURS]]
    kinds = np.unique(colours // 16, axis=0) * 16 + 8  # each once, so that rare ones count too
    rest = Image.fromarray(kinds[None]).quantize(256 - len(own)).getpalette() or []
    palette = np.vstack([own, np.reshape(rest, (-1, 3))])
    _distances, nearest = cKDTree(palette).query(colours)
    size = (picture.height, picture.width)
    small = Image.fromarray(nearest[places].reshape(size).astype(np.uint8), "P")
    small.putpalette(palette.astype(np.uint8).tobytes())
    return small


if __name__ == "__main__":
    main()
