"""Look-alike families: pictures with so many near neighbours that being near says nothing.

A family is what lies around one template: forms printed from it, films of one kind. Its centre is
the picture with the most others within CORE bits, or rather the majority of these, bit by bit; its
members are the pictures within the radius of the centre and nearer to it than to any other. So two
templates stay two families even where pictures lie between them (any page in a wide black frame is
near to any other), which chains of neighbours would join. Inside a family pairs are told apart by
`whitening`; outside, nothing changes.

The near pairs of a family are never listed: centres are found in a sample, everything is held
against the centres, and the rest is sampled again. So the work grows with the number of pictures
times that of centres, not with its square.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scanning.engine.search.join import Codes, Labels, near_pairs, nearest

RADIUS: Final = 64
CORE: Final = 48
DENSE: Final = 8
# Below this size a family's median says little, and all its pairs can be compared.
LEAST: Final = 40
SAMPLE: Final = 2000
# No sample is larger: 2e8 comparisons of 256 bits, 0.1 s.
LARGEST_SAMPLE: Final = 20_000

Rows = NDArray[np.int64]


def families(whole: Codes, *, radius: int = RADIUS, seed: int = 1) -> Labels:
    """The family of each picture, numbered from 0, or -1 for a picture in none.

    whole: 256-bit codes, shape (n, 4). Equal codes get the same label.

    Exact up to LARGEST_SAMPLE distinct codes; of more, a family is found that has DENSE members in
    a sample of so many. Memory: some 100 bytes for each picture, and for each near pair of a
    sample.
    """
    codes, inverse = np.unique(whole, axis=0, return_inverse=True)
    node = inverse.reshape(-1)
    weights = np.bincount(node, minlength=len(codes))
    labels = np.full(len(codes), -1, np.int32)
    random = np.random.default_rng(seed)
    rest = np.arange(len(codes))
    size = SAMPLE
    while len(rest):
        is_all = len(rest) <= size
        some = rest if is_all else random.choice(rest, size, replace=False)
        centres = _centres(codes[some], weights[some])
        if len(centres):
            row, distance = nearest(codes[rest], centres)
            near = distance <= radius
            labels[rest[near]] = row[near] + labels.max(initial=-1) + 1
            rest = rest[~near]
        if is_all or (size >= LARGEST_SAMPLE and not len(centres)):
            break
        size = min(2 * size, LARGEST_SAMPLE)
    return _large(labels[node])


def members_of(labels: Labels) -> list[Rows]:
    """The rows of each family, rising; found in one go, for there may be thousands of families."""
    order = np.argsort(labels, kind="stable")
    count = int(labels.max(initial=-1)) + 1
    bounds = np.searchsorted(labels[order], np.arange(count + 1))
    return [order[start:stop] for start, stop in pairwise(bounds.tolist())]


def centres_of(whole: Codes, labels: Labels) -> Codes:
    """The centre of each family: what most of its members have, bit by bit. Shape (families, 4)."""
    centres = [_majority(whole[rows]) for rows in members_of(labels)]
    return np.concatenate([np.empty((0, 4), np.uint64), *centres])


def _centres(codes: Codes, weights: Rows) -> Codes:
    """The centres of dense places among some distinct codes, the densest first."""
    pairs = near_pairs(codes, CORE)
    one = np.concatenate([pairs[:, 0], pairs[:, 1]])
    other = np.concatenate([pairs[:, 1], pairs[:, 0]])
    order = np.argsort(one, kind="stable")
    starts = np.searchsorted(one[order], np.arange(len(codes) + 1))
    other = other[order]
    free = np.ones(len(codes), np.bool_)
    count = weights + np.bincount(
        one, weights=weights[other[np.argsort(order)]], minlength=len(codes)
    ).astype(np.int64)
    found = [np.empty((0, 4), np.uint64)]
    while count.max(initial=0) >= DENSE:
        leader = int(count.argmax())
        around = np.append(other[starts[leader] : starts[leader + 1]], leader)
        around = around[free[around]]
        centre = _majority(codes[around])
        found.append(centre)
        taken = np.bitwise_count(codes ^ centre).sum(axis=1) <= RADIUS
        taken[around] = True
        gone = np.flatnonzero(taken & free)
        free[gone] = False
        count[gone] = 0
        for row in gone.tolist():
            count[other[starts[row] : starts[row + 1]]] -= weights[row]
        count[~free] = 0
    return np.concatenate(found)


def _majority(codes: Codes) -> Codes:
    bits = np.unpackbits(codes.view(np.uint8), axis=1)
    return np.packbits(2 * bits.sum(axis=0, dtype=np.int64) > len(codes)).view(np.uint64)[None]


def _large(labels: Labels) -> Labels:
    """Families of LEAST pictures and more, numbered from 0 in the order of their first picture."""
    numbers, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    large = np.flatnonzero((numbers >= 0) & (sizes >= LEAST))
    number = np.full(len(numbers), -1, np.int32)
    number[large[np.argsort(first[large])]] = np.arange(len(large))
    return number[inverse.reshape(-1)]
