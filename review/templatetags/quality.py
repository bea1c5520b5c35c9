"""Shares and intervals as people read them."""

from django import template
from django.utils.formats import number_format

from review.quality.statistics import Interval

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """0.875 as "88 %"; a dash where there is none."""
    return "–" if share is None else f"{number_format(round(share * 100), 0)} %"


@register.filter
def percents(interval: Interval | None) -> str:
    """An interval of shares, to a tenth of a percent; nothing where there is none."""
    if interval is None:
        return ""
    low, high = (number_format(round(end * 100, 1), 1) for end in interval)
    return f"{low}–{high} %"


@register.filter
def hundredths(value: float) -> str:
    """A kappa to two decimals."""
    return number_format(round(value, 2), 2)


@register.filter
def ends(interval: Interval) -> str:
    """The interval of a kappa: a word between its ends would be taken for a minus."""
    return f"({hundredths(interval.low)}; {hundredths(interval.high)})"


@register.filter
def tenth(score: int) -> int:
    """Thousandths as percent."""
    return score // 10
