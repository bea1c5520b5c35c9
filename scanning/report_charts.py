"""The report's charts, with the words that stand beside them."""

from typing import NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scanning.charts import Bar, bars, histogram, share
from scanning.models import CandidatePair
from scanning.services.report import Report

Tier = CandidatePair.Tier
CERTAIN, POSSIBLE, OTHER = 1, 2, 3
TONES = {Tier.IDENTICAL: CERTAIN, Tier.SAME_PIXELS: CERTAIN, Tier.NEAR: POSSIBLE}


class Charts(NamedTuple):
    """`distances` is empty where there are no near-duplicates."""

    files: SafeString
    bytes: SafeString
    pairs: SafeString
    distances: SafeString


def charts_of(report: Report) -> Charts:
    """All charts of the report's page."""
    return Charts(
        files=_shares(report, of_bytes=False),
        bytes=_shares(report, of_bytes=True),
        pairs=_pairs(report),
        distances=_distances(report),
    )


def percent(thousandths: int) -> str:
    """Thousandths as “12.3 %”."""
    return _("%(number)s %%") % {"number": number_format(thousandths / 10, 1)}


def _shares(report: Report, *, of_bytes: bool) -> SafeString:
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
    name, title = (
        ("share-bytes", _("Copies by size")) if of_bytes else ("share-files", _("Copies by number"))
    )
    return share(name, title, "; ".join(f"{part.label}: {part.text}" for part in parts), parts)


def _pairs(report: Report) -> SafeString:
    rows = [
        Bar(
            str(tier.label),
            report.pairs[tier],
            str(intcomma(report.pairs[tier])),
            TONES.get(tier, OTHER),
        )
        for tier in Tier
    ]
    words = "; ".join(f"{row.label}: {row.text}" for row in rows)
    return bars("pairs", _("Pairs by tier"), words, rows)


def _distances(report: Report) -> SafeString:
    if not report.distances:
        return SafeString("")
    columns = [
        Bar(str(bin_.first), bin_.count, str(intcomma(bin_.count)), POSSIBLE)
        for bin_ in report.distances
    ]
    words = "; ".join(
        _("%(first)d to %(last)d: %(count)s")
        % {"first": bin_.first, "last": bin_.last, "count": intcomma(bin_.count)}
        for bin_ in report.distances
    )
    return histogram(
        "distances",
        _("Near-duplicates by distance"),
        words,
        columns,
        _("distance (of 256), in steps of eight"),
    )
