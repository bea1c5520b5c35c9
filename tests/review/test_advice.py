"""What speaks for each side of a pair, and when that is enough to say which to keep."""

from datetime import date
from typing import Any

import pytest

from review.advice import Advice, Keep, advise, candidates
from review.compared import Placement
from review.comparison import Side
from review.keeping import Candidate, Standing
from scanning.models import Picture, SourceFile

NOTHING = Advice([], [], None)
DAY_NS = 86_400 * 1_000_000_000


def candidate(
    *,
    width: int = 800,
    height: int = 600,
    changed: int = 0,
    standing: Standing | None = None,
    **metadata: str,
) -> Candidate:
    """A side with one file that was changed so many days after 1970."""
    one = side(width=width, height=height, changed=changed, **metadata)
    plain = Standing()
    return candidates((one, one), (standing or plain, plain), None)[0]


def side(*, width: int = 800, height: int = 600, changed: int = 0, **metadata: str) -> Side:
    picture = Picture(width=width, height=height, metadata=metadata)
    file = SourceFile(path="a.jpg", modified_ns=changed * DAY_NS)
    return Side(picture, [file], file)


HELD = Standing(is_held=True)
RECORD = Standing(is_record_copy=True)


def test_nothing_speaks_for_either_of_two_that_are_alike() -> None:
    found = advise(candidate(), candidate())
    assert found == NOTHING
    assert found.sentence == ""


@pytest.mark.parametrize(
    ("better", "worse", "word"),
    [
        ({"width": 1600, "height": 1200}, {}, "larger"),
        ({"jpeg_quality": "92"}, {"jpeg_quality": "75"}, "less compressed"),
        ({"date_taken": "2024:01:02 10:00:00"}, {"date_taken": "2025:01:02 10:00:00"}, "older"),
        ({"changed": 100}, {"changed": 102}, "older"),
        ({"camera_model": "X100"}, {}, "more metadata"),
        ({"standing": HELD}, {}, "on hold"),
        ({"standing": RECORD}, {}, "record copy"),
        (
            {"standing": Standing(kept_until=date(2040, 1, 1))},
            {"standing": Standing(kept_until=date(2030, 1, 1))},
            "kept longer",
        ),
    ],
)
def test_each_criterion_speaks_for_one_side(
    better: dict[str, Any], worse: dict[str, Any], word: str
) -> None:
    left, right = candidate(**better), candidate(**worse)
    assert advise(left, right) == Advice([word], [], Keep.LEFT)
    assert advise(right, left) == Advice([], [word], Keep.RIGHT)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"width": 801}, {"width": 800}),  # as good as the same size
        ({"jpeg_quality": "90"}, {"jpeg_quality": "88"}),
        ({"jpeg_quality": "90"}, {}),  # a PNG, which may have been made of a JPEG
        ({"date_taken": "2024:01:02 10:00:00"}, {"date_taken": "2024:01:02 11:00:00"}),
        ({"camera_model": "X100"}, {"gps": "22.3, 114.2"}),  # each knows something else
        ({"standing": Standing(kept_until=date(2040, 1, 1))}, {}),  # unknown is not shorter
    ],
)
def test_what_says_little_says_nothing(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert advise(candidate(**left), candidate(**right)) == NOTHING


def test_advice_where_all_agree() -> None:
    found = advise(candidate(width=1600, changed=1), candidate(changed=9))
    assert found == Advice(["larger", "older"], [], Keep.LEFT)
    assert found.sentence == (
        "If they are duplicates, keep the left one: larger, older."
        " Nothing speaks for the other one."
    )


def test_no_advice_where_they_do_not_agree() -> None:
    found = advise(candidate(width=1600), candidate(camera_model="X100"))
    assert found == Advice(["larger"], ["more metadata"], None)
    assert found.sentence == (
        "No advice on which to keep. For the left one: larger. For the right one: more metadata."
    )


def test_record_status_comes_before_pixels() -> None:
    found = advise(candidate(width=1600, jpeg_quality="95"), candidate(standing=HELD))
    assert found == Advice(["larger"], ["on hold"], Keep.RIGHT)
    assert found.sentence == (
        "If they are duplicates, keep the right one: on hold. For the left one: larger."
    )


def test_no_advice_where_records_do_not_agree() -> None:
    found = advise(candidate(standing=RECORD), candidate(standing=HELD, width=1600))
    assert found == Advice(["record copy"], ["on hold", "larger"], None)


def test_two_that_are_held_both_stay() -> None:
    found = advise(candidate(standing=HELD, width=1600), candidate(standing=HELD))
    assert found == Advice(["larger"], [], Keep.BOTH)
    assert found.sentence == "Both are on hold: nothing may happen to either."


def test_a_library_may_have_an_order_of_its_own() -> None:
    """Only age counts, and then size."""
    left = candidate(changed=1, jpeg_quality="50")
    right = candidate(width=1600, changed=9, jpeg_quality="95")
    assert advise(left, right, ["older", "larger"]) == Advice(["older"], ["larger"], None)
    assert advise(left, right, ["older"]) == Advice(["older"], [], Keep.LEFT)
    assert advise(left, right, ["larger"]) == Advice([], ["larger"], Keep.RIGHT)


def test_a_border_makes_no_picture_larger() -> None:
    """The left picture fills the middle quarter of the right one: 400 × 300 of its pixels."""
    sides = (side(width=400, height=300), side(width=800, height=600))
    known = Placement(0.5, 0, 0.25, 0, 0.5, 0.25)
    plain = (Standing(), Standing())
    assert advise(*candidates(sides, plain, known)) == NOTHING
    assert advise(*candidates(sides, plain, None)) == Advice([], ["larger"], Keep.RIGHT)
