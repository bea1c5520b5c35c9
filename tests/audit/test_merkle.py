"""The tree: against the definition in RFC 6962, for every small size, and against spoilt proofs."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_site.audit import merkle
from dedup_site.audit.merkle import GrowingTree, consistency_proof, inclusion_proof
from dedup_site.audit.proofs import (
    EMPTY_ROOT,
    Tree,
    is_consistent,
    leaf_hash,
    node_hash,
    root_of_inclusion,
)

MOST = 200
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(70_000)]
# The leaves and the roots that the certificate-transparency projects test with.
KNOWN_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
KNOWN_LEAVES += ["606162636465666768696a6b6c6d6e6f"]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def root_by_definition(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(root_by_definition(leaves[:half]), root_by_definition(leaves[half:]))


ROOTS = [root_by_definition(LEAVES[:size]) for size in range(MOST + 1)]


def stored_of(leaves: Sequence[bytes]) -> merkle.Stored:
    """What a log of these leaves has stored."""
    tree, levels = GrowingTree(), {0: list(leaves)}
    for leaf in leaves:
        for subtree in tree.grow(leaf):
            level = levels.setdefault(subtree.level, [])
            assert subtree.number == len(level)
            level.append(subtree.hash)
    return lambda level, first, count: levels[level][first : first + count]


STORED = stored_of(LEAVES)


@cache
def tiles(size: int) -> merkle.Tiles:
    return merkle.Tiles(size, STORED)


def test_known_roots() -> None:
    tree = Tree()
    roots = []
    for data in KNOWN_LEAVES:
        tree.append(leaf_hash(bytes.fromhex(data)))
        roots.append(tree.root().hex())
    assert roots == KNOWN_ROOTS


def test_an_empty_tree_has_the_digest_of_nothing() -> None:
    assert Tree().root() == EMPTY_ROOT == ROOTS[0]


@pytest.mark.parametrize("kind", [Tree, GrowingTree])
def test_a_growing_tree_has_the_root_of_the_definition(kind: type[Tree]) -> None:
    tree = kind()
    for size in range(1, MOST + 1):
        if isinstance(tree, GrowingTree):
            list(tree.grow(LEAVES[size - 1]))
        else:
            tree.append(LEAVES[size - 1])
        assert tree.root() == ROOTS[size]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 4097, 65_535, 65_536, 69_999])
def test_the_edge_is_rebuilt_from_what_is_stored(size: int) -> None:
    tree = Tree()
    for leaf in LEAVES[:size]:
        tree.append(leaf)
    assert merkle.edge_of(size, tiles(size)) == tree.edge


def test_every_entry_is_proved_in_every_small_tree() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = inclusion_proof(index, size, tiles(size))
            assert root_of_inclusion(index, size, LEAVES[index], proof) == ROOTS[size]


def test_every_small_tree_is_proved_to_begin_every_larger_one() -> None:
    for new in range(MOST + 1):
        for old in range(new + 1):
            proof = consistency_proof(old, new, tiles(new))
            assert is_consistent(old, new, ROOTS[old], ROOTS[new], proof)


@given(st.integers(1, len(LEAVES)), st.data())
def test_proofs_in_large_trees(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root = merkle.range_root(0, size, tiles(size))
    proof = inclusion_proof(index, size, tiles(size))
    assert root_of_inclusion(index, size, LEAVES[index], proof) == root
    old_root = merkle.range_root(0, old, tiles(old))
    assert is_consistent(old, size, old_root, root, consistency_proof(old, size, tiles(size)))


# Spoilt proofs: the classes that the probes of public log implementations have.

Proof = list[bytes]
NOISE = hashlib.sha256(b"noise").digest()
MUTATIONS: dict[str, Callable[[Proof], Proof]] = {
    "something behind": lambda proof: [*proof, NOISE],
    "something before": lambda proof: [NOISE, *proof],
    "an empty hash behind": lambda proof: [*proof, b""],
    "the empty root behind": lambda proof: [*proof, EMPTY_ROOT],
    "the last one missing": lambda proof: proof[:-1],
    "the first one missing": lambda proof: proof[1:],
    "nothing": lambda _proof: [],
    "backwards": lambda proof: proof[::-1],
    "the first one twice": lambda proof: [*proof[:1], *proof],
    "a short hash": lambda proof: [*proof[:-1], proof[-1][:31]],
}


def flipped(proof: Proof) -> list[Proof]:
    """The proof with one bit changed, in each of its hashes."""
    changed = []
    for number, item in enumerate(proof):
        spoilt = bytes([item[0] ^ 1]) + item[1:]
        changed.append([*proof[:number], spoilt, *proof[number + 1 :]])
    return changed


def is_included(index: int, size: int, leaf: bytes, proof: Proof, root: bytes) -> bool:
    try:
        return root_of_inclusion(index, size, leaf, proof) == root
    except ValueError:
        return False


SIZES = [2, 3, 5, 8, 13, 64, 100, 199]


@pytest.mark.parametrize("size", SIZES)
def test_a_spoilt_inclusion_proof_is_refused(size: int) -> None:
    for index in {0, 1, size // 2, size - 1}:
        leaf, root = LEAVES[index], ROOTS[size]
        proof = inclusion_proof(index, size, tiles(size))
        assert is_included(index, size, leaf, proof, root)
        spoilt = [mutate(proof) for mutate in MUTATIONS.values()]
        for other in [*spoilt, *flipped(proof), [*proof, root], [root, *proof]]:
            assert other == proof or not is_included(index, size, leaf, other, root)
        for wrong in (index - 1, index + 1, index ^ 2, index ^ size, size, -1):
            assert not is_included(wrong, size, leaf, proof, root)
        for wrong in (size * 2, size // 2, 0, -1):
            assert not is_included(index, wrong, leaf, proof, root)
        assert not is_included(index, size, NOISE, proof, root)
        assert not is_included(index, size, LEAVES[index + 1], proof, root)
        assert not is_included(index, size, root, proof, root)
        for wrong_root in (NOISE, EMPTY_ROOT, ROOTS[size - 1], b""):
            assert not is_included(index, size, leaf, proof, wrong_root)


@pytest.mark.parametrize("new", SIZES)
def test_a_spoilt_consistency_proof_is_refused(new: int) -> None:
    for old in {1, new // 2, new - 1}:
        proof = consistency_proof(old, new, tiles(new))
        roots = ROOTS[old], ROOTS[new]
        assert is_consistent(old, new, *roots, proof)
        spoilt = [mutate(proof) for mutate in MUTATIONS.values()] if proof else []
        for other in [*spoilt, *flipped(proof), [*proof, ROOTS[new]], [ROOTS[old], *proof]]:
            assert other == proof or not is_consistent(old, new, *roots, other)
        for wrong in (old - 1, old + 1, old ^ 2, new, new + 1, -1):
            assert wrong == old or not is_consistent(wrong, new, *roots, proof)
        for wrong in (new * 2, new // 2, old, 0, -1):
            assert not is_consistent(old, wrong, *roots, proof)
        assert not is_consistent(old, new, ROOTS[new], ROOTS[old], proof)
        for wrong_root in (NOISE, EMPTY_ROOT, b""):
            assert not is_consistent(old, new, wrong_root, ROOTS[new], proof)
            assert not is_consistent(old, new, ROOTS[old], wrong_root, proof)


def test_an_empty_tree_begins_every_other_and_equal_trees_need_no_proof() -> None:
    assert is_consistent(0, 5, EMPTY_ROOT, ROOTS[5], [])
    assert not is_consistent(0, 5, NOISE, ROOTS[5], [])
    assert not is_consistent(0, 5, EMPTY_ROOT, ROOTS[5], [NOISE])
    assert is_consistent(5, 5, ROOTS[5], ROOTS[5], [])
    assert not is_consistent(5, 5, ROOTS[5], ROOTS[4], [])
    assert not is_consistent(5, 5, ROOTS[5], ROOTS[5], [NOISE])


def test_a_store_with_a_gap_proves_nothing() -> None:
    with pytest.raises(LookupError, match="nodes 256 to 299 of level 0"):
        inclusion_proof(3, 300, merkle.Tiles(300, stored_of(LEAVES[:280])))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_what_is_not_in_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="There is no leaf"):
        inclusion_proof(index, size, tiles(size))


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_larger_tree_does_not_begin_a_smaller_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="is not the beginning"):
        consistency_proof(old, new, tiles(new))
