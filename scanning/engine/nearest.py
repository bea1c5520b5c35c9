"""What a dense neighbourhood gives: for each picture its nearest candidates, not all of them.

Inside a look-alike family the nearest by hash are often other records, so that the pairs whose
own content agrees (see `whitening`) are added to them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scanning.engine.candidates import Candidates, merged
from scanning.engine.families import families
from scanning.engine.join import TooManyPairs
from scanning.engine.signatures import Signatures
from scanning.engine.whitening import agreeing

# Kept for each picture: outside of families, and inside of one.
NEIGHBOURS: Final = 50
RELATIVES: Final = 8
# More pairs of one family than this do not fit into memory.
MOST_PAIRS: Final = 20_000_000

Rows = NDArray[np.int64]


def thinned(candidates: Candidates, signatures: Signatures) -> Candidates:
    """Candidates whose number grows with the number of pictures instead of its square.

    Each picture keeps its NEIGHBOURS nearest candidates, of its own family only RELATIVES; pairs
    of one family whose content agrees are added, whatever the radius was.
    """
    labels = families(signatures.whole)
    inside = (labels[candidates.left] >= 0) & (labels[candidates.left] == labels[candidates.right])
    return merged(
        [
            nearest(_chosen(candidates, ~inside), NEIGHBOURS),
            nearest(_chosen(candidates, inside), RELATIVES),
            *(
                _agreeing(signatures, np.flatnonzero(labels == label))
                for label in range(labels.max(initial=-1) + 1)
            ),
        ]
    )


def _agreeing(signatures: Signatures, members: Rows) -> Candidates:
    """The pairs of one family whose own content agrees, with the distance of their codes."""
    try:
        rows, _agreement = agreeing(signatures.rasters[members], limit=MOST_PAIRS)
    except TooManyPairs:
        rows = np.empty((0, 3), np.int64)
    left, right = members[rows[:, 0]], members[rows[:, 1]]
    differing = np.bitwise_count(signatures.whole[left] ^ signatures.whole[right])
    return Candidates(left, right, differing.sum(axis=1).astype(np.int64), np.zeros_like(left))


def _chosen(candidates: Candidates, kept: NDArray[np.bool_]) -> Candidates:
    return Candidates(
        candidates.left[kept],
        candidates.right[kept],
        candidates.distance[kept],
        candidates.way[kept],
    )


def nearest(candidates: Candidates, count: int) -> Candidates:
    """Those candidates that are among the `count` nearest of one of their two pictures.

    A thousand forms printed from one template are half a million candidates; their number grows
    with the number of pictures instead of its square. Ties are broken by the other picture's row.
    """
    pictures = np.concatenate([candidates.left, candidates.right])
    others = np.concatenate([candidates.right, candidates.left])
    rank = _rank(pictures, np.tile(candidates.distance, 2), others).reshape(2, -1)
    kept = np.logical_or(rank[0] < count, rank[1] < count)
    return _chosen(candidates, kept)


def _rank(one: Rows, distance: Rows, other: Rows) -> Rows:
    """The place of each row among those of the same picture, nearest first, from 0."""
    order = np.lexsort((other, distance, one))
    sorted_ones = one[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_ones[1:] != sorted_ones[:-1]]))
    sizes = np.diff(np.concatenate([starts, [len(order)]]))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return rank
