"""The order of the queue, page by page."""

import pytest

from review import paging
from review.paging import TIERS, Position
from scanning.models import CandidatePair
from tests.conftest import MakePair

pytestmark = pytest.mark.django_db


def test_pages_follow_each_other_without_gap_or_repetition(make_pair: MakePair) -> None:
    scores = [900, 900, 950, 700, 900]
    for number, score in enumerate(scores):
        make_pair(f"l{number}", f"r{number}", score=score)
    make_pair("same", "same", tier="identical", score=1000)
    make_pair("p", "q", tier="lookalike", score=999)
    every = paging.first(CandidatePair.objects.all(), TIERS, 100)

    pages: list[CandidatePair] = []
    after = None
    while page := paging.first(CandidatePair.objects.all(), TIERS, 2, after):
        pages += page
        after = Position.of(page[-1])

    assert pages == every
    assert [(pair.tier, pair.score) for pair in every] == [
        ("identical", 1000),
        ("near", 950),
        ("near", 900),
        ("near", 900),
        ("near", 900),
        ("near", 700),
        ("lookalike", 999),
    ]


def test_only_the_tiers_asked_for(make_pair: MakePair) -> None:
    make_pair("a", "b")
    lookalike = make_pair("c", "d", tier="lookalike")

    assert paging.first(CandidatePair.objects.all(), ["lookalike"], 10) == [lookalike]
    assert paging.first(CandidatePair.objects.all(), [], 10) == []


@pytest.mark.parametrize(
    "text", ["", "near", "near.1", "near.x.1", "far.1.1", "near.1.1.1", "near.².1"]
)
def test_a_position_that_makes_no_sense_is_none(text: str) -> None:
    assert Position.parse(text) is None


def test_a_position_is_read_as_it_was_written() -> None:
    position = Position("near", 900, 12)

    assert Position.parse(str(position)) == position
