"""Agreement, shares and thresholds as numbers."""

from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.quality.statistics import Band, agreement, thresholds, wilson

VERDICTS = st.lists(st.tuples(st.sampled_from("dn"), st.sampled_from("dn")), max_size=60)


def table(both: int, only_first: int, only_second: int, neither: int) -> list[tuple[str, str]]:
    return (
        [("d", "d")] * both
        + [("d", "n")] * only_first
        + [("n", "d")] * only_second
        + [("n", "n")] * neither
    )


def test_wilson_as_in_the_textbooks() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    found = wilson(81, 263)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    found = wilson(15, 148)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)
    found = wilson(0, 20)
    assert found is not None
    assert (found.low, round(found.high, 4)) == (0.0, 0.1611)
    found = wilson(1, 29)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.0061, 0.1718)


def test_a_share_of_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("hits", "count"), [(-1, 3), (4, 3)])
def test_more_hits_than_tries_are_refused(hits: int, count: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(hits, count)


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_share_lies_within_its_interval(hits: int, misses: int) -> None:
    found = wilson(hits, hits + misses)
    if hits + misses == 0:
        assert found is None
        return
    assert found is not None
    assert 0 <= found.low <= hits / (hits + misses) <= found.high <= 1


@given(st.integers(0, 200), st.integers(1, 200))
def test_hits_and_misses_mirror_each_other(hits: int, misses: int) -> None:
    one, other = wilson(hits, hits + misses), wilson(misses, hits + misses)
    assert one is not None
    assert other is not None
    assert isclose(one.low, 1 - other.high, abs_tol=1e-9)
    assert isclose(one.high, 1 - other.low, abs_tol=1e-9)


def test_kappa_of_a_worked_table() -> None:
    # 20 both, 5 only the first, 10 only the second, 15 neither: 0.7 observed, 0.5 by chance.
    found = agreement(table(20, 5, 10, 15))
    assert (found.pairs, found.equal, found.share) == (50, 35, 0.7)
    assert found.kappa is not None
    assert isclose(found.kappa, 0.4)
    # Its error is 0.1270, as the delta method gives it too.
    assert found.interval is not None
    assert (round(found.interval.low, 3), round(found.interval.high, 3)) == (0.151, 0.649)


def test_nothing_judged_twice() -> None:
    assert agreement([]) == (0, 0, None, None, None, None)


def test_only_ever_one_verdict_leaves_kappa_undefined() -> None:
    found = agreement(table(12, 0, 0, 0))
    assert (found.pairs, found.equal, found.share) == (12, 12, 1.0)
    assert (found.kappa, found.interval) == (None, None)


def test_each_always_says_the_opposite() -> None:
    found = agreement(table(0, 10, 10, 0))
    assert (found.share, found.kappa) == (0.0, -1.0)


def test_one_says_always_the_same_and_the_other_does_not() -> None:
    found = agreement(table(9, 1, 0, 0))
    assert (found.share, found.kappa) == (0.9, 0.0)


def test_two_equal_answers_promise_no_certainty() -> None:
    found = agreement(table(1, 0, 0, 1))
    assert found.kappa == 1.0
    assert found.interval is not None
    assert found.interval.low < 0
    assert found.interval.high == 1.0


@given(VERDICTS)
def test_kappa_lies_within_its_bounds(verdicts: list[tuple[str, str]]) -> None:
    found = agreement(verdicts)
    if found.kappa is None:
        assert len(set(verdicts)) <= 1
        assert found.interval is None
        return
    assert found.interval is not None
    assert -1 <= found.kappa <= 1
    assert found.interval.low - 1e-9 <= found.kappa <= found.interval.high + 1e-9


@given(VERDICTS, st.randoms(use_true_random=False))
def test_neither_order_nor_side_nor_names_matter(
    verdicts: list[tuple[str, str]], chance: object
) -> None:
    found = agreement(verdicts)
    renamed = agreement(sorted(({"d": 1, "n": 2}[b], {"d": 1, "n": 2}[a]) for a, b in verdicts))
    assert (found.pairs, found.equal, found.share) == renamed[:3]
    assert (found.kappa is None) == (renamed.kappa is None)
    if found.kappa is not None and renamed.kappa is not None:
        assert isclose(found.kappa, renamed.kappa, abs_tol=1e-9)
    if found.interval is not None and renamed.interval is not None:
        assert isclose(found.interval.low, renamed.interval.low, abs_tol=1e-9)


@given(st.integers(1, 50), st.integers(1, 50))
def test_full_agreement_on_two_verdicts_is_kappa_one(both: int, neither: int) -> None:
    found = agreement(table(both, 0, 0, neither))
    assert found.kappa is not None
    assert isclose(found.kappa, 1)
    assert found.share_interval is not None
    assert found.share_interval.high == 1.0


BANDS = [Band(900, 100, 45, 5), Band(800, 200, 10, 10), Band(400, 1000, 1, 99), Band(0, 50, 0, 0)]


def test_what_other_thresholds_would_cost() -> None:
    lines = thresholds(BANDS, 9.0)
    assert [(line.score, line.pairs, line.hours) for line in lines] == [
        (900, 100, 0.25),
        (800, 300, 0.75),
        (400, 1300, 3.25),
        (0, 1350, 3.375),
    ]
    # 90 of the first band, 100 of the second, 10 of the third; nothing is known of the last.
    assert [round(line.found, 6) for line in lines] == [90, 190, 200, 200]
    assert [round(line.missed, 6) for line in lines] == [110, 10, 0, 0]
    assert {line.unknown for line in lines} == {50}


def test_without_a_measured_speed_there_are_no_hours() -> None:
    assert [line.hours for line in thresholds(BANDS, None)] == [None] * 4


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500)), max_size=10)
)
def test_a_lower_threshold_never_finds_less_nor_costs_less(
    rows: list[tuple[int, int, int]],
) -> None:
    bands = [
        Band(low * 100, found + others + left, found, others)
        for low, (found, others, left) in enumerate(rows)
    ]
    lines = thresholds(bands, 10.0)
    for higher, lower in pairwise(lines):
        assert higher.score > lower.score
        assert higher.pairs <= lower.pairs
        assert higher.found <= lower.found + 1e-9
        assert lower.missed <= higher.missed + 1e-9
