"""Growing the log's tree and making proofs from it (RFC 6962, section 2.1). Pure.

Of the tree only every eighth level is stored: the root of each complete subtree of 256, 65,536, …
leaves, beside the leaves themselves. Any other node is computed from at most 128 stored ones:
appending needs the right edge only, and a proof a few tiles, however long the log is.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from dedup_site.audit.proofs import Tree, node_hash

STEP = 8
WIDTH = 2**STEP

# The hashes of `count` stored nodes of a level (0: leaves; 1: roots of 256 leaves; …) from `first`.
Stored = Callable[[int, int, int], Sequence[bytes]]


class Subtree(NamedTuple):
    """The root of a complete subtree of 256 ** level leaves, the `number`th of that size."""

    level: int
    number: int
    hash: bytes


class GrowingTree(Tree):
    """A tree that also tells which stored subtrees became complete."""

    def grow(self, leaf: bytes) -> Iterator[Subtree]:
        """Append a leaf."""
        height, size, node = 0, self.size + 1, leaf
        while size % 2 == 0:
            node = node_hash(self.edge.pop(), node)
            size //= 2
            height += 1
            if height % STEP == 0:
                yield Subtree(height // STEP, size - 1, node)
        self.edge.append(node)
        self.size += 1


class Tiles:
    """The nodes of a tree of `size` leaves, read a tile of 256 at a time; the last ones are kept.

    Raises LookupError where the store has fewer nodes than such a tree.
    """

    def __init__(self, size: int, stored: Stored, keep: int = 64) -> None:
        self.size = size
        self._stored = stored
        self._tile = lru_cache(keep)(self._read)

    def node(self, height: int, index: int) -> bytes:
        """The root of the `index`th complete subtree of 2 ** height leaves."""
        level, above = divmod(height, STEP)
        first = index << above
        node: bytes = self._tile(level, first // WIDTH)[above][(first % WIDTH) >> above]
        return node

    def _read(self, level: int, tile: int) -> list[list[bytes]]:
        """All nodes over one tile: its own, their parents, and so on."""
        first = tile * WIDTH
        count = min(WIDTH, (self.size >> STEP * level) - first)
        row = list(self._stored(level, first, count))
        if len(row) != count:
            raise LookupError(f"nodes {first} to {first + count - 1} of level {level}")
        rows = [row]
        while len(row) > 1:
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
            rows.append(row)
        return rows


def edge_of(size: int, tiles: Tiles, first: int = 0) -> list[bytes]:
    """The roots of the complete subtrees that `size` leaves from `first` on consist of.

    Largest first. `first` must be where a subtree of at least that size begins.
    """
    edge = []
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            edge.append(tiles.node(height, first >> height))
            first += 1 << height
    return edge


def range_root(first: int, size: int, tiles: Tiles) -> bytes:
    """The root of the `size` leaves from `first` on; see `edge_of`."""
    return Tree(size, edge_of(size, tiles, first)).root()


def inclusion_proof(index: int, size: int, tiles: Tiles) -> list[bytes]:
    """What proves that the leaf at `index` is in the tree of `size` leaves. Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")
    return _path(index, 0, size, tiles)


def _path(index: int, first: int, size: int, tiles: Tiles) -> list[bytes]:
    if size == 1:
        return []
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return [*_path(index, first, half, tiles), range_root(first + half, size - half, tiles)]
    inner = _path(index - half, first + half, size - half, tiles)
    return [*inner, range_root(first, half, tiles)]


def consistency_proof(old: int, new: int, tiles: Tiles) -> list[bytes]:
    """What proves that the tree of `old` leaves is the beginning of that of `new` leaves.

    Raises ValueError.
    """
    if not 0 <= old <= new:
        raise ValueError(f"A tree of {old} leaves is not the beginning of one of {new}.")
    return [] if old in (0, new) else _subproof(old, 0, new, tiles, is_whole=True)


def _subproof(old: int, first: int, size: int, tiles: Tiles, *, is_whole: bool) -> list[bytes]:
    if old == size:
        return [] if is_whole else [range_root(first, size, tiles)]
    half = 1 << (size - 1).bit_length() - 1
    if old <= half:
        inner = _subproof(old, first, half, tiles, is_whole=is_whole)
        return [*inner, range_root(first + half, size - half, tiles)]
    inner = _subproof(old - half, first + half, size - half, tiles, is_whole=False)
    return [*inner, range_root(first, half, tiles)]
