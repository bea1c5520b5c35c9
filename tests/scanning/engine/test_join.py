"""The join finds every near pair and no other."""

from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scanning.engine.search import bands
from scanning.engine.search.join import (
    TooManyPairs,
    distinct,
    near_between,
    near_pairs,
    nearest,
    pack,
)
from scanning.engine.search.kernels import BLOCK

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


def test_pairs_across_blocks_come_in_order() -> None:
    count = 2 * BLOCK + 500
    random = np.random.default_rng(1)
    codes = random.integers(0, 2**64, (count, 4), dtype=np.uint64)
    for i, j in ((0, count - 1), (0, 1), (5, BLOCK), (BLOCK, BLOCK + 1)):
        codes[j] = codes[i]
    codes[count - 2] = codes[7] ^ np.uint64(1)
    assert near_pairs(codes, 10).tolist() == [
        [0, 1, 0],
        [0, count - 1, 0],
        [1, count - 1, 0],
        [5, BLOCK, 0],
        [5, BLOCK + 1, 0],
        [7, count - 2, 4],
        [BLOCK, BLOCK + 1, 0],
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
        (np.zeros((2, 1), np.uint64), 65, 0),
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


def clustered(count: int, seed: int, skew: int) -> NDArray[np.uint64]:
    """64-bit codes around few centres; `skew` low bits are the same for all."""
    random = np.random.default_rng(seed)
    centres = random.integers(0, 2**64, 12, dtype=np.uint64)
    codes = centres[random.integers(0, 12, count)]
    for _ in range(8):
        flips = np.uint64(1) << random.integers(skew, 64, count).astype(np.uint64)
        codes ^= np.where(random.random(count) < 0.6, flips, np.uint64(0))
    return (codes >> np.uint64(skew) << np.uint64(skew)).reshape(-1, 1)


def all_between(
    left: NDArray[np.uint64], right: NDArray[np.uint64], radius: int
) -> NDArray[np.int64]:
    distances = np.bitwise_count(left[:, None] ^ right[None]).sum(axis=2)
    rows, columns = np.nonzero(distances <= radius)
    return np.column_stack([rows, columns, distances[rows, columns]]).astype(np.int64)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 400),
    st.integers(0, 400),
    st.integers(0, 14),
    st.integers(0, 3),
    st.sampled_from([0, 30, 56]),
    st.sampled_from([0, 3, 4, 5, 7]),
)
def test_every_pair_of_64_bit_codes_is_found_whatever_the_bands(
    left: int, right: int, radius: int, seed: int, skew: int, count: int
) -> None:
    ours, theirs = clustered(left, seed, skew), clustered(right, seed, skew)
    cut = bands._cut(count, radius) if 0 < count <= radius + 1 else None
    with pytest.MonkeyPatch.context() as patch:
        if cut is not None:
            patch.setattr(bands, "choose", lambda *_: cut)
        pairs = near_between(ours, theirs, radius)
        same = near_pairs(ours, radius)
    assert np.array_equal(pairs, all_between(ours, theirs, radius))
    expected = all_between(ours, ours, radius)
    assert np.array_equal(same, expected[expected[:, 0] < expected[:, 1]])


def test_bands_are_used_for_many_codes_and_small_radii_only() -> None:
    assert bands.choose(50, 50, 10) is None
    assert bands.choose(100_000, 100_000, 40) is None
    for count in (10_000, 1_000_000, 100_000_000):
        cut = bands.choose(count, count, 10)
        assert cut is not None
        assert cut.widths.sum() == 64
        assert (cut.reaches + 1).sum() == 11


@pytest.mark.parametrize("words", [1, 4])
def test_shares_of_the_left_side_add_up(words: int) -> None:
    codes = np.repeat(clustered(6000, 5, 0), words, axis=1)
    whole = near_pairs(codes, 3 * words, first_new=1000)
    shares = [
        near_pairs(codes, 3 * words, first_new=1000, first=first, last=first + 2500)
        for first in range(0, 6000, 2500)
    ]
    assert len(whole) > 1000
    assert np.array_equal(np.concatenate(shares), whole)


@pytest.mark.parametrize("words", [1, 4])
def test_pairs_of_one_label_are_left_out(words: int) -> None:
    codes = np.repeat(clustered(4000, 6, 0), words, axis=1)
    labels = (np.arange(4000) % 4 - 1).astype(np.int32)
    pairs = near_pairs(codes, 2 * words)
    one, other = labels[pairs[:, 0]], labels[pairs[:, 1]]
    expected = pairs[(one < 0) | (one != other)]
    assert 0 < len(expected) < len(pairs)
    assert np.array_equal(near_pairs(codes, 2 * words, labels=labels), expected)


@pytest.mark.parametrize("words", [1, 4])
def test_too_many_pairs_are_refused(words: int) -> None:
    codes = np.zeros((5000, words), np.uint64)
    with pytest.raises(TooManyPairs, match="so far") as caught:
        near_pairs(codes, 1, limit=1000)
    assert 1000 < caught.value.count < 5000 * 4999 // 2
    assert len(near_pairs(codes[:20], 1, limit=190)) == 190


def test_the_nearest_code() -> None:
    left, right = (
        pack([bytes([value]) * 32 for value in values]) for values in ((0, 7), (8, 6, 1))
    )
    rows, distances = nearest(left, right)
    assert rows.tolist() == [0, 1]
    assert distances.tolist() == [32, 32]
    assert nearest(left, pack([]))[1].tolist() == [257, 257]


def test_the_two_sides_must_have_codes_of_one_length() -> None:
    with pytest.raises(ValueError, match="one length"):
        near_between(np.zeros((2, 1), np.uint64), np.zeros((2, 4), np.uint64), 1)
    with pytest.raises(ValueError, match="range"):
        near_between(np.zeros((2, 1), np.uint64), np.zeros((2, 1), np.uint64), 1, first=3)
