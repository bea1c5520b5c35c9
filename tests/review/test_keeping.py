"""Postgres counts retention as `review/records/retention.py` does."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.models import RetentionRuleVersion
from review.records.retention import (
    CALENDAR,
    FOR_GOOD,
    Facts,
    parse_day,
    parse_period,
    retained_until,
    today,
)
from review.records.rules_in_force import rules, schemes
from scanning.models import Library, Picture, SourceFile
from tests.review.records import file_is, make_file, make_rule, make_scheme

pytestmark = pytest.mark.django_db

TODAY = today(datetime.now(CALENDAR))  # only as an example of a day near the edge
MANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def asked(sql: str, *values: str | date) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", values)
        answer: object = cursor.fetchone()[0]
    return answer


def its_today() -> date:
    """The day in Hong Kong by the clock of the database, which stands still in a transaction."""
    day = asked("(now() AT TIME ZONE 'Asia/Hong_Kong')::date")
    assert isinstance(day, date)
    return day


MOMENTS = st.dates(date(1990, 1, 1), date(2090, 1, 1)).flatmap(
    lambda day: st.times().map(lambda at: datetime.combine(day, at))
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.datetimes().map(lambda moment: moment.strftime("%Y:%m:%d %H:%M:%S").zfill(19)),
    MOMENTS.map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}Z"),
    st.tuples(MOMENTS, st.integers(-14 * 60, 14 * 60)).map(
        lambda both: (
            f"{both[0]:%Y-%m-%dT%H:%M}{'-' if both[1] < 0 else '+'}"
            f"{abs(both[1]) // 60:02}:{abs(both[1]) % 60:02}"
        )
    ),
).filter(lambda text: "\0" not in text)


@given(text=TEXTS)
@MANY
def test_days(db: None, text: str) -> None:
    assert asked("review_day_of(%s)", text) == parse_day(text)


@given(
    start=st.dates(date(1800, 1, 1)),
    period=st.one_of(
        st.text("P0123456789YMWD", max_size=10),
        st.tuples(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 999)).map(
            lambda parts: f"P{parts[0]}Y{parts[1]}M{parts[2]}D"
        ),
    ),
)
@MANY
def test_last_days(db: None, start: date, period: str) -> None:
    parsed = parse_period(period)
    expected = min(parsed.last_day(start), FOR_GOOD) if parsed else None
    assert asked("review_last_day(%s, %s)", start, period) == expected


DAYS = st.sampled_from(
    [None, "soon", "2020-02-29", "2019-03-15T16:00:00Z", f"{TODAY:%Y-%m-%d}", "2090-01-01"]
)
RULES = st.lists(
    st.tuples(
        st.sampled_from(["P5Y", "P7Y", "P1M", "P0D", "for good"]),
        st.sampled_from(["attribute", "exif", "file_date", "moon"]),
        st.sampled_from(["event", "end", ""]),
        st.sets(st.sampled_from(["a", "b", "c"]), min_size=1),
        st.booleans(),
    ),
    max_size=4,
)


@given(
    wanted=RULES,
    by_attribute=st.sampled_from([None, "a", "b", ""]),
    kind=st.sampled_from([None, "x", "y"]),
    event=DAYS,
    end=DAYS,
    taken=DAYS,
    modified=st.sampled_from([0, 315_500_000, 1_600_000_000, 1_609_430_400, 1_609_430_399]),
)
@settings(parent=MANY, max_examples=80)
def test_files(
    library: Library,
    wanted: list[tuple[str, str, str, set[str], bool]],
    by_attribute: str | None,
    kind: str | None,
    event: str | None,
    end: str | None,
    taken: str | None,
    modified: int,
) -> None:
    with transaction.atomic():
        RetentionRuleVersion.objects.in_force()
        for number, (period, source, name, classes, is_retired) in enumerate(wanted):
            make_rule(
                f"rule-{number}",
                *sorted(classes),
                period=period,
                source=source,
                name=name,
                is_retired=is_retired,
            )
        if by_attribute is None:
            make_scheme(library, class_attribute="kind", class_values={"x": "a", "z": "b"})
        else:
            make_scheme(library, record_class=by_attribute)
        values = {"kind": kind, "event": event, "end": end}
        sha256 = b"\1" * 32
        file = make_file(
            library,
            "a.jpg",
            sha256,
            modified_ns=modified * 10**9,
            attributes={name: value for name, value in values.items() if value},
        )
        Picture.objects.create(
            sha256=sha256,
            byte_size=1,
            format="JPEG",
            mode="L",
            width=1,
            height=1,
            metadata={"date_taken": taken} if taken else {},
        )
        facts = Facts(file.attributes, taken or "", file.modified_ns)
        expected = retained_until(facts, schemes()[library.pk], rules())

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT problem, retained_until FROM review_retention_of(%s)", [[file.pk]]
            )
            problem, until = cursor.fetchone()

        assert problem == (expected.problem or "")
        assert expected.problem or until == expected.until
        assert file_is("review_file_is_retained", file) == expected.blocks(its_today())
        transaction.set_rollback(True)


def test_the_last_day_still_blocks(library: Library) -> None:
    make_rule("rule", "kyc", period="P1D")
    make_scheme(library, record_class="kyc")
    yesterday, before = its_today() - timedelta(days=1), its_today() - timedelta(days=2)
    last_day = make_file(library, "a", b"a" * 32, attributes={"event": yesterday.isoformat()})
    over = make_file(library, "b", b"b" * 32, attributes={"event": before.isoformat()})

    assert file_is("review_file_is_retained", last_day)
    assert not file_is("review_file_is_retained", over)
    assert not file_is("review_file_is_blocked", over)


def test_a_file_that_nobody_knows_is_blocked(db: None) -> None:
    assert file_is("review_file_is_retained", 4711)
    assert file_is("review_file_is_blocked", 4711)


def test_a_library_that_nobody_has_classed_is_blocked(library: Library) -> None:
    assert file_is("review_file_is_blocked", make_file(library, "a.jpg", b"\1" * 32))


def test_the_presets_stand_and_say_that_they_are_not_verified(db: None) -> None:
    presets = RetentionRuleVersion.objects.in_force().order_by("rule__code")

    assert [(preset.rule.code, preset.period) for preset in presets] == [
        ("amlo-cdd", "P5Y"),
        ("amlo-transactions", "P5Y"),
        ("iro-business-records", "P7Y"),
        ("no-duty", "P0D"),
    ]
    assert not any(preset.is_verified for preset in presets)
    assert all("Not verified" in preset.remark for preset in presets if preset.link)


def test_a_transaction_record_is_kept_seven_years_by_the_presets(library: Library) -> None:
    """AMLO asks for five years, the Inland Revenue Ordinance for seven: the longest wins."""
    make_scheme(library, record_class="transaction")
    file = make_file(library, "a.jpg", attributes={"transaction_date": "2019-03-15"})

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT retained_until, rule_version_id FROM review_retention_of(%s)", [[file.pk]]
        )
        until, version = cursor.fetchone()

    assert until == date(2026, 3, 15)
    assert RetentionRuleVersion.objects.get(pk=version).rule.code == "iro-business-records"
    assert SourceFile.objects.get().attributes == file.attributes
