"""Look-alike families: pictures with so many near neighbours that being near says nothing.

A picture is in a dense place when at least DENSE pictures are within the radius of it, itself
included. Dense places within the radius of each other belong to one family, and so does every
picture within the radius of a dense place. (These are the clusters of DBSCAN, M. Ester et al.
1996.) Inside a family pairs are told apart by `whitening`; outside, nothing changes.

A family of n forms has up to n^2 / 2 near pairs, which are never listed: where there are too many,
dense places are looked for in a sample, everything is assigned to the nearest of them, and the
rest is looked at again.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from scanning.engine.join import Codes, Labels, TooManyPairs, near_pairs, nearest

RADIUS: Final = 64
DENSE: Final = 8
# Below this size a family's median says little, and all its pairs can be compared.
LEAST: Final = 40
SAMPLE: Final = 2000
PAIRS: Final = 50  # near pairs for each picture beyond which a sample is taken
MOST_PAIRS: Final = 20_000_000

Rows = NDArray[np.int64]


def families(whole: Codes, *, radius: int = RADIUS, seed: int = 1) -> Labels:
    """The family of each picture, numbered from 0, or -1 for a picture in none.

    whole: 256-bit codes, shape (n, 4). Equal codes get the same label.

    Exact where the near pairs can be listed. From a sample, a family too sparse to show in it is
    found when the rest is looked at. Time: one comparison of 256 bits for each pair, some 0.4 ns.
    Memory: some 100 bytes for each picture, and 100 for each of at most MOST_PAIRS pairs.
    """
    codes, inverse = np.unique(whole, axis=0, return_inverse=True)
    node = inverse.reshape(-1)
    weights = np.bincount(node, minlength=len(codes))
    labels = np.full(len(codes), -1, np.int32)
    random = np.random.default_rng(seed)
    sample = SAMPLE
    rest = np.arange(len(codes))
    while len(rest):
        most = min(PAIRS * max(len(rest), SAMPLE), MOST_PAIRS)
        try:
            found = _clusters(codes[rest], weights[rest], radius, most)
            labels[rest[found >= 0]] = found[found >= 0] + labels.max() + 1
            break
        except TooManyPairs:
            some = random.choice(rest, min(sample, len(rest)), replace=False)
        found = _clusters(codes[some], weights[some], radius, None)
        sample *= 2
        dense = found >= 0
        row, distance = nearest(codes[rest], codes[some[dense]])
        near = distance <= radius
        labels[rest[near]] = found[dense][row[near]] + labels.max() + 1
        rest = rest[~near]
    return _large(_touching(codes, labels, radius, random)[node])


def _touching(codes: Codes, labels: Labels, radius: int, random: np.random.Generator) -> Labels:
    """Families that a sample had torn apart, as one: where members of two are near."""
    known = np.flatnonzero(labels >= 0)
    if not len(known) or labels.max() == 0:
        return labels
    some = random.choice(known, min(2 * SAMPLE, len(known)), replace=False)
    pairs = near_pairs(codes[some], radius, labels=labels[some])
    one, other = labels[some[pairs[:, 0]]], labels[some[pairs[:, 1]]]
    count = int(labels.max()) + 1
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    _, family = connected_components(graph, directed=False)
    return np.where(labels < 0, -1, family[labels]).astype(np.int32)


def _large(labels: Labels) -> Labels:
    """Families of LEAST pictures and more, numbered from 0 in the order of their first picture."""
    numbers, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    large = np.flatnonzero((numbers >= 0) & (sizes >= LEAST))
    number = np.full(len(numbers), -1, np.int32)
    number[large[np.argsort(first[large])]] = np.arange(len(large))
    return number[inverse.reshape(-1)]


def _clusters(codes: Codes, weights: Rows, radius: int, limit: int | None) -> Labels:
    """The cluster of each of some distinct codes, -1 for none."""
    count = len(codes)
    pairs = near_pairs(codes, radius, limit=limit)
    one, other, distance = pairs.T
    neighbours = weights.copy()
    np.add.at(neighbours, one, weights[other])
    np.add.at(neighbours, other, weights[one])
    dense = neighbours >= DENSE
    both = dense[one] & dense[other]
    graph = coo_array((np.ones(both.sum()), (one[both], other[both])), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    labels = np.where(dense, component, -1)
    # The others go with the nearest dense place: the nearest is assigned last.
    loose, anchor = np.concatenate([one, other]), np.concatenate([other, one])
    edge = np.flatnonzero(~dense[loose] & dense[anchor])
    edge = edge[np.argsort(-np.tile(distance, 2)[edge], kind="stable")]
    labels[loose[edge]] = component[anchor[edge]]
    _, numbers = np.unique(labels[labels >= 0], return_inverse=True)
    labels[labels >= 0] = numbers
    return labels.astype(np.int32)
