"""Advice on which picture of a group to keep: only where the criteria agree."""

from review.grouping.group_advice import advice
from scanning.models import Picture


def picture(pk: int, width: int = 800, height: int = 600, byte_size: int = 1000) -> Picture:
    return Picture(pk=pk, width=width, height=height, byte_size=byte_size)


def test_the_largest_in_pixels_and_in_bytes() -> None:
    told = advice([picture(1), picture(2, width=1600, byte_size=9000)], set())

    assert told.picture == 2
    assert told.sentence == "It has the most pixels and is the largest file."


def test_no_advice_where_pixels_and_bytes_disagree() -> None:
    told = advice([picture(1, width=1600), picture(2, byte_size=9000)], set())

    assert told.picture is None
    assert "not the largest file" in told.sentence


def test_no_advice_where_all_are_equal() -> None:
    assert advice([picture(1), picture(2)], set()).picture is None


def test_a_hold_comes_before_size() -> None:
    pictures = [picture(1), picture(2, width=1600, byte_size=9000)]

    assert advice(pictures, {1}).picture == 1
    told = advice(pictures, {1, 2})
    assert told.picture is None
    assert told.sentence == "Several of these pictures are on legal hold: all of them stay."


def test_nothing_to_keep() -> None:
    assert advice([], set()).picture is None
