"""Which pairs of pictures may be the same, found by their signatures alone.

Ways that lead to a pair: the whole pictures are near; one is turned or mirrored; one or both are
trimmed of their borders; a window of one shows the whole of the other; and turned together with
trimmed or with a window. Within their radius the joins find every pair there is; of those by
windows, `agreement` then drops the pairs whose rasters tell them apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import process_time

import numpy as np

from scanning.engine.hashing.windows import window_codes
from scanning.engine.search.join import Labels, TooManyPairs
from scanning.engine.search.nearest import Candidates, few_of_a_family, merged, outside
from scanning.engine.search.shares import Block, Join, Outline, Rasters, block_size
from scanning.engine.search.signatures import Nodes, Rows, Signatures
from scanning.engine.search.ways import WAYS, Radii

__all__ = ["WAYS", "Candidates", "Radii", "Search", "find", "merged", "outline_of"]


@dataclass(slots=True)
class Search:
    """Shares of one join: where the signatures come from, and what was spent on each kind of way.

    block: gives a block of rows from first to last. limit: the most pairs that one way may hold at
    a time; where there are more, the block is cut in two.
    seconds: processor time for each kind of way; found: pairs before they are thinned.
    """

    outline: Outline
    block: Callable[[int, int], Block]
    rasters: Callable[[Rows], Rasters]
    radii: Radii
    limit: int | None = None
    keep: Callable[[], None] = lambda: None
    thin: bool = True
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    found: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def share(self, first: int, last: int) -> Candidates:
        """Pairs of the rows from first to last with all others, new ones only.

        Together the shares give the whole, though a pair may come from two of them: see `merged`.
        Raises TooManyPairs where one picture alone has more than the limit.
        """
        parts = [self._near(self.block(start, stop)) for start, stop in self._pieces(first, last)]
        return self._thinned(merged(parts))

    def _pieces(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Blocks of old pictures, then of new ones."""
        new = min(max(self.outline.first_new, first), last)
        size = block_size(len(self.outline))
        for start, stop in ((first, new), (new, last)):
            for begin in range(start, stop, size):
                yield begin, min(begin + size, stop)

    def _near(self, block: Block) -> Candidates:
        self.keep()
        join = Join(self.outline, block, self.rasters, self.radii, self.limit)
        parts = [np.empty((0, 4), np.int64)]
        seconds: dict[str, float] = {}
        found: dict[str, int] = {}
        try:
            begun = process_time()
            for kind, rows in join.rows():
                self.keep()
                parts.append(rows)
                now = process_time()
                seconds[kind] = seconds.get(kind, 0) + now - begun
                found[kind] = found.get(kind, 0) + len(rows)
                begun = now
        except TooManyPairs:
            if len(block.turned) < 2:
                raise
            return merged([self._near(half) for half in block.halves()])
        for kind, spent in seconds.items():
            self.seconds[kind] += spent
            self.found[kind] += found[kind]
        return self._thinned(Candidates.of(np.concatenate(parts)))

    def _thinned(self, found: Candidates) -> Candidates:
        return outside(found, self.outline.labels) if self.thin else found


def outline_of(signatures: Signatures, first_new: int = 0, labels: Labels | None = None) -> Outline:
    return Outline(
        signatures.whole,
        window_codes(signatures.rasters, count=1)[:, 0],
        signatures.trimmed,
        signatures.owner,
        np.full(len(signatures), -1, np.int32) if labels is None else labels,
        first_new,
    )


def find(
    signatures: Signatures,
    radii: Radii | None = None,
    *,
    first_new: int = 0,
    share: tuple[int, int] = (0, 1),
    families: Labels | None = None,
    limit: int | None = None,
) -> Candidates:
    """Every candidate pair, by the way in which the two differ least.

    Pictures with equal whole codes are one node, for which its first picture stands.

    first_new: only pairs with a picture from this row on.
    share: (k, of): the part of the work that is number k, from 0. Together the shares give the
        whole, though a pair may come from two of them, by different ways: see `merged`.
    families: one label per picture, the same for equal codes; pairs within a family
        (label >= 0) are left out, and of those between a picture and a family that it does not
        belong to (a form upside down, a form in a frame) only the PER_FAMILY nearest are kept.
    limit: as in `Search`.
    """
    nodes = Nodes.of(signatures.whole, first_new)
    first, last = (len(nodes) * k // share[1] for k in (share[0], share[0] + 1))
    firsts = signatures.chosen(nodes.first)
    labels = None if families is None else families[nodes.first]

    def block(start: int, stop: int) -> Block:
        return Block(start, firsts.turned[start:stop], window_codes(firsts.rasters[start:stop]))

    search = Search(
        outline_of(firsts, nodes.first_new, labels),
        block,
        lambda rows: firsts.rasters[rows],
        radii or Radii(),
        limit,
        thin=False,
    )
    alone = np.arange(first, last)
    if labels is not None:
        alone = alone[labels[alone] < 0]
    best = expanded(nodes, search.share(first, last), alone, first_new)
    return best if families is None else few_of_a_family(best, families)


def expanded(nodes: Nodes, found: Candidates, equal: Rows, first_new: int = 0) -> Candidates:
    """Pairs of pictures from pairs of nodes, and those within the nodes `equal`.

    first_new: only pairs with a picture from this row on.
    """
    pairs, row = nodes.between(found.rows[:, :2])
    within = nodes.within(equal)
    rows = np.concatenate(
        [
            np.column_stack([within, np.zeros((len(within), 2), np.int64)]),
            np.column_stack([pairs, found.rows[row, 2:]]),
        ]
    )
    return Candidates.of(rows[rows[:, :2].max(axis=1, initial=0) >= first_new])
