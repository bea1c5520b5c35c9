"""Charts as SVG, made on the server: no script, no library, readable aloud and in print.

Colours come from the style sheet through classes, so that charts follow light and dark. Every
value also stands as text, in the chart or in the table beside it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 720
LINE = 34
LABEL_WIDTH = 200
VALUE_WIDTH = 150
PLOT_HEIGHT = 200
MARGIN = 28


class Bar(NamedTuple):
    """One bar: its name, its length, and the value as people read it. `tone` is 1, 2 or 3."""

    label: str
    value: float
    text: str
    tone: int = 1


def bars(identity: str, title: str, description: str, rows: Sequence[Bar]) -> SafeString:
    """Horizontal bars, one below the other; `identity` is the prefix of element ids."""
    longest = max((row.value for row in rows), default=0) or 1
    room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    drawn = format_html_join(
        "\n",
        '<text class="chart-label" x="0" y="{}">{}</text>'
        '<rect class="chart-bar{}" x="{}" y="{}" width="{}" height="18" rx="2"></rect>'
        '<text class="chart-label" x="{}" y="{}">{}</text>',
        (
            (
                number * LINE + 20,
                row.label,
                _tone(row.tone),
                LABEL_WIDTH,
                number * LINE + 6,
                _pixels(row.value / longest * room, shown=row.value > 0),
                LABEL_WIDTH + _pixels(row.value / longest * room, shown=row.value > 0) + 8,
                number * LINE + 20,
                row.text,
            )
            for number, row in enumerate(rows)
        ),
    )
    return _svg(identity, title, description, WIDTH, max(len(rows), 1) * LINE, drawn)


def share(identity: str, title: str, description: str, parts: Sequence[Bar]) -> SafeString:
    """One bar cut into parts, with a legend below; what is left over is the ground of the bar.

    The values are shares of the whole, 0 to 1.
    """
    drawn = [
        format_html(
            '<rect class="chart-ground" x="0" y="0" width="{}" height="28" rx="3"></rect>', WIDTH
        )
    ]
    start = 0.0
    for number, part in enumerate(parts):
        width = _pixels(part.value * WIDTH, shown=part.value > 0)
        drawn.append(
            format_html(
                '<rect class="chart-bar{}" x="{}" y="0" width="{}" height="28"></rect>'
                '<rect class="chart-bar{}" x="0" y="{}" width="14" height="14" rx="2"></rect>'
                '<text class="chart-label" x="24" y="{}">{}: {}</text>',
                _tone(part.tone),
                round(start, 1),
                width,
                _tone(part.tone),
                44 + number * 26,
                56 + number * 26,
                part.label,
                part.text,
            )
        )
        start += part.value * WIDTH
    height = 44 + len(parts) * 26
    return _svg(identity, title, description, WIDTH, height, SafeString("".join(drawn)))


def histogram(
    identity: str, title: str, description: str, columns: Sequence[Bar], axis: str
) -> SafeString:
    """Upright columns side by side with their values above; `axis` names what runs to the right."""
    highest = max((column.value for column in columns), default=0) or 1
    step = WIDTH / max(len(columns), 1)
    base = PLOT_HEIGHT + MARGIN
    drawn = format_html_join(
        "\n",
        '<rect class="chart-bar{}" x="{}" y="{}" width="{}" height="{}" rx="2"></rect>'
        '<text class="chart-label chart-label--middle" x="{}" y="{}">{}</text>'
        '<text class="chart-label chart-label--middle" x="{}" y="{}">{}</text>',
        (
            (
                _tone(column.tone),
                round(number * step + 3, 1),
                base - height,
                round(step - 6, 1),
                height,
                round((number + 0.5) * step, 1),
                base - height - 6,
                column.text if column.value else "",
                round((number + 0.5) * step, 1),
                base + 18,
                column.label,
            )
            for number, column in enumerate(columns)
            for height in (_pixels(column.value / highest * PLOT_HEIGHT, shown=column.value > 0),)
        ),
    )
    frame = format_html(
        '<line class="chart-axis" x1="0" y1="{}" x2="{}" y2="{}"></line>'
        '<text class="chart-label chart-label--middle" x="{}" y="{}">{}</text>',
        base,
        WIDTH,
        base,
        WIDTH / 2,
        base + 42,
        axis,
    )
    return _svg(identity, title, description, WIDTH, base + 50, drawn + frame)


def _svg(
    identity: str, title: str, description: str, width: int, height: int, drawn: SafeString
) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="{identity}-title {identity}-desc">'
        '<title id="{identity}-title">{title}</title>'
        '<desc id="{identity}-desc">{description}</desc>{drawn}</svg>',
        width=width,
        height=height,
        identity=identity,
        title=title,
        description=description,
        drawn=drawn,
    )


def _tone(tone: int) -> str:
    return "" if tone == 1 else f" chart-bar--{tone}"


def _pixels(length: float, *, shown: bool) -> float:
    """A length to one decimal; what is not nothing is at least a visible line."""
    return max(round(length, 1), 2.0) if shown else 0.0
