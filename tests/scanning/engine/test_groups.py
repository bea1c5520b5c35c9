"""Groups without chaining, held against the definition spelled out plainly."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanning.engine.groups import Edge, Group, Grouped, grouped

PICTURES = 9
nodes = st.integers(1, PICTURES)
couples = st.tuples(nodes, nodes).filter(lambda couple: couple[0] != couple[1])
edges = st.lists(st.tuples(couples, st.integers(0, 4)).map(lambda edge: (*edge[0], edge[1])))
separations = st.lists(couples, max_size=8)
limits = st.integers(2, PICTURES)


def plainly(
    edges: list[tuple[int, int, int]], separations: list[tuple[int, int]], most: int
) -> tuple[list[set[int]], list[Edge]]:
    """Groups and bridges by definition: the best edge first, all pairs looked at for each."""
    best: dict[tuple[int, int], int] = {}
    for left, right, score in edges:
        pair = (min(left, right), max(left, right))
        best[pair] = max(best.get(pair, score), score)
    apart = {frozenset(pair) for pair in separations}
    sets = [{picture} for picture in sorted({end for pair in best for end in pair})]
    bridges = []
    for left, right in sorted(best, key=lambda pair: (-best[pair], pair)):
        mine = next(each for each in sets if left in each)
        theirs = next(each for each in sets if right in each)
        is_apart = any(frozenset((one, other)) in apart for one in mine for other in theirs)
        if mine is theirs:
            continue
        if is_apart or len(mine) + len(theirs) > most:
            bridges.append(Edge(left, right, best[left, right]))
            continue
        sets.remove(theirs)
        mine |= theirs
    return [each for each in sets if len(each) > 1], bridges


def inner(group: Group, edges: list[tuple[int, int, int]]) -> set[tuple[int, int]]:
    """The edges within a group, lower id first."""
    ends = set(group.members)
    return {(min(a, b), max(a, b)) for a, b, _score in edges if {a, b} <= ends}


def test_nothing_gives_nothing() -> None:
    assert grouped([]) == Grouped([], [])


def test_pairs_join_pictures() -> None:
    found = grouped([(1, 2, 900), (2, 3, 950), (8, 9, 700)])

    assert found.groups == [
        Group((1, 2, 3), Edge(1, 2, 900), representative=2),
        Group((8, 9), Edge(8, 9, 700), representative=8),
    ]
    assert found.bridges == []


def test_a_chain_does_not_join_what_was_compared_and_differs() -> None:
    """1 and 2 are the same sheet, 3 is another: the weaker of the two edges gives way."""
    found = grouped([(1, 2, 950), (2, 3, 800)], separations=[(3, 1)])

    assert [group.members for group in found.groups] == [(1, 2)]
    assert found.bridges == [Edge(2, 3, 800)]


def test_a_separation_holds_for_everything_joined_with_its_pictures() -> None:
    edges = [(1, 2, 990), (3, 4, 980), (2, 3, 970), (4, 5, 960)]

    found = grouped(edges, separations=[(1, 4)])

    assert [group.members for group in found.groups] == [(1, 2), (3, 4, 5)]
    assert found.bridges == [Edge(2, 3, 970)]


def test_what_a_person_said_comes_first_because_its_score_is_the_highest() -> None:
    found = grouped([(1, 2, 950), (2, 3, 1001)], separations=[(1, 3)])

    assert [group.members for group in found.groups] == [(2, 3)]


def test_the_weakest_edge_is_the_lowest_that_is_needed() -> None:
    """Without the edge of score 300 the group hangs together just as well."""
    found = grouped([(1, 2, 900), (2, 3, 800), (1, 3, 300)])

    assert found.groups[0].weakest == Edge(2, 3, 800)


def test_no_group_grows_beyond_the_limit() -> None:
    found = grouped([(1, 2, 9), (3, 4, 8), (2, 3, 7), (4, 5, 6)], most=3)

    assert [group.members for group in found.groups] == [(1, 2), (3, 4, 5)]


def test_a_picture_is_not_joined_with_itself() -> None:
    with pytest.raises(ValueError, match="with itself"):
        grouped([(1, 1, 900)])
    with pytest.raises(ValueError, match="from itself"):
        grouped([(1, 2, 900)], [(2, 2)])


@given(edges, separations, limits)
def test_groups_are_those_of_the_definition(
    edges: list[tuple[int, int, int]], separations: list[tuple[int, int]], most: int
) -> None:
    found = grouped(edges, separations, most=most)

    sets, bridges = plainly(edges, separations, most)
    assert [set(group.members) for group in found.groups] == sorted(sets, key=min)
    inside = [set(group.members) for group in found.groups]
    assert set(bridges) == set(found.bridges)
    assert not any({edge.left, edge.right} <= ends for edge in found.bridges for ends in inside)


@given(edges, separations)
def test_no_group_holds_two_that_are_separated(
    edges: list[tuple[int, int, int]], separations: list[tuple[int, int]]
) -> None:
    apart = {frozenset(pair) for pair in separations}

    for group in grouped(edges, separations).groups:
        assert not any(frozenset(pair) in apart for pair in combinations(group.members, 2))


@given(edges, separations, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(
    edges: list[tuple[int, int, int]], separations: list[tuple[int, int]], random: Random
) -> None:
    found = grouped(edges, separations)
    random.shuffle(edges)
    random.shuffle(separations)
    turned = [(right, left, score) for left, right, score in edges]

    assert grouped(turned, [(right, left) for left, right in separations]) == found


@given(edges, separations)
def test_no_edge_is_lost(
    edges: list[tuple[int, int, int]], separations: list[tuple[int, int]]
) -> None:
    found = grouped(edges, separations)

    within = set().union(*(inner(group, edges) for group in found.groups))
    between = {(edge.left, edge.right) for edge in found.bridges}
    assert within | between == {(min(a, b), max(a, b)) for a, b, _score in edges}
    assert not within & between


@given(edges, separations)
def test_the_edges_of_a_group_hold_it_together(
    edges: list[tuple[int, int, int]], separations: list[tuple[int, int]]
) -> None:
    for group in grouped(edges, separations).groups:
        links = inner(group, edges)
        reached = {group.members[0]}
        while more := {end for link in links if reached & set(link) for end in link} - reached:
            reached |= more
        assert reached == set(group.members)


@given(edges, separations)
def test_no_two_groups_could_be_joined(
    edges: list[tuple[int, int, int]], separations: list[tuple[int, int]]
) -> None:
    """Across each bridge lies a separation."""
    apart = {frozenset(pair) for pair in separations}
    found = grouped(edges, separations)
    home = {picture: group.members for group in found.groups for picture in group.members}

    for left, right, _score in found.bridges:
        sides = home.get(left, (left,)), home.get(right, (right,))
        assert any(frozenset((one, other)) in apart for one in sides[0] for other in sides[1])


@given(edges)
def test_without_its_weakest_edge_and_those_below_a_group_falls_apart(
    edges: list[tuple[int, int, int]],
) -> None:
    for group in grouped(edges).groups:
        ends = set(group.members)
        stronger = [
            (a, b, score) for a, b, score in edges if {a, b} <= ends and score > group.weakest.score
        ]
        assert group.members not in [each.members for each in grouped(stronger).groups]


def test_many_foes_of_few_groups_are_carried_along() -> None:
    """Every picture of one long chain is separated from every one of another."""
    left = [(number, number + 1, 900) for number in range(1, 60)]
    right = [(number, number + 1, 899) for number in range(101, 160)]
    apart = [(one, other) for one in range(1, 61) for other in range(101, 161)]

    found = grouped([*left, *right, (60, 101, 898)], apart)

    assert [group.size for group in found.groups] == [60, 60]
    assert found.bridges == [Edge(60, 101, 898)]
