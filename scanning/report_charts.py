"""The report's charts, with the words that stand beside them."""

from collections.abc import Sequence
from dataclasses import astuple
from decimal import Decimal
from typing import NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scanning.charts import Bar, bar, histogram, share
from scanning.models import CandidatePair
from scanning.services.report import Report

Tier = CandidatePair.Tier
CENT = Decimal("0.01")
CERTAIN, POSSIBLE, OTHER = 1, 2, 3
TONES = {Tier.IDENTICAL: CERTAIN, Tier.SAME_PIXELS: CERTAIN, Tier.NEAR: POSSIBLE}


class Drawn(NamedTuple):
    """A chart with the rows of its legend or table; each row may have a bar of its own."""

    chart: SafeString
    rows: Sequence[tuple[Bar, SafeString]]


class Money(NamedTuple):
    """What the files cost a month, in words."""

    everything: str
    certain: str
    possible: str


class Charts(NamedTuple):
    """All charts of the report's page; `distances` has no rows without near-duplicates."""

    files: Drawn
    bytes: Drawn
    pairs: Drawn
    distances: Drawn


def charts_of(report: Report) -> Charts:
    """The report as charts."""
    return Charts(
        files=_shares(report, of_bytes=False),
        bytes=_shares(report, of_bytes=True),
        pairs=_pairs(report),
        distances=_distances(report),
    )


def money_of(report: Report) -> Money:
    """The report's costs in words."""
    return Money(*map(dollars, astuple(report.cost)))


def dollars(amount: Decimal) -> str:
    """Hong Kong dollars in words: “HK$1,234.50”, and “under HK$0.01” for next to nothing."""
    if 0 < amount < CENT:
        return _("under HK$0.01")
    rounded = amount.quantize(CENT)
    return _("HK$%(amount)s") % {"amount": number_format(rounded, 2, force_grouping=True)}


def percent(thousandths: int) -> str:
    """Thousandths as “12.3 %”."""
    return _("%(number)s %%") % {"number": number_format(thousandths / 10, 1)}


def _shares(report: Report, *, of_bytes: bool) -> Drawn:
    duplicates = report.duplicates
    parts = []
    for label, amount, tone in (
        (_("Certain: equal bytes or equal pixels"), duplicates.certain, CERTAIN),
        (_("Possible: near-duplicates, not yet judged"), duplicates.near, POSSIBLE),
    ):
        thousandths = report.share(amount)
        if of_bytes:
            part, words = thousandths.bytes, filesizeformat(amount.bytes)
        else:
            part = thousandths.files
            words = ngettext("%(n)s file", "%(n)s files", amount.files) % {
                "n": intcomma(amount.files)
            }
        parts.append(Bar(label, part / 1000, f"{percent(part)}, {words}", tone))
    if of_bytes:
        chart = share("share-bytes", _("Copies as a share of all bytes"), parts)
    else:
        chart = share("share-files", _("Copies as a share of all files"), parts)
    return Drawn(chart, [(part, SafeString("")) for part in parts])


def _pairs(report: Report) -> Drawn:
    rows = [
        Bar(
            str(tier.label),
            report.pairs[tier],
            str(intcomma(report.pairs[tier])),
            TONES.get(tier, OTHER),
        )
        for tier in Tier
    ]
    highest = max(row.value for row in rows)
    return Drawn(SafeString(""), [(row, bar(row, highest)) for row in rows])


def _distances(report: Report) -> Drawn:
    columns = [
        Bar(f"{bin_.first}–{bin_.last}", bin_.count, str(intcomma(bin_.count)), POSSIBLE)
        for bin_ in report.distances
    ]
    short = [
        column._replace(label=str(bin_.first))
        for column, bin_ in zip(columns, report.distances, strict=True)
    ]
    chart = histogram(
        "distances",
        _("Near-duplicates by distance"),
        short,
        _("distance (of 256), in steps of eight"),
    )
    return Drawn(chart, [(column, SafeString("")) for column in columns])
