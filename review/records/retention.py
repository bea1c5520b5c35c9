"""How long a file must be kept: pure, and fail-closed. Postgres says the same in SQL.

A file has a record class; every rule that names the class applies; each gives the last day on which
the file must be kept; the longest wins. Where anything is missing or cannot be read, the file is
blocked. The calendar is Hong Kong's, whatever zone pages are shown in.

Periods are counted as the Interpretation and General Clauses Ordinance (Cap. 1, section 71) counts
them: without the day of the event. Five years from 15 March 2019 end with 15 March 2024, and from
29 February 2020 with 28 February 2025. (Not verified against the ordinance.)
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

CALENDAR = ZoneInfo("Asia/Hong_Kong")
FOR_GOOD = date.max
# What a clock that was never set writes (1970, 1980) is no date.
CLOCK_WAS_SET = date(1980, 1, 2)
EARLIEST = date(1800, 1, 1)

_PERIOD = re.compile(
    r"P(?=[0-9])(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?"
)
_DAY = re.compile(
    r"([0-9]{4})([-/.:]?)([0-9]{2})\2([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.][0-9]{1,9})?)?"
    r"(?:(Z)|([-+])([0-9]{2}):?([0-9]{2}))?)?"
)
MOST_HOURS_AWAY = 14


class Problem(StrEnum):
    """Why nobody can say how long a file must be kept: such a file is blocked."""

    UNKNOWN_CLASS = "unknown_class"
    NO_RULE = "no_rule"
    UNREADABLE_RULE = "unreadable_rule"
    MISSING_DATE = "missing_date"


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time by the calendar: whole months first, then days."""

    months: int
    days: int

    def last_day(self, start: date) -> date:
        """The last day of the period that begins with the event on `start`."""
        months = start.year * 12 + start.month - 1 + self.months
        year, month = months // 12, months % 12 + 1
        if year > date.max.year:
            return FOR_GOOD
        day = start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
        try:
            return day + timedelta(days=self.days)
        except OverflowError:
            return FOR_GOOD

    def is_never_shorter_than(self, other: "Period") -> bool:
        """Whether it ends no earlier than `other`, whatever day both begin with."""
        return self.months >= other.months and self.days >= other.days


def parse_period(text: str) -> Period | None:
    """An ISO 8601 period of years, months, weeks and days such as P7Y; None for anything else."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days = (int(number or 0) for number in match.groups())
    return Period(years * 12 + months, weeks * 7 + days)


def parse_day(text: str) -> date | None:
    """The day of a date (2020-12-31, 20201231, 2020/12/31) or moment; None for anything else.

    A moment with an offset from UTC counts by the day it is in Hong Kong.
    """
    match = _DAY.fullmatch(text.strip(" "))
    if match is None:
        return None
    year, _separator, month, day_number, hour, minute, second, utc, sign, *away = match.groups()
    try:
        day = date(int(year), int(month), int(day_number))
        at = time(int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    hours, minutes = (int(number or 0) for number in away)
    if day < EARLIEST or hours > MOST_HOURS_AWAY or minutes > 59:
        return None
    if utc or sign:
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
        return _in_hong_kong(datetime.combine(day, at, timezone(offset)))
    return day


def _in_hong_kong(moment: datetime) -> date | None:
    try:
        day = moment.astimezone(CALENDAR).date()
    except OverflowError:
        return None
    return day if day >= EARLIEST else None


def today(now: datetime) -> date:
    """The day it is in Hong Kong."""
    return now.astimezone(CALENDAR).date()


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule, as far as it says how long. `label` names it to people."""

    classes: frozenset[str]
    event_source: str
    event_name: str
    period: str
    label: str = ""

    @property
    def readable_period(self) -> Period | None:
        """The period, or None where the rule cannot be read: an unreadable rule blocks."""
        known = self.event_source in ("exif", "file_date") or (
            self.event_source == "attribute" and self.event_name != ""
        )
        return parse_period(self.period) if known else None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule asks of a file. `date_taken` is EXIF's; `modified_ns` counts from 1970, UTC."""

    attributes: Mapping[str, object]
    date_taken: str = ""
    modified_ns: int = 0

    def day_of(self, rule: Rule) -> date | None:
        """The day of the event with which the rule's period begins; None where it is missing."""
        match rule.event_source:
            case "attribute":
                value = self.attributes.get(rule.event_name)
                return parse_day(value) if isinstance(value, str) else None
            case "exif":
                return _by_clock(parse_day(self.date_taken))
            case "file_date":
                moment = datetime(1970, 1, 1, tzinfo=UTC)
                return _by_clock(
                    _in_hong_kong(moment + timedelta(microseconds=self.modified_ns // 1000))
                )
            case _:
                return None


def _by_clock(day: date | None) -> date | None:
    return day if day is not None and day >= CLOCK_WAS_SET else None


@dataclass(frozen=True, slots=True)
class Scheme:
    """Of which class a library's files are: all of `record_class`, or by an attribute's value."""

    record_class: str = ""
    class_attribute: str = ""
    class_values: Mapping[str, str] = field(default_factory=dict)

    def class_of(self, attributes: Mapping[str, object]) -> str | None:
        """The file's class; None where it is unknown, which blocks."""
        if not self.class_attribute:
            return self.record_class or None
        value = attributes.get(self.class_attribute)
        return (self.class_values.get(value) or None) if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Kept:
    """Until when a file is kept (the last day), and by which rule; or why nobody can say."""

    until: date | None
    problem: Problem | None
    by: Rule | None = None

    def blocks(self, day: date) -> bool:
        """Whether nothing may be done to the file on `day`."""
        return self.problem is not None or self.until is None or self.until >= day


def retained_until(facts: Facts, scheme: Scheme | None, rules: Iterable[Rule]) -> Kept:
    """How long the file must be kept under the rules in force.

    scheme: of the file's library; None where nobody has classed it.
    """
    record_class = scheme.class_of(facts.attributes) if scheme else None
    if record_class is None:
        return Kept(None, Problem.UNKNOWN_CLASS)
    applying = [rule for rule in rules if record_class in rule.classes]
    if not applying:
        return Kept(None, Problem.NO_RULE)
    ends: list[tuple[date, Rule]] = []
    unreadable = False
    for rule in applying:
        period, day = rule.readable_period, facts.day_of(rule)
        unreadable = unreadable or period is None
        if period is not None and day is not None:
            ends.append((period.last_day(day), rule))
    if unreadable:
        return Kept(None, Problem.UNREADABLE_RULE)
    if len(ends) < len(applying):
        return Kept(None, Problem.MISSING_DATE)
    until, by = max(ends, key=lambda end: end[0])
    return Kept(until, None, by)


def is_shortening(before: Rule | None, after: Rule | None, others: Iterable[Rule]) -> bool:
    """Whether a change of a rule could free a file, now or later: then it takes two people.

    before, after: the rule; None where it does not apply yet, or not any more.
    others: the other rules that apply. A class that no rule names blocks, so that the first rule
    for a class frees, and so does a date or period that could not be read before.
    """
    if after is None:
        return before is not None
    covered = {name for rule in others for name in rule.classes}
    if before is None:
        return not after.classes <= covered
    if not after.classes <= covered | before.classes or not before.classes <= after.classes:
        return True
    if (before.event_source, before.event_name) != (after.event_source, after.event_name):
        return True
    old, new = before.readable_period, after.readable_period
    if new is None:
        return False  # blocks everything that it applies to
    return old is None or not new.is_never_shorter_than(old)
