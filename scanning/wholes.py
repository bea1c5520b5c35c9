"""When pairs of pages make a pair of files: pure arithmetic.

One page that is found elsewhere makes no file a copy of another. Two files are the same document
when every page of each has a partner in the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Pair = tuple[bytes, bytes]


class PagePair(NamedTuple):
    """Two pages that are the same: digests of their files, and their numbers in them."""

    left: bytes
    left_page: int
    right: bytes
    right_page: int


def whole_files(pairs: Iterable[PagePair], pages: Mapping[bytes, int]) -> list[Pair]:
    """Pairs of files whose pages are all paired; `pages` says how many a file has."""
    matched: dict[Pair, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for pair in pairs:
        left, right = (pair.left, pair.left_page), (pair.right, pair.right_page)
        (first, page), (second, other) = sorted((left, right))
        sides = matched[first, second]
        sides[0].add(page)
        sides[1].add(other)
    return [
        files
        for files, sides in matched.items()
        if all(len(found) >= pages.get(file, 1) for file, found in zip(files, sides, strict=True))
    ]
