"""What the comparison found, in words."""

import pytest

from review.compared import (
    SENTENCES,
    Placement,
    Region,
    other_regions,
    placement,
    regions,
    sentence,
    transform_words,
)
from scanning.engine.comparison import evidence
from scanning.models import CandidatePair


def test_every_reason_of_the_engine_has_a_sentence() -> None:
    assert SENTENCES.keys() == evidence.SENTENCES.keys()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", ""),
        ("same", ""),
        ("mirror crop=0.81", "mirrored, then cropped to 81 %"),
        ("turn=90 skew=0.7", "turned by 90°, then skewed by 0.7°"),
        ("inside=0.64", "placed in 64 % of a larger picture"),
        ("scale=0.50", "scaled to 50 %"),
        ("something=new", ""),
    ],
)
def test_transforms_are_told_in_order(code: str, words: str) -> None:
    assert transform_words(code) == words


def test_a_pair_that_was_not_compared_has_no_sentence_and_no_boxes() -> None:
    pair = CandidatePair(evidence={"near_radius": 64})
    assert (sentence(pair), regions(pair)) == ("", [])


def test_boxes_are_thousandths_of_the_left_picture() -> None:
    pair = CandidatePair(
        evidence={"comparison": {"reason": "field_changed", "regions": [[100, 200, 50, 25]]}}
    )
    assert sentence(pair) == "Filled in alike except in a few places: look at the boxes."
    assert regions(pair) == [Region(left=100, top=200, width=50, height=25)]


def test_the_placement_is_told_in_shares_of_both_pictures() -> None:
    millionths = [-1_000_000, 0, 1_000_000, 0, 500_000, 250_000]
    pair = CandidatePair(
        evidence={"comparison": {"other_regions": [[1, 2, 3, 4]], "placement": millionths}}
    )
    assert placement(pair) == Placement(a=-1, b=0, c=1, d=0, e=0.5, f=0.25)
    assert other_regions(pair) == [Region(left=1, top=2, width=3, height=4)]


@pytest.mark.parametrize("evidence", [{}, {"comparison": {"placement": []}}])
def test_a_pair_that_was_not_laid_together_has_no_placement(evidence: dict[str, object]) -> None:
    pair = CandidatePair(evidence=evidence)
    assert (placement(pair), other_regions(pair)) == (None, [])
