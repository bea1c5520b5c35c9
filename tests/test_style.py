"""The style sheet keeps its promises: contrast (WCAG 2.2 AA), sizes, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = re.findall(r"css/\w+\.css", (ROOT / "templates/_styles.html").read_text(encoding="utf-8"))
SHEET = "\n".join((ROOT / "static" / name).read_text(encoding="utf-8") for name in ORDER)
ROOTS = re.findall(r":root \{(.*?)\n\s*\}", SHEET, re.DOTALL)


def colors(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT = colors(ROOTS[0])
DARK = LIGHT | colors(ROOTS[1])
GROUNDS = ("ground", "surface", "raised", "sunken", "accent-tint")
TONES = ("info", "good", "warn", "bad", "strong")
READ = [
    *((text, ground) for text in ("text", "muted", "link", "link-hover") for ground in GROUNDS),
    *((f"{tone}-text", f"{tone}-tint") for tone in TONES),
    *(("text", f"{tone}-tint") for tone in TONES),
    *(("bad-text", ground) for ground in ("ground", "surface")),
    *(("on-accent", "accent"), ("on-accent", "accent-hover")),
    *(("danger", "surface"), ("danger", "ground"), ("on-danger", "danger")),
]
SEEN = [
    *(("focus", ground) for ground in (*GROUNDS, "picture-ground")),
    *(("line-strong", ground) for ground in ("ground", "surface", "raised", "sunken")),
    *((f"chart-{number}", ground) for number in (1, 2, 3) for ground in ("ground", "surface")),
    ("accent", "sunken"),
]


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable(scheme: dict[str, str]) -> None:
    weak = [pair for pair in READ if contrast(scheme[pair[0]], scheme[pair[1]]) < 4.5]
    assert weak == []


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_borders_focus_and_charts_can_be_seen(scheme: dict[str, str]) -> None:
    weak = [pair for pair in SEEN if contrast(scheme[pair[0]], scheme[pair[1]]) < 3]
    assert weak == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert "@import" not in SHEET
    assert "url(" not in SHEET


def test_text_sizes_grow_with_the_readers_setting() -> None:
    assert re.findall(r"font-size: [\d.]+px", SHEET) == []
