"""The join finds every near pair and no other."""

from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scanning.engine import join
from scanning.engine.join import distinct, near_pairs, pack

Pairs = list[tuple[int, int, int]]


def brute_force(codes: list[int], radius: int, first_new: int) -> Pairs:
    return [
        (i, j, (codes[i] ^ codes[j]).bit_count())
        for i in range(len(codes))
        for j in range(max(i + 1, first_new), len(codes))
        if (codes[i] ^ codes[j]).bit_count() <= radius
    ]


def joined(codes: list[int], radius: int, first_new: int = 0) -> Pairs:
    packed = pack([code.to_bytes(32) for code in codes])
    pairs = near_pairs(packed, radius, first_new=first_new)
    return cast("Pairs", [tuple(row) for row in pairs.tolist()])


# Few patterns with a few flipped bits: neighbours and equal codes are common.
near_codes = st.lists(
    st.builds(
        lambda base, flips: base ^ sum({1 << flip for flip in flips}),
        st.sampled_from([0, 2**256 - 1, int("5" * 64, 16)]),
        st.lists(st.integers(0, 255), max_size=12),
    ),
    max_size=40,
)


# No deadline: the first example may have to compile.
@settings(deadline=None)
@given(near_codes, st.integers(0, 40), st.integers(0, 45))
def test_every_pair_is_found(codes: list[int], radius: int, first_new: int) -> None:
    assert joined(codes, radius, first_new) == brute_force(codes, radius, first_new)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**256 - 1), max_size=40), st.sampled_from([0, 110, 128, 256]))
def test_every_pair_of_random_codes_is_found(codes: list[int], radius: int) -> None:
    assert joined(codes, radius) == brute_force(codes, radius, 0)


def test_pairs_across_blocks_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    count = join.BLOCK + 500
    random = np.random.default_rng(1)
    codes = random.integers(0, 2**64, (count, 4), dtype=np.uint64)
    for i, j in ((0, count - 1), (0, 1), (5, join.BLOCK), (join.BLOCK, join.BLOCK + 1)):
        codes[j] = codes[i]
    codes[count - 2] = codes[7] ^ np.uint64(1)
    assert near_pairs(codes, 10).tolist() == [
        [0, 1, 0],
        [0, count - 1, 0],
        [1, count - 1, 0],
        [5, join.BLOCK, 0],
        [5, join.BLOCK + 1, 0],
        [7, count - 2, 4],
        [join.BLOCK, join.BLOCK + 1, 0],
    ]


def test_more_pairs_than_the_first_buffer_holds() -> None:
    pairs = near_pairs(np.zeros((100, 4), np.uint64), 0)
    assert len(pairs) == 4950
    assert pairs[-1].tolist() == [98, 99, 0]


def test_nothing_to_join() -> None:
    assert near_pairs(pack([]), 10).shape == (0, 3)
    assert near_pairs(pack([bytes(32)]), 10).shape == (0, 3)
    assert near_pairs(pack([bytes(32)] * 2), 10, first_new=2).shape == (0, 3)


def test_distinct_codes_and_where_they_came_from() -> None:
    codes = pack([b"b" * 32, b"a" * 32, b"b" * 32])
    unique, inverse = distinct(codes)
    assert unique.shape == (2, 4)
    assert np.array_equal(unique[inverse], codes)


@pytest.mark.parametrize(
    ("codes", "radius", "first_new"),
    [
        (np.zeros((2, 3), np.uint64), 1, 0),
        (np.zeros((2, 4), np.int64), 1, 0),
        (np.zeros((2, 4), np.uint64), -1, 0),
        (np.zeros((2, 4), np.uint64), 257, 0),
        (np.zeros((2, 4), np.uint64), 1, -1),
    ],
)
def test_wrong_arguments_are_refused(
    codes: NDArray[np.uint64], radius: int, first_new: int
) -> None:
    with pytest.raises(ValueError, match="must"):
        near_pairs(codes, radius, first_new=first_new)


def test_a_code_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="8 bytes, not 32"):
        pack([bytes(8)])
