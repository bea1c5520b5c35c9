"""Which pairs are judged twice: by lot, always the same ones, and foreseeable for nobody."""

from itertools import pairwise
from typing import Any

import pytest

from review.models import SecondReviewRule
from review.services.quality_rules import chooses, of_pair, place_of
from scanning.models import CandidatePair, Library, Picture
from tests.conftest import MakePair
from tests.review.quality.conftest import SetRule

SHARES = (1, 10, 50, 99, 100)


def pair_of(number: int) -> CandidatePair:
    left, right = (
        Picture(sha256=bytes([side]) + number.to_bytes(31, "big"), page=0) for side in (0, 1)
    )
    return CandidatePair(left=left, right=right)


def chosen(percent: int, library: int = 1, pairs: int = 400) -> set[int]:
    rule = SecondReviewRule(library_id=library, percent=percent)
    return {number for number in range(pairs) if chooses(rule, pair_of(number))}


def test_a_pair_keeps_its_place() -> None:
    assert place_of(pair_of(7), 1) == place_of(pair_of(7), 1)
    assert 0 <= place_of(pair_of(7), 1) < 100


def test_a_larger_share_has_every_pair_of_a_smaller_one() -> None:
    shares = [chosen(percent) for percent in SHARES]
    assert all(less <= more for less, more in pairwise(shares))
    assert shares[-1] == set(range(400))


def test_a_share_is_about_as_large_as_it_says() -> None:
    # Ten standard deviations to either side, whatever key the tests run with.
    assert 100 < len(chosen(50)) < 300
    assert chosen(0) == set()


def test_libraries_draw_for_themselves() -> None:
    assert chosen(50, library=1) != chosen(50, library=2)


def test_without_the_key_of_the_site_nobody_can_tell(settings: Any) -> None:
    before = chosen(50)
    settings.SECRET_KEY = "another key, of another site"
    assert chosen(50) != before


@pytest.mark.django_db
def test_the_strictest_of_its_libraries_counts(
    library: Library, set_rule: SetRule, make_pair: MakePair
) -> None:
    pair = make_pair()
    assert of_pair(pair) is None
    rule = set_rule("everything")
    assert of_pair(pair) == rule
    set_rule("off")
    assert of_pair(pair) is None
