"""What a list of candidate pairs is worth, held against the truth."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from scanning.labelled.truth import ORIGINAL, Entry

IDENTICAL: Final = "identical"
LOOKALIKE: Final = "lookalike"
QUEUE: Final = (IDENTICAL, "same_pixels", "near")
# What the comparison has judged, so that its score means something.
COMPARED: Final = ("near", LOOKALIKE)
BANDS: Final = 10
ACROSS: Final = "across domains"

Key = tuple[str, str]


class Candidate(NamedTuple):
    """A pair as `export_candidates` writes it: first paths of two pictures, or two equal files."""

    left: str
    right: str
    tier: str
    score: float


@dataclass(slots=True)
class Recall:
    """Copies, those whose pair with the original is in the queue, those in one group with it."""

    of: int = 0
    found: int = 0
    grouped: int = 0

    @property
    def share(self) -> float:
        return self.found / self.of if self.of else 1.0

    @property
    def grouped_share(self) -> float:
        return self.grouped / self.of if self.of else 1.0


@dataclass(slots=True)
class Wrong:
    """Pairs of different origins among `files` files: in the queue, and kept out of it."""

    files: int = 0
    in_queue: int = 0
    kept_out: int = 0

    @property
    def per_1000(self) -> float:
        return 1000 * self.in_queue / self.files if self.files else 0.0


@dataclass(slots=True)
class Difference:
    """Pairs of origins that are alike but for one thing.

    in_queue: those whose originals are a pair in the queue. copies_in_queue: further wrong pairs
    between files of two such origins.
    """

    of: int = 0
    in_queue: int = 0
    copies_in_queue: int = 0

    @property
    def share(self) -> float:
        return self.in_queue / self.of if self.of else 0.0


@dataclass(slots=True)
class Band:
    """Compared pairs whose score lies in one tenth of 0 to 1, and how many of them are true."""

    low: float
    pairs: int = 0
    true: int = 0

    @property
    def share(self) -> float:
        return self.true / self.pairs if self.pairs else 0.0


@dataclass(slots=True)
class Evaluation:
    """The result; `recall` by (transform, domain), `wrong` by domain."""

    files: int
    recall: dict[Key, Recall] = field(default_factory=dict)
    wrong: dict[str, Wrong] = field(default_factory=dict)
    differences: dict[str, Difference] = field(default_factory=dict)
    bands: list[Band] = field(default_factory=list)
    missed: list[tuple[Entry, Entry]] = field(default_factory=list)  # copy, original
    false: list[Candidate] = field(default_factory=list)
    unlabelled: int = 0  # pairs with a file that the truth does not know

    def recall_of(self, transform: str | None = None, domain: str | None = None) -> Recall:
        """The sum over a transform, a domain, both, or everything."""
        total = Recall()
        for (its_transform, its_domain), cell in self.recall.items():
            if transform in (None, its_transform) and domain in (None, its_domain):
                total.of += cell.of
                total.found += cell.found
                total.grouped += cell.grouped
        return total

    def all_wrong(self) -> Wrong:
        """The sum over the domains and across them."""
        wrongs = self.wrong.values()
        return Wrong(self.files, sum(w.in_queue for w in wrongs), sum(w.kept_out for w in wrongs))

    @property
    def transforms(self) -> list[str]:
        """By name."""
        return sorted({transform for transform, _domain in self.recall})

    @property
    def domains(self) -> list[str]:
        """In the order of the truth."""
        return [name for name in self.wrong if name != ACROSS]


def read_candidates(lines: Iterable[str]) -> Iterator[Candidate]:
    """The pairs of a CSV file that `export_candidates` wrote."""
    for line in csv.DictReader(lines):
        yield Candidate(line["left"], line["right"], line["tier"], float(line["score"]))


def evaluate(entries: Sequence[Entry], candidates: Iterable[Candidate]) -> Evaluation:
    """Count what was found, what was missed, and what is wrong.

    A copy is found when the queue has a pair of it with its original: the first file of its origin
    that is labelled `original`, or else the first file of its origin. Equal files count as one
    picture. It is grouped when a chain of true pairs of the queue leads to the original.
    """
    known = {entry.path: entry for entry in entries}
    result = Evaluation(len(entries), bands=[Band(number / BANDS) for number in range(BANDS)])
    pairs = []
    for pair in candidates:
        if pair.left in known and pair.right in known:
            pairs.append(pair)
        else:
            result.unlabelled += 1
    pictures = _pictures(pairs)
    queue = [pair for pair in pairs if pair.tier in QUEUE]
    original_of = _originals(entries)
    _count_recall(result, entries, original_of, queue, pictures, known)
    _count_wrong(result, entries, pairs, known)
    _count_differences(result, original_of, queue, pictures, known)
    for pair in pairs:
        if pair.tier in COMPARED:
            band = result.bands[min(BANDS - 1, int(pair.score * BANDS))]
            band.pairs += 1
            band.true += _is_true(pair, known)
    return result


def _pictures(pairs: Sequence[Candidate]) -> dict[str, str]:
    """For each of several equal files the first one, which stands for their picture."""
    return {pair.right: pair.left for pair in pairs if pair.tier == IDENTICAL}


def _originals(entries: Sequence[Entry]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        kept = found.setdefault(entry.origin, entry)
        if entry.transform == ORIGINAL and kept.transform != ORIGINAL:
            found[entry.origin] = entry
    return found


def _is_true(pair: Candidate, known: dict[str, Entry]) -> bool:
    return known[pair.left].origin == known[pair.right].origin


def _count_recall(
    result: Evaluation,
    entries: Sequence[Entry],
    original_of: dict[str, Entry],
    queue: Sequence[Candidate],
    pictures: dict[str, str],
    known: dict[str, Entry],
) -> None:
    direct: set[frozenset[str]] = set()
    chains = _Groups()
    for pair in queue:
        ends = [pictures.get(path, path) for path in (pair.left, pair.right)]
        direct.add(frozenset(ends))
        if _is_true(pair, known):
            chains.join(*ends)
    for entry in entries:
        original = original_of[entry.origin]
        if entry is original:
            continue
        cell = result.recall.setdefault((entry.transform, entry.domain), Recall())
        ends = [pictures.get(path, path) for path in (entry.path, original.path)]
        found = ends[0] == ends[1] or frozenset(ends) in direct
        cell.of += 1
        cell.found += found
        cell.grouped += found or chains.of(ends[0]) == chains.of(ends[1])
        if not found:
            result.missed.append((entry, original))


def _count_wrong(
    result: Evaluation,
    entries: Sequence[Entry],
    pairs: Sequence[Candidate],
    known: dict[str, Entry],
) -> None:
    for entry in entries:
        result.wrong.setdefault(entry.domain, Wrong()).files += 1
    for pair in pairs:
        if _is_true(pair, known):
            continue
        domains = {known[pair.left].domain, known[pair.right].domain}
        wrong = result.wrong.setdefault(domains.pop() if len(domains) == 1 else ACROSS, Wrong())
        if pair.tier == LOOKALIKE:
            wrong.kept_out += 1
        else:
            wrong.in_queue += 1
            result.false.append(pair)


def _count_differences(
    result: Evaluation,
    original_of: dict[str, Entry],
    queue: Sequence[Candidate],
    pictures: dict[str, str],
    known: dict[str, Entry],
) -> None:
    alike = {
        frozenset((origin, entry.differs_from)): set[frozenset[str]]()
        for origin, entry in original_of.items()
        if entry.differs_from
    }
    for pair in queue:
        origins = frozenset((known[pair.left].origin, known[pair.right].origin))
        if origins in alike:
            alike[origins].add(frozenset((pair.left, pair.right)))
    for origin, entry in original_of.items():
        if not entry.differs_from:
            continue
        other = original_of[entry.differs_from]
        ends = frozenset(pictures.get(path, path) for path in (entry.path, other.path))
        found = alike[frozenset((origin, other.origin))]
        difference = result.differences.setdefault(entry.difference, Difference())
        difference.of += 1
        difference.in_queue += ends in found or len(ends) == 1
        difference.copies_in_queue += len(found - {ends})


class _Groups:
    """Files joined by pairs: a union-find forest."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The file that stands for the group of `path`."""
        while (parent := self._parent.get(path, path)) != path:
            self._parent[path] = self._parent.get(parent, parent)
            path = parent
        return path

    def join(self, one: str, other: str) -> None:
        self._parent[self.of(one)] = self.of(other)
