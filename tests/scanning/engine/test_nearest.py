"""Of a dense neighbourhood, each picture keeps its nearest candidates."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scanning.engine.candidates import Candidates
from scanning.engine.join import near_pairs
from scanning.engine.nearest import NEIGHBOURS, RELATIVES, nearest, thinned
from scanning.engine.signatures import Signatures


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


def test_a_family_keeps_each_ones_nearest_and_loses_the_rest() -> None:
    random = np.random.default_rng(1)
    template = random.integers(0, 2**63, 4, dtype=np.uint64)
    whole = np.tile(template, (60, 1))
    for row in range(60):
        for bit in random.choice(256, 12, replace=False):
            whole[row, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    rasters = random.integers(0, 256, (60, 48, 48), dtype=np.uint8)
    nothing = np.empty((0, 4), np.uint64)
    signatures = Signatures(
        whole, np.zeros((60, 7, 4), np.uint64), nothing, np.empty(0, np.int64), rasters
    )
    rows = near_pairs(whole, 64)
    assert len(rows) == 60 * 59 // 2
    found = thinned(candidates([tuple(row) for row in rows.tolist()]), signatures)
    assert 60 * RELATIVES // 2 <= len(found) < 60 * NEIGHBOURS // 2
    counts = np.bincount(np.concatenate([found.left, found.right]), minlength=60)
    assert counts.min() >= RELATIVES
