"""Retention in words: periods, what they begin with, what a version changes."""

from django.utils.translation import gettext, ngettext

from review.models import LibraryScheme, RecordClass, RetentionRuleVersion
from review.records.retention import Period, parse_period
from review.shipped import shipped


def period_in_words(text: str) -> str:
    """“7 years” for P7Y; the text itself where it cannot be read."""
    period = parse_period(text)
    if period is None:
        return text
    return gettext(", ").join(_parts(period)) or gettext("no time")


def _parts(period: Period) -> list[str]:
    years, months, days = period.months // 12, period.months % 12, period.days
    parts = []
    if years:
        parts.append(ngettext("%(n)d year", "%(n)d years", years) % {"n": years})
    if months:
        parts.append(ngettext("%(n)d month", "%(n)d months", months) % {"n": months})
    if days:
        parts.append(ngettext("%(n)d day", "%(n)d days", days) % {"n": days})
    return parts


def beginning(version: RetentionRuleVersion) -> str:
    """What the period begins with: an attribute by its name, or a date of the file."""
    if version.event_source == RetentionRuleVersion.Source.ATTRIBUTE:
        return version.event_name
    return str(version.get_event_source_display())


def class_names() -> dict[str, str]:
    """The names of the record classes by their codes."""
    named = RecordClass.objects.values_list("code", "name")
    return {code: shipped(name) for code, name in named}


def rule_lines(version: RetentionRuleVersion | None) -> dict[str, str]:
    """What a version of a rule says, label by label."""
    if version is None:
        return {}
    names = class_names()
    yes, no = gettext("Yes"), gettext("No")
    return {
        gettext("Title"): shipped(version.title),
        gettext("Legal source"): shipped(version.citation),
        gettext("Link"): version.link,
        gettext("Verified against the source"): yes if version.is_verified else no,
        gettext("Remark"): shipped(version.remark),
        gettext("Record classes"): gettext(", ").join(
            names.get(code, code) for code in version.classes
        ),
        gettext("Begins with"): beginning(version),
        gettext("Period"): f"{period_in_words(version.period)} ({version.period})",
        gettext("Applies"): no if version.is_retired else yes,
    }


def scheme_lines(scheme: LibraryScheme | None) -> dict[str, str]:
    """What a version of a library's scheme says, label by label."""
    if scheme is None:
        return {}
    names = class_names()
    values = [
        f"{value} → {names.get(code, code)}" for value, code in sorted(scheme.class_values.items())
    ]
    return {
        gettext("Record class"): names.get(scheme.record_class, scheme.record_class),
        gettext("By attribute"): scheme.class_attribute,
        gettext("Classes by value"): gettext("; ").join(values),
        gettext("Customer attribute"): scheme.customer_attribute,
    }


def changes(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, str, str, bool]]:
    """Label, before, after, and whether it changes, of every line that is not empty in both."""
    return [
        (label, before.get(label, ""), value, before.get(label, "") != value)
        for label, value in after.items()
        if value or before.get(label)
    ]
