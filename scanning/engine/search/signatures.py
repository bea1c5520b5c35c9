"""The signatures of many pictures as arrays, and the nodes of equal ones among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from scanning.engine.hashing.signature import Signature
from scanning.engine.hashing.squares import KEPT
from scanning.engine.hashing.turns import TURNS
from scanning.engine.search.join import Codes

# So many pairs of equal pictures are listed in full: a thousand blank-looking scans must not
# become half a million rows.
WHOLE_NODE: Final = 30

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures of n pictures; row k of every array is picture k.

    whole: (n, 4). turned: (n, 7, 4), in the order of TURNS. trimmed: (m, 4), every stage of every
    picture, and owner: (m,) rising, its picture. rasters: (n, 48, 48) grey.
    """

    whole: Codes
    turned: Codes
    trimmed: Codes
    owner: Rows
    rasters: NDArray[np.uint8]

    @classmethod
    def pack(cls, signatures: Sequence[Signature]) -> Self:
        return cls.from_codes(
            [signature.phash256 for signature in signatures],
            [signature.turned256 for signature in signatures],
            [signature.trimmed256 for signature in signatures],
            [signature.raster for signature in signatures],
        )

    @classmethod
    def from_codes(
        cls,
        phash256: Sequence[bytes],
        turned256: Sequence[bytes],
        trimmed256: Sequence[bytes],
        raster: Sequence[bytes],
    ) -> Self:
        """From stored fingerprints, laid out as in `signature.Signature`."""
        stages = [len(code) // 32 for code in trimmed256]
        return cls(
            np.frombuffer(b"".join(phash256), np.uint64).reshape(-1, 4),
            np.frombuffer(b"".join(turned256), np.uint64).reshape(-1, len(TURNS), 4),
            np.frombuffer(b"".join(trimmed256), np.uint64).reshape(-1, 4),
            np.repeat(np.arange(len(stages)), stages),
            np.frombuffer(b"".join(raster), np.uint8).reshape(-1, KEPT, KEPT),
        )

    def __len__(self) -> int:
        return len(self.whole)

    def chosen(self, rows: Rows) -> "Signatures":
        """The signatures of some pictures, each at most once, in the order given."""
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        kept = np.flatnonzero(place[self.owner] >= 0)
        kept = kept[np.argsort(place[self.owner[kept]], kind="stable")]
        return Signatures(
            self.whole[rows],
            self.turned[rows],
            self.trimmed[kept],
            place[self.owner[kept]],
            self.rasters[rows],
        )


@dataclass(frozen=True, slots=True)
class Nodes:
    """Pictures of equal whole codes. Node k is pictures[starts[k] : starts[k + 1]], rising.

    Nodes that hold a new picture come last, from `first_new` on.
    """

    starts: Rows
    pictures: Rows
    first_new: int

    @classmethod
    def of(cls, whole: Codes, first_new: int = 0) -> Self:
        """first_new: pictures from this row on are new."""
        _, first, inverse = np.unique(whole, axis=0, return_index=True, return_inverse=True)
        node = inverse.reshape(-1)
        has_new = np.zeros(len(first), np.bool_)
        has_new[node[first_new:]] = True
        order = np.lexsort((first, has_new))
        rank = np.empty(len(first), np.int64)
        rank[order] = np.arange(len(first))
        sizes = np.bincount(rank[node], minlength=len(first))
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]),
            np.argsort(rank[node], kind="stable"),
            len(first) - int(has_new.sum()),
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def first(self) -> Rows:
        """The first picture of each node."""
        return self.pictures[self.starts[:-1]]

    def members(self, node: int) -> list[int]:
        members: list[int] = self.pictures[self.starts[node] : self.starts[node + 1]].tolist()
        return members

    def within(self, nodes: Rows) -> Rows:
        """Pairs of pictures within some nodes: all, or those with the first picture."""
        found: list[tuple[int, int]] = []
        for node in nodes[np.diff(self.starts)[nodes] > 1].tolist():
            members = self.members(node)
            if len(members) * (len(members) - 1) // 2 <= WHOLE_NODE:
                found += combinations(members, 2)
            else:
                found += ((members[0], member) for member in members[1:])
        return np.array(found, np.int64).reshape(-1, 2)

    def between(self, pairs: Rows) -> tuple[Rows, Rows]:
        """Pairs of pictures for pairs of nodes, and for each the row of its pair of nodes."""
        sizes = np.diff(self.starts)
        products = sizes[pairs[:, 0]] * sizes[pairs[:, 1]]
        many = np.flatnonzero((products > 1) & (products <= WHOLE_NODE))
        few = np.flatnonzero((products == 1) | (products > WHOLE_NODE))
        found = [
            (one, other, row)
            for row in many.tolist()
            for one, other in product(*(self.members(node) for node in pairs[row].tolist()))
        ]
        more = np.array(found, np.int64).reshape(-1, 3)
        return (
            np.concatenate([self.first[pairs[few]], more[:, :2]]),
            np.concatenate([few, more[:, 2]]),
        )
