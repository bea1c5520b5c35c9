"""How much there is twice, worked out by hand on small collections."""

import random

from scanning.duplicates import Amount, Duplicates, File, Forest

A, B, C, D = b"a", b"b", b"c", b"d"


def file(content: bytes, size: int, **attributes: str) -> File:
    return File(content, size, attributes)


def test_nothing() -> None:
    empty = Duplicates.of([], [], [])
    assert empty.total == empty.certain == empty.near == Amount(0, 0)
    assert (empty.group_count, empty.groups, empty.attributes) == (0, [], {})


def test_equal_files_keep_one() -> None:
    found = Duplicates.of([file(A, 10), file(A, 10), file(A, 10), file(B, 5)], [], [])
    assert found.total == Amount(4, 35)
    assert found.identical == Amount(2, 20)
    assert found.certain == Amount(2, 20)
    [group] = found.groups
    assert (group.total, group.copies) == (Amount(3, 30), Amount(2, 20))
    assert (group.contents, group.is_certain) == ((A,), True)


def test_groups_keep_their_largest_file() -> None:
    """A and B show the same pixels, C is near to B, D stands alone."""
    files = [file(A, 10), file(A, 10), file(B, 40), file(C, 100), file(D, 7)]
    found = Duplicates.of(files, [(A, B)], [(B, C)])
    assert found.identical == Amount(1, 10)
    assert found.same_pixels == Amount(1, 10)  # B stays, A goes
    assert found.near == Amount(1, 40)  # C stays, B goes as well
    assert found.certain == Amount(2, 20)
    [group] = found.groups
    assert (group.total, group.copies) == (Amount(4, 160), Amount(3, 60))
    assert group.contents == (C, B, A)
    assert group.content_count == 3
    assert not group.is_certain


def test_pairs_of_files_that_are_gone_do_not_count() -> None:
    found = Duplicates.of([file(A, 10)], [(A, B)], [(C, D)])
    assert (found.certain, found.near, found.group_count) == (Amount(0, 0), Amount(0, 0), 0)


def test_the_largest_groups_come_first() -> None:
    files = [file(bytes([n]), 1) for n in range(10)]
    near = [(b"\0", b"\1"), (b"\2", b"\3"), (b"\3", b"\4"), (b"\5", b"\6")]
    found = Duplicates.of(files, [], near, largest=2, shown=2)
    assert found.group_count == 3
    assert [group.total.files for group in found.groups] == [3, 2]
    assert found.groups[0].contents == (b"\2", b"\3")
    assert found.groups[0].content_count == 3


def test_attributes_count_the_files_that_share_a_group() -> None:
    files = [
        file(A, 10, vendor="Peak"),
        file(A, 10, vendor="Harbour"),
        file(B, 20, vendor="Peak"),
        file(C, 30, vendor="Lantau", bureau="Lands"),
        file(D, 5),
    ]
    found = Duplicates.of(files, [], [(B, C)])
    assert list(found.attributes) == ["bureau", "vendor"]
    assert [
        (row.value, row.files, row.bytes, row.certain, row.possible)
        for row in found.attributes["vendor"]
    ] == [("Peak", 2, 30, 1, 1), ("Harbour", 1, 10, 1, 0), ("Lantau", 1, 30, 0, 1)]


def test_the_forest_agrees_with_a_plain_search() -> None:
    chance = random.Random(7)  # noqa: S311  pairs, not secrets
    pairs = [(chance.randrange(60), chance.randrange(60)) for _ in range(40)]
    forest = Forest(60)
    for left, right in pairs:
        forest.join(left, right)

    def reachable(start: int) -> set[int]:
        seen, waiting = {start}, [start]
        while waiting:
            node = waiting.pop()
            for pair in pairs:
                if node in pair:
                    for other in set(pair) - seen:
                        seen.add(other)
                        waiting.append(other)
        return seen

    for node in range(60):
        assert {other for other in range(60) if forest.root(other) == forest.root(node)} == (
            reachable(node)
        )
