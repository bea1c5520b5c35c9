"""Which files of a library stay and which may go: stars around keepers, never chains.

A file may go only where people confirmed it, directly, as a duplicate of the file that is kept.
That A is B, and B is C, does not make C a copy of A.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from review.keeping import Candidate, choose

Content = bytes  # the SHA-256 of the bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file by id, with its content and what the keep rule looks at."""

    pk: int
    content: Content
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Link:
    """A decision in force: the two contents are duplicates; of one content: all its files are."""

    left: Content
    right: Content
    decision: int


@dataclass(frozen=True, slots=True)
class Fate:
    """A file, the one that is kept for it, and the criterion and the decision that say so.

    Without a keeper the file stays: nobody confirmed it as a duplicate of one that is kept.
    """

    file: int
    keeper: int | None = None
    kept_for: str = ""
    decision: int | None = None


def fates(files: Iterable[File], links: Iterable[Link], order: Sequence[str]) -> Iterator[Fate]:
    """The fate of every file that is not kept itself; of equals the first one is kept."""
    decisions = {(link.left, link.right): link.decision for link in links}
    decisions |= {(right, left): decision for (left, right), decision in decisions.items()}
    by_content: defaultdict[Content, list[File]] = defaultdict(list)
    for file in files:
        by_content[file.content].append(file)
    for contents in _joined(by_content, decisions):
        rest = [file for content in contents for file in by_content[content]]
        yield from _of_one_star_after_another(rest, decisions, order)


def _of_one_star_after_another(
    rest: list[File], decisions: Mapping[tuple[Content, Content], int], order: Sequence[str]
) -> Iterator[Fate]:
    is_first = True
    while rest:
        keeper = rest.pop(choose([file.candidate for file in rest], order).place)
        going = [file for file in rest if (file.content, keeper.content) in decisions]
        for file in going:
            code = choose([keeper.candidate, file.candidate], order).code
            decision = decisions[file.content, keeper.content]
            yield Fate(file.pk, keeper.pk, code, decision)
        if not going and not is_first:
            yield Fate(keeper.pk)
        gone = {file.pk for file in going}
        rest = [file for file in rest if file.pk not in gone]
        is_first = False


def _joined(
    contents: Mapping[Content, object], decisions: Mapping[tuple[Content, Content], int]
) -> Iterator[list[Content]]:
    """Contents that decisions join, in the order in which they come."""
    neighbours: defaultdict[Content, list[Content]] = defaultdict(list)
    for left, right in decisions:
        if left in contents and right in contents:
            neighbours[left].append(right)
    seen = set[Content]()
    place = {content: number for number, content in enumerate(contents)}
    for start in contents:
        if start in seen or start not in neighbours:
            continue
        found, ahead = {start}, [start]
        while ahead:
            more = [each for each in neighbours[ahead.pop()] if each not in found]
            found.update(more)
            ahead.extend(more)
        seen |= found
        yield sorted(found, key=lambda content: place[content])
