"""When pairs of pages make a pair of files."""

from scanning.wholes import PagePair, whole_files

A, B, C = b"a", b"b", b"c"


def test_every_page_of_both_must_be_paired() -> None:
    pairs = [PagePair(A, 0, B, 0), PagePair(B, 1, A, 1), PagePair(A, 1, C, 0)]
    assert whole_files(pairs, {A: 2, B: 2, C: 1}) == [(A, B)]
    assert whole_files(pairs, {A: 2, B: 3, C: 1}) == []
    assert whole_files(pairs[:1], {A: 2, B: 2}) == []


def test_pages_may_stand_in_another_order() -> None:
    assert whole_files([PagePair(A, 0, B, 1), PagePair(A, 1, B, 0)], {A: 2, B: 2}) == [(A, B)]


def test_nothing_comes_of_nothing() -> None:
    assert whole_files([], {}) == []
