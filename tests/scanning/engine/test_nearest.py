"""Of a dense neighbourhood, each picture keeps its nearest candidates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanning.engine.search import nearest as engine
from scanning.engine.search.nearest import PER_FAMILY, Candidates, merged, nearest, outside


def candidates(rows: list[tuple[int, int, int]]) -> Candidates:
    """From (left, right, distance), all by the way `whole`."""
    left, right, distance = np.array(rows, np.int64).reshape(-1, 3).T
    return Candidates(left, right, distance, np.zeros(len(rows), np.int64))


def pairs(found: Candidates) -> list[tuple[int, int]]:
    return list(zip(found.left.tolist(), found.right.tolist(), strict=True))


def test_each_picture_keeps_its_nearest() -> None:
    found = candidates([(0, 1, 5), (0, 2, 1), (0, 3, 9), (1, 2, 7)])
    # 0-1 is the nearest of 1, 0-2 of 0 and of 2, 0-3 of 3; 1-2 is the second of both.
    assert pairs(nearest(found, 1)) == [(0, 1), (0, 2), (0, 3)]


def test_ties_go_to_the_earlier_picture() -> None:
    found = candidates([(0, 1, 5), (0, 2, 5), (1, 2, 5)])
    assert pairs(nearest(found, 1)) == [(0, 1), (0, 2)]


def test_nothing_is_near() -> None:
    assert pairs(nearest(candidates([]), 3)) == []


ROWS = st.dictionaries(
    st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda pair: pair[0] < pair[1]),
    st.integers(0, 64),
    max_size=60,
)


@given(rows=ROWS, count=st.integers(1, 5))
def test_agrees_with_the_plain_definition(rows: dict[tuple[int, int], int], count: int) -> None:
    wanted = set()
    for picture in range(13):
        own = [pair for pair in rows if picture in pair]
        own.sort(key=lambda pair: (rows[pair], sum(pair) - picture))
        wanted |= set(own[:count])
    listed = [(left, right, distance) for (left, right), distance in sorted(rows.items())]
    assert set(pairs(nearest(candidates(listed), count))) == wanted


LABELS = st.lists(st.integers(-1, 1), min_size=13, max_size=13)


@given(rows=ROWS, labels=LABELS, parts=st.lists(st.integers(0, 3), min_size=60, max_size=60))
def test_what_is_thinned_in_parts_is_thinned_the_same(
    rows: dict[tuple[int, int], int], labels: list[int], parts: list[int]
) -> None:
    """However the pairs are divided among shares, and whichever share a pair comes from."""
    family = np.array(labels, np.int32)
    listed = [(left, right, distance) for (left, right), distance in sorted(rows.items())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "NEIGHBOURS", 2)
        patch.setattr(engine, "PER_FAMILY", 1)
        whole = outside(candidates(listed), family)
        shares = [
            outside(
                candidates(
                    # Two shares may have a pair by different ways: one farther than the other.
                    [row for row, part in zip(listed, parts, strict=False) if part == share]
                    + [
                        (left, right, distance + 9)
                        for (left, right, distance), part in zip(listed, parts, strict=False)
                        if part == (share + 1) % 4
                    ]
                ),
                family,
            )
            for share in range(4)
        ]
        assert outside(merged(shares), family).rows.tolist() == whole.rows.tolist()


def test_between_a_picture_and_a_family_only_the_nearest_stay() -> None:
    family = np.array([0] * 20 + [-1], np.int32)
    found = outside(candidates([(row, 20, row) for row in range(20)]), family)
    assert pairs(found) == [(row, 20) for row in range(PER_FAMILY)]


def test_pairs_within_a_family_do_not_stay() -> None:
    family = np.array([0, 0, -1, -1], np.int32)
    assert pairs(outside(candidates([(0, 1, 3), (2, 3, 3)]), family)) == [(2, 3)]
