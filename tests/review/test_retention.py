"""How long a file must be kept: the pure rules."""

from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.records.retention import (
    FOR_GOOD,
    Facts,
    Kept,
    Period,
    Problem,
    Rule,
    Scheme,
    is_shortening,
    parse_day,
    parse_period,
    retained_until,
    today,
)

ALL = Scheme(record_class="kyc")
DATES = st.dates(date(1900, 1, 1), date(2200, 12, 31))


def rule(period: str = "P7Y", *classes: str, source: str = "attribute", name: str = "end") -> Rule:
    return Rule(frozenset(classes or ("kyc",)), source, name, period, f"{period} {source}")


def until(start: str, *rules: Rule) -> Kept:
    return retained_until(Facts({"end": start}), ALL, rules)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P7Y", Period(84, 0)),
        ("P1Y6M", Period(18, 0)),
        ("P90D", Period(0, 90)),
        ("P2W", Period(0, 14)),
        ("P1Y2M3W4D", Period(14, 25)),
        ("P0D", Period(0, 0)),
        *(
            (wrong, None)
            for wrong in ("", "P", "7Y", "P7", "PT1H", "P1.5Y", "P-1Y", "p7y", "P1D1Y")
        ),
        *(
            (wrong, None)
            for wrong in ("P7Y ", "P\N{ARABIC-INDIC DIGIT SEVEN}Y", "P12345Y", "P7Y\n")
        ),
    ],
)
def test_periods(text: str, period: Period | None) -> None:
    assert parse_period(text) == period


@pytest.mark.parametrize(
    ("start", "period", "last"),
    [
        ("2019-03-15", "P5Y", date(2024, 3, 15)),
        ("2020-02-29", "P5Y", date(2025, 2, 28)),
        ("2020-02-29", "P4Y", date(2024, 2, 29)),
        ("2019-02-28", "P1Y", date(2020, 2, 28)),
        ("2024-01-31", "P1M", date(2024, 2, 29)),
        ("2023-12-31", "P2M", date(2024, 2, 29)),
        ("2024-01-31", "P1M1D", date(2024, 3, 1)),
        ("2023-12-31", "P1D", date(2024, 1, 1)),
        ("2023-12-31", "P9999Y", FOR_GOOD),
        ("9999-12-31", "P1D", FOR_GOOD),
    ],
)
def test_the_calendar(start: str, period: str, last: date) -> None:
    assert until(start, rule(period)) == Kept(last, None, rule(period))


def test_a_file_is_kept_through_its_last_day() -> None:
    kept = until("2019-03-15", rule("P5Y"))

    assert kept.blocks(date(2024, 3, 15))
    assert not kept.blocks(date(2024, 3, 16))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-12-31", date(2020, 12, 31)),
        (" 20201231 ", date(2020, 12, 31)),
        ("2020/12/31", date(2020, 12, 31)),
        ("2020:12:31 23:59:59", date(2020, 12, 31)),
        # Midnight in Hong Kong is 16:00 UTC the day before.
        ("2020-12-31T15:59:59Z", date(2020, 12, 31)),
        ("2020-12-31T16:00:00Z", date(2021, 1, 1)),
        ("2020-12-31T23:30:00.123+09:00", date(2020, 12, 31)),
        ("2021-01-01T00:30+0900", date(2020, 12, 31)),
        *((wrong, None) for wrong in ("", "2020-02-30", "31/12/2020", "2020-12/31", "soon")),
        *((wrong, None) for wrong in ("2020-12", "0000-01-01", "2020-12-31T24:00", "1666-09-02")),
    ],
)
def test_days(text: str, day: date | None) -> None:
    assert parse_day(text) == day


def test_the_day_changes_at_midnight_in_hong_kong() -> None:
    assert today(datetime(2024, 3, 15, 15, 59, tzinfo=UTC)) == date(2024, 3, 15)
    assert today(datetime(2024, 3, 15, 16, 0, tzinfo=UTC)) == date(2024, 3, 16)


def test_the_date_of_the_file_is_the_day_in_hong_kong() -> None:
    new_year = datetime(2020, 12, 31, 16, 0, tzinfo=UTC)
    of_file = rule("P1Y", source="file_date")

    facts = Facts({}, modified_ns=int(new_year.timestamp()) * 10**9)
    before = Facts({}, modified_ns=int(new_year.timestamp()) * 10**9 - 1)

    assert retained_until(facts, ALL, [of_file]).until == date(2022, 1, 1)
    assert retained_until(before, ALL, [of_file]).until == date(2021, 12, 31)


def test_a_clock_that_was_never_set_gives_no_date() -> None:
    for source, facts in (
        ("file_date", Facts({}, modified_ns=0)),
        ("file_date", Facts({}, modified_ns=315_532_800 * 10**9)),  # 1980-01-01, as in a zip file
        ("exif", Facts({}, date_taken="1980-01-01 00:00:00")),
        ("exif", Facts({}, date_taken="0000-00-00 00:00:00")),
        ("exif", Facts({})),
    ):
        kept = retained_until(facts, ALL, [rule("P1Y", source=source)])
        assert kept.problem is Problem.MISSING_DATE


def test_exif() -> None:
    facts = Facts({}, date_taken="2021-05-06 12:00:00")
    assert retained_until(facts, ALL, [rule("P1Y", source="exif")]).until == date(2022, 5, 6)


def test_whatever_is_not_known_blocks() -> None:
    dated = Facts({"end": "2000-01-01"})
    cases: tuple[tuple[Facts, Scheme | None, list[Rule], Problem], ...] = (
        (dated, None, [rule()], Problem.UNKNOWN_CLASS),
        (dated, Scheme(), [rule()], Problem.UNKNOWN_CLASS),
        (dated, Scheme(class_attribute="kind", class_values={"a": "kyc"}), [rule()],
         Problem.UNKNOWN_CLASS),
        (dated, ALL, [], Problem.NO_RULE),
        (dated, ALL, [rule("P7Y", "other")], Problem.NO_RULE),
        (dated, ALL, [rule(), rule("seven years")], Problem.UNREADABLE_RULE),
        (dated, ALL, [rule(source="phase of the moon")], Problem.UNREADABLE_RULE),
        (dated, ALL, [rule(name="")], Problem.UNREADABLE_RULE),
        (Facts({}), ALL, [rule()], Problem.MISSING_DATE),
        (Facts({"end": 20200101}), ALL, [rule()], Problem.MISSING_DATE),
        (dated, ALL, [rule(), rule(name="start")], Problem.MISSING_DATE),
    )  # fmt: skip
    for facts, scheme, rules, problem in cases:
        kept = retained_until(facts, scheme, rules)
        assert kept.problem is problem
        assert kept.blocks(date(2999, 1, 1))


def test_a_class_by_attribute() -> None:
    scheme = Scheme(class_attribute="kind", class_values={"passport": "kyc", "receipt": "tax"})
    rules = [rule("P5Y", "kyc"), rule("P7Y", "tax")]

    for kind, last in (("passport", date(2025, 1, 1)), ("receipt", date(2027, 1, 1))):
        facts = Facts({"kind": kind, "end": "2020-01-01"})
        assert retained_until(facts, scheme, rules).until == last


PERIODS = ["P5Y", "P7Y", "P84M", "P1Y6M", "P1826D", "P260W", "P0D", "P9999Y"]


@pytest.mark.parametrize(("one", "other"), list(permutations(PERIODS, 2)))
@pytest.mark.parametrize("start", ["2020-02-29", "2019-03-15", "2023-12-31"])
def test_the_longer_of_two_wins_whichever_comes_first(one: str, other: str, start: str) -> None:
    first, second = rule(one), rule(other)

    both = until(start, first, second)

    assert both.until == max(until(start, first).until, until(start, second).until)  # type: ignore[type-var]  # dates
    assert both.until == until(start, second, first).until
    assert both.until == until(start, both.by or first).until


@given(start=DATES, years=st.integers(0, 50), days=st.integers(0, 800))
def test_a_longer_period_never_ends_earlier(start: date, years: int, days: int) -> None:
    short = Period(years * 12, days)
    for longer in (Period(years * 12 + 1, days), Period(years * 12, days + 1)):
        assert longer.is_never_shorter_than(short)
        assert longer.last_day(start) >= short.last_day(start) >= start


@given(starts=st.lists(DATES, min_size=1, max_size=4), period=st.sampled_from(PERIODS))
def test_one_more_rule_never_frees(starts: list[date], period: str) -> None:
    facts = Facts({f"d{number}": day.isoformat() for number, day in enumerate(starts)})
    rules = [rule(period, name=f"d{number}") for number in range(len(starts))]
    longest = date.min
    for number in range(1, len(rules) + 1):
        kept = retained_until(facts, ALL, rules[:number])
        assert kept.until is not None
        assert kept.until >= longest
        longest = kept.until


@pytest.mark.parametrize(
    ("before", "after", "others", "answer"),
    [
        (rule("P7Y"), rule("P5Y"), [], True),
        (rule("P5Y"), rule("P7Y"), [], False),
        (rule("P7Y"), rule("P84M"), [], False),
        (rule("P1Y"), rule("P365D"), [], True),  # shorter in a leap year
        (rule("P7Y"), None, [], True),
        (rule("P7Y"), None, [rule("P9Y")], True),
        (None, rule("P7Y"), [], True),  # nothing was free while the class had no rule
        (None, rule("P1D"), [rule("P7Y")], False),
        (rule("P7Y"), rule("P7Y", name="start"), [], True),
        (rule("P7Y"), rule("P7Y", source="exif"), [], True),
        (rule("P7Y", "a", "b"), rule("P7Y", "a"), [], True),
        (rule("P7Y", "a"), rule("P7Y", "a", "b"), [], True),
        (rule("P7Y", "a"), rule("P7Y", "a", "b"), [rule("P1D", "b")], False),
        (rule("for good"), rule("P99Y"), [], True),  # an unreadable rule blocked
        (rule("P7Y"), rule("for good"), [], False),
        (rule("P7Y"), rule("P7Y"), [], False),
        (None, None, [], False),
    ],
)
def test_what_takes_two_people(
    before: Rule | None, after: Rule | None, others: list[Rule], answer: bool
) -> None:
    assert is_shortening(before, after, others) is answer


@given(
    start=DATES,
    before=st.sampled_from(PERIODS),
    after=st.sampled_from(PERIODS),
    other=st.sampled_from([None, *PERIODS]),
)
def test_what_one_person_may_change_frees_nothing(
    start: date, before: str, after: str, other: str | None
) -> None:
    others = [rule(other)] if other else []
    if is_shortening(rule(before), rule(after), others):
        return
    old = until(start.isoformat(), rule(before), *others)
    new = until(start.isoformat(), rule(after), *others)
    assert old.until is not None
    assert new.blocks(old.until)
