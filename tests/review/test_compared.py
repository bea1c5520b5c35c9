"""What the comparison found, in words."""

import pytest

from review.compared import SENTENCES, Region, regions, sentence, transform_words
from scanning.engine import evidence
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
