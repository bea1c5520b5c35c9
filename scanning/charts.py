"""Charts as SVG, made on the server: no script, no library, readable aloud and in print.

Colours come from the style sheet through classes, so that charts follow light and dark. Each
chart has a title and a description, and its values stand as text in it or beside it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dedup_site.punctuation import colon, semicolon

WIDTH = 480
BAR_HEIGHT = 24
PLOT_HEIGHT = 180
ABOVE, BELOW = 24, 52


class Bar(NamedTuple):
    """One value: its name, its length, the value as people read it, its colour (1, 2 or 3)."""

    label: str
    value: float
    text: str
    tone: int = 1


def bar(row: Bar, highest: float) -> SafeString:
    """One horizontal bar for a table whose cells hold the words; as wide as its place."""
    width = _length(row.value, highest, WIDTH)
    drawn = format_html(
        '<rect class="chart-bar{}" x="0" y="0" width="{}" height="{}"></rect>',
        *(_tone(row.tone), width, BAR_HEIGHT),
    )
    return format_html(
        '<svg class="chart chart--bar" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img">'
        "<title>{}: {}</title>{}</svg>",
        *(WIDTH, BAR_HEIGHT, row.label, row.text, drawn),
    )


def share(identity: str, title: str, parts: Sequence[Bar]) -> SafeString:
    """One bar cut into parts; what is left over is its ground. The values are shares, 0 to 1.

    `identity` is the prefix of element ids. The parts' words belong into a legend beside it.
    """
    drawn = format_html(
        '<rect class="chart-ground" x="0" y="0" width="{}" height="{}"></rect>',
        *(WIDTH, BAR_HEIGHT),
    )
    start = 0.0
    for part in parts:
        width = _length(part.value, 1, WIDTH)
        drawn += format_html(
            '<rect class="chart-bar{}" x="{}" y="0" width="{}" height="{}"></rect>',
            *(_tone(part.tone), round(start, 1), width, BAR_HEIGHT),
        )
        start += width
    description = semicolon().join(f"{part.label}{colon()}{part.text}" for part in parts)
    return _svg(identity, title, description, BAR_HEIGHT, drawn)


def histogram(identity: str, title: str, columns: Sequence[Bar], axis: str) -> SafeString:
    """Upright columns side by side, values above, names below; `axis` says what runs to the right.

    `identity` is the prefix of element ids.
    """
    highest = max((column.value for column in columns), default=0)
    step = WIDTH / max(len(columns), 1)
    base = ABOVE + PLOT_HEIGHT
    drawn = format_html_join(
        "\n",
        '<rect class="chart-bar{}" x="{}" y="{}" width="{}" height="{}"></rect>'
        '<text class="chart-label chart-label--middle" x="{}" y="{}">{}</text>'
        '<text class="chart-label chart-label--middle" x="{}" y="{}">{}</text>',
        (
            (
                *(_tone(column.tone), round(number * step + 2, 1), round(base - height, 1)),
                *(round(step - 4, 1), height),
                *(round((number + 0.5) * step, 1), round(base - height - 7, 1)),
                column.text if column.value else "",
                *(round((number + 0.5) * step, 1), base + 18, column.label),
            )
            for number, column in enumerate(columns)
            for height in (_length(column.value, highest, PLOT_HEIGHT),)
        ),
    )
    drawn += format_html(
        '<line class="chart-axis" x1="0" y1="{}" x2="{}" y2="{}"></line>'
        '<text class="chart-label chart-label--middle" x="{}" y="{}">{}</text>',
        *(base, WIDTH, base, WIDTH // 2, base + 42, axis),
    )
    description = semicolon().join(f"{each.label}{colon()}{each.text}" for each in columns)
    return _svg(identity, title, description, base + BELOW, drawn)


def _svg(identity: str, title: str, description: str, height: int, drawn: SafeString) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>',
        *(WIDTH, height, identity, identity, identity, title, identity, description, drawn),
    )


def _tone(tone: int) -> str:
    return "" if tone == 1 else f" chart-bar--{tone}"


def _length(value: float, highest: float, room: int) -> float:
    """A length to one decimal; what is not nothing is at least a visible line."""
    return max(round(value / highest * room, 1), 2.0) if value > 0 else 0.0
