"""Advice on which picture of a group to keep, only where the criteria of its library agree."""

from review.grouping.group_advice import advice
from scanning.models import Picture


def picture(pk: int, width: int = 800, height: int = 600, byte_size: int = 1000) -> Picture:
    return Picture(pk=pk, width=width, height=height, byte_size=byte_size)


def test_the_largest() -> None:
    told = advice([picture(1), picture(2, width=1600), picture(3, width=1599)], set())

    assert told.picture is None
    assert advice([picture(1), picture(2, width=1600)], set()).picture == 2


def test_the_rule_says_what_counts() -> None:
    pictures = [picture(1, width=1600), picture(2, byte_size=9000)]

    assert advice(pictures, set()).picture == 1
    assert advice(pictures, set(), ["larger_file", "larger"]).picture is None
    told = advice(pictures, set(), ["larger_file"])
    assert told.picture == 2
    assert told.sentence == "The keep rule chooses it: more bytes."


def test_no_advice_where_all_are_equal() -> None:
    told = advice([picture(1), picture(2)], set())

    assert told.picture is None
    assert told.sentence == "No advice: no picture is the best by all that the rule looks at."


def test_a_hold_comes_before_size() -> None:
    pictures = [picture(1), picture(2, width=1600, byte_size=9000)]

    assert advice(pictures, {1}).picture == 1
    told = advice(pictures, {1, 2})
    assert told.picture is None
    assert told.sentence == "Several of these pictures are on legal hold: all of them stay."


def test_nothing_to_keep() -> None:
    assert advice([], set()).picture is None
