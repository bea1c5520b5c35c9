"""The keep rule on any number of duplicates: record status first, then the library's order."""

from datetime import date

import pytest

from review.keeping import Candidate, Choice, Standing, choose, criteria, is_record_copy

SMALL = Candidate(pixels=100)
LARGE = Candidate(pixels=400)


def test_the_largest_of_three() -> None:
    assert choose([SMALL, LARGE, SMALL]) == Choice(1, "larger")


def test_what_one_criterion_leaves_the_next_one_sees() -> None:
    """Two are as large as each other; the better compressed of the two stays."""
    them = [
        Candidate(pixels=100, quality=99),
        Candidate(pixels=400, quality=70),
        Candidate(pixels=399, quality=90),
    ]
    assert choose(them) == Choice(2, "less_compressed")


def test_the_order_of_the_library_counts() -> None:
    them = [Candidate(pixels=400, taken_on="2025:01:01"), Candidate(taken_on="2020:01:01")]
    assert choose(them, ("larger", "older")) == Choice(0, "larger")
    assert choose(them, ("older", "larger")) == Choice(1, "older")


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing(is_held=True), "held"),
        (Standing(is_record_copy=True), "record_copy"),
        (Standing(kept_until=date(2040, 1, 1)), "retention"),
    ],
)
def test_record_status_comes_before_all_that_can_be_seen(standing: Standing, code: str) -> None:
    large = Candidate(Standing(kept_until=date(2030, 1, 1)), pixels=400)
    small = Candidate(
        Standing(standing.is_held, standing.is_record_copy, standing.kept_until or date(2030, 1, 1))
    )
    assert choose([large, small]) == Choice(1, code)


def test_of_equals_the_first_one() -> None:
    assert choose([SMALL, SMALL]) == Choice(0, "first")


def test_a_criterion_decides_only_where_it_leaves_one() -> None:
    assert choose([SMALL, LARGE, LARGE]) == Choice(1, "first")


def test_one_that_knows_more_than_another_one() -> None:
    none = Candidate(pixels=100, known=frozenset())
    camera = Candidate(pixels=100, known=frozenset({"camera_model"}))
    both = Candidate(pixels=100, known=frozenset({"camera_model", "gps"}))
    other = Candidate(pixels=100, known=frozenset({"artist"}))
    assert choose([none, camera, both]) == Choice(2, "more_metadata")
    assert choose([none, both, other]) == Choice(1, "first")


def test_nothing_to_choose_from() -> None:
    with pytest.raises(ValueError, match="Nothing to choose from"):
        choose([])


def test_codes_that_nobody_knows_are_left_out() -> None:
    codes = [criterion.code for criterion in criteria(["sharper", "older"])]
    assert codes == ["held", "record_copy", "retention", "older"]


def test_the_record_copy_is_named_by_an_attribute() -> None:
    assert is_record_copy({"record_copy": "Yes"})
    assert not is_record_copy({"record_copy": "no"})
    assert not is_record_copy({})
