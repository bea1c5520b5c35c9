"""How much of a collection is there more than once: pure arithmetic on files and pairs.

Equal files are one content. Contents are joined by pairs into groups, first by pairs that are
certain (same pixels), then also by those that are only possible (near). Of each group the largest
file would stay; all others are copies.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

Pair = tuple[bytes, bytes]


class File(NamedTuple):
    """One file: its content's digest, its size in bytes, its attributes."""

    content: bytes
    size: int
    attributes: Mapping[str, str]


class Amount(NamedTuple):
    """A number of files and the bytes that they take up."""

    files: int
    bytes: int

    def less(self, other: "Amount") -> "Amount":
        return Amount(self.files - other.files, self.bytes - other.bytes)


class Forest:
    """Disjoint sets over 0 … n-1: union by size with path halving (Tarjan and van Leeuwen 1984)."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))
        self.weight = [1] * count

    def root(self, node: int) -> int:
        parent = self.parent
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    def join(self, left: int, right: int) -> None:
        left, right = self.root(left), self.root(right)
        if left == right:
            return
        if self.weight[left] < self.weight[right]:
            left, right = right, left
        self.parent[right] = left
        self.weight[left] += self.weight[right]


@dataclass(frozen=True, slots=True)
class Group:
    """Files that belong together; `contents` are its largest ones.

    `is_certain`: joined by equal bytes or equal pixels alone. `copies` is what could go.
    """

    total: Amount
    copies: Amount
    content_count: int
    contents: tuple[bytes, ...]
    is_certain: bool


@dataclass(slots=True)
class ValueRow:
    """Files with one value of an attribute, and how many of them share a group with others."""

    value: str
    files: int = 0
    bytes: int = 0
    certain: int = 0
    possible: int = 0


@dataclass(frozen=True, slots=True)
class Duplicates:
    """`identical`, `same_pixels` and `near` are copies, each beyond those before it."""

    total: Amount
    identical: Amount
    same_pixels: Amount
    near: Amount
    group_count: int
    groups: list[Group]
    attributes: dict[str, list[ValueRow]] = field(default_factory=dict)

    @property
    def certain(self) -> Amount:
        """Copies that are beyond doubt: equal bytes or equal pixels."""
        return Amount(
            self.identical.files + self.same_pixels.files,
            self.identical.bytes + self.same_pixels.bytes,
        )

    @classmethod
    def of(
        cls,
        files: Sequence[File],
        same_pixels: Iterable[Pair],
        near: Iterable[Pair],
        *,
        largest: int = 20,
        shown: int = 4,
    ) -> Self:
        """Work it out: `largest` groups are described, each with `shown` contents.

        Pairs of contents that are not among the files do not count.
        """
        contents = _Contents(files)
        forest = Forest(len(contents.sizes))
        total = Amount(len(files), sum(file.size for file in files))
        repeated = total.less(Amount(len(contents.sizes), sum(contents.sizes)))
        contents.join(forest, same_pixels)
        certain_roots = contents.roots(forest)
        certain = total.less(contents.kept(certain_roots))
        contents.join(forest, near)
        roots = contents.roots(forest)
        possible = total.less(contents.kept(roots))
        groups = contents.groups(roots)
        return cls(
            total=total,
            identical=repeated,
            same_pixels=certain.less(repeated),
            near=possible.less(certain),
            group_count=len(groups),
            groups=[
                contents.group(nodes, certain_roots, shown)
                for nodes in heapq.nlargest(largest, groups, key=contents.rank)
            ],
            attributes=_attributes(files, contents, certain_roots, roots),
        )


class _Contents:
    """The distinct contents, numbered: how large each is, and how many files have it."""

    def __init__(self, files: Iterable[File]) -> None:
        self.number: dict[bytes, int] = {}
        self.sizes: list[int] = []
        self.counts: list[int] = []
        for file in files:
            node = self.number.setdefault(file.content, len(self.sizes))
            if node == len(self.sizes):
                self.sizes.append(file.size)
                self.counts.append(0)
            self.counts[node] += 1
        self.digests = list(self.number)

    def join(self, forest: Forest, pairs: Iterable[Pair]) -> None:
        for left, right in pairs:
            if left in self.number and right in self.number:
                forest.join(self.number[left], self.number[right])

    def roots(self, forest: Forest) -> list[int]:
        return [forest.root(node) for node in range(len(self.sizes))]

    def kept(self, roots: Sequence[int]) -> Amount:
        """The largest file of each group."""
        largest: dict[int, int] = {}
        for node, root in enumerate(roots):
            largest[root] = max(largest.get(root, 0), self.sizes[node])
        return Amount(len(largest), sum(largest.values()))

    def groups(self, roots: Sequence[int]) -> list[list[int]]:
        """The contents of each group of at least two files."""
        members: dict[int, list[int]] = defaultdict(list)
        for node, root in enumerate(roots):
            members[root].append(node)
        return [nodes for nodes in members.values() if len(nodes) > 1 or self.counts[nodes[0]] > 1]

    def rank(self, nodes: Sequence[int]) -> tuple[int, int]:
        """The order of groups: by files, then by bytes."""
        return self.amount(nodes)

    def amount(self, nodes: Sequence[int]) -> Amount:
        return Amount(
            sum(self.counts[node] for node in nodes),
            sum(self.counts[node] * self.sizes[node] for node in nodes),
        )

    def group(self, nodes: Sequence[int], certain_roots: Sequence[int], shown: int) -> Group:
        by_size = sorted(nodes, key=lambda node: (-self.sizes[node], self.digests[node]))
        total = self.amount(nodes)
        return Group(
            total=total,
            copies=total.less(Amount(1, self.sizes[by_size[0]])),
            content_count=len(nodes),
            contents=tuple(self.digests[node] for node in by_size[:shown]),
            is_certain=len({certain_roots[node] for node in nodes}) == 1,
        )


def _attributes(
    files: Iterable[File], contents: _Contents, certain_roots: Sequence[int], roots: Sequence[int]
) -> dict[str, list[ValueRow]]:
    """A table for each attribute, the values with the most duplicates first."""
    in_certain = _files_by_root(contents, certain_roots)
    in_possible = _files_by_root(contents, roots)
    tables: dict[str, dict[str, ValueRow]] = defaultdict(dict)
    for file in files:
        node = contents.number[file.content]
        certain = in_certain[certain_roots[node]] > 1
        possible = not certain and in_possible[roots[node]] > 1
        for name, value in file.attributes.items():
            row = tables[name].get(value)
            if row is None:
                row = tables[name][value] = ValueRow(value)
            row.files += 1
            row.bytes += file.size
            row.certain += certain
            row.possible += possible
    return {
        name: sorted(
            rows.values(), key=lambda row: (-row.certain - row.possible, -row.files, row.value)
        )
        for name, rows in sorted(tables.items())
    }


def _files_by_root(contents: _Contents, roots: Sequence[int]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for node, root in enumerate(roots):
        counts[root] += contents.counts[node]
    return counts
