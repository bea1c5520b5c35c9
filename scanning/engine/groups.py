"""Groups of pictures that belong together, without chaining.

Joining whatever some pair joins lets a group grow from one picture to the next until its ends
have nothing in common. Here the surest pairs join first, and two sides are never joined while a
separation lies between any picture of the one and any picture of the other. This is single
linkage (Kruskal 1956) with cannot-link constraints (Davidson and Ravi 2005).

The sets of separations are merged small into large, so that n edges and m separations take
O(n log n + m log m) steps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

NO_LIMIT: Final = 2**62


class Edge(NamedTuple):
    """Two pictures that may be the same, left < right; the higher the score, the surer."""

    left: int
    right: int
    score: int


@dataclass(frozen=True, slots=True)
class Group:
    """Two or more pictures.

    members: ascending. weakest: the lowest score on the group's maximum spanning tree, which is
    all that holds its two sides together. representative: the picture in most pairs of the group,
    of several the first.
    """

    members: tuple[int, ...]
    weakest: Edge
    representative: int

    @property
    def size(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True)
class Grouped:
    """groups: by their first member. bridges: the edges that join no group, surest first."""

    groups: list[Group]
    bridges: list[Edge]


def grouped(
    edges: Iterable[tuple[int, int, int]] | Rows,
    separations: Iterable[tuple[int, int]] | Rows = (),
    *,
    most: int = NO_LIMIT,
) -> Grouped:
    """Groups from edges (picture, picture, score) and separations (picture, picture).

    Of equal scores the pair with the lower ids joins first, so that the order in which edges come
    does not matter. An edge that comes twice counts with its highest score. A separation of two
    pictures that an edge joins refuses that edge. No group has more than `most` pictures.

    Raises:
        ValueError: an edge or a separation between a picture and itself.
    """
    ranked = _ranked(_rows(edges, 3))
    if not len(ranked):
        return Grouped([], [])
    pictures, ends = np.unique(ranked[:, :2], return_inverse=True)
    ends = ends.reshape(-1, 2)
    forest = _Forest(len(pictures), _foes(_rows(separations, 2), pictures), most)
    for number, (left, right) in enumerate(zip(*ends.T.tolist(), strict=True)):
        forest.join(left, right, number)
    roots = np.array([forest.root(node) for node in range(len(pictures))])
    is_inside = roots[ends[:, 0]] == roots[ends[:, 1]]
    return Grouped(
        _groups(pictures, roots, ends[is_inside], ranked, forest.weakest),
        [Edge(*row) for row in ranked[~is_inside].tolist()],
    )


class _Forest:
    """Disjoint sets that know with which other sets they must not be joined."""

    def __init__(self, count: int, foes: dict[int, set[int]], most: int) -> None:
        self.parent = list(range(count))
        self.size = [1] * count
        self.foes = foes
        self.most = most
        # Number of the edge that joined the set last: as the surest come first, its weakest.
        self.weakest: dict[int, int] = {}

    def root(self, node: int) -> int:
        parent = self.parent
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    def join(self, left: int, right: int, edge: int) -> None:
        """Join the sets of two nodes, unless a separation or the limit forbids it."""
        left, right = self.root(left), self.root(right)
        size = self.size[left] + self.size[right]
        mine, theirs = self.foes.get(left, ()), self.foes.get(right, ())
        if left == right or right in mine or size > self.most:
            return
        # The set with more foes keeps its name: the others' names for it need not be changed.
        if (len(mine), self.size[left]) < (len(theirs), self.size[right]):
            left, right = right, left
        self.parent[right] = left
        self.size[left] = size
        self.weakest[left] = edge
        self.weakest.pop(right, None)
        moved = self.foes.pop(right, set())
        for foe in moved:
            self.foes[foe].discard(right)
            self.foes[foe].add(left)
        if moved:
            self.foes[left] |= moved


def _rows(rows: Iterable[tuple[int, ...]] | Rows, width: int) -> Rows:
    found = rows if isinstance(rows, np.ndarray) else np.array(list(rows), np.int64)
    found = found.astype(np.int64, copy=False).reshape(-1, width)
    if (found[:, 0] == found[:, 1]).any():
        raise ValueError("A picture is neither joined with itself nor separated from itself.")
    return found


def _ranked(edges: Rows) -> Rows:
    """Each edge once with its highest score, left < right, the surest first."""
    low, high = np.sort(edges[:, :2], axis=1).T
    score = edges[:, 2]
    by_pair = np.lexsort((-score, high, low))
    low, high, score = low[by_pair], high[by_pair], score[by_pair]
    is_first = np.ones(len(edges), bool)
    is_first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    once = np.stack([low, high, score], axis=1)[is_first]
    ranked: Rows = once[np.argsort(-once[:, 2], kind="stable")]
    return ranked


def _foes(separations: Rows, pictures: Rows) -> dict[int, set[int]]:
    """Which nodes must not be joined with which; pictures without an edge do not matter."""
    known = separations[np.isin(separations, pictures).all(axis=1)]
    foes: dict[int, set[int]] = {}
    for left, right in np.searchsorted(pictures, known).tolist():
        foes.setdefault(left, set()).add(right)
        foes.setdefault(right, set()).add(left)
    return foes


def _groups(
    pictures: Rows, roots: Rows, inside: Rows, ranked: Rows, weakest: dict[int, int]
) -> list[Group]:
    degree = np.bincount(inside.ravel(), minlength=len(pictures))
    order = np.argsort(roots, kind="stable")
    starts = np.flatnonzero(np.diff(roots[order], prepend=-1))
    best = order[np.lexsort((order, -degree[order], roots[order]))][starts]
    members = np.split(order, starts[1:])
    found = [
        Group(
            tuple(pictures[nodes].tolist()),
            Edge(*ranked[weakest[int(roots[representative])]].tolist()),
            int(pictures[representative]),
        )
        for nodes, representative in zip(members, best, strict=True)
        if len(nodes) > 1
    ]
    return sorted(found, key=lambda group: group.members[0])
