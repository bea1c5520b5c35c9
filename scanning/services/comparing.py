"""The last phase of a run: compare near pairs on the pictures themselves, and store the evidence.

A near code only says that two pictures may be the same. The comparison lays them on each other and
says whether they are (`near`) or only look alike (`lookalike`), with the boxes that differ. What
one version of it has judged is not compared again by a later scan.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from scanning.engine.comparison.compare import compare
from scanning.engine.comparison.evidence import Box, Comparison
from scanning.engine.comparison.prepared import EDGE, Prepared
from scanning.engine.search.join import Pairs
from scanning.models import CandidatePair, Chunk, Finding, Picture, ScanRun
from scanning.services import ledger
from scanning.services.reading import CAREFUL_ATTEMPT, decoder, read_again
from scanning.versions import comparison_version

VERSION = comparison_version()

Tier = CandidatePair.Tier

CHUNK_PAIRS = 50
KEPT_PICTURES = 96
# Pixels of the longer edge at which photographs are compared.
SKETCH = 512
STORE_SECONDS = 3.0
# The score, in thousandths, of a pair that could not be compared.
UNDECIDED = 500


def wanted(run: ScanRun) -> QuerySet[CandidatePair]:
    """The run's pairs that this version of the comparison has not judged."""
    findings = Finding.objects.filter(run=run, pair=OuterRef("pk"))
    return CandidatePair.objects.filter(
        Exists(findings), tier__in=(Tier.NEAR, Tier.LOOKALIKE)
    ).exclude(compared_with=VERSION)


def parts(run: ScanRun) -> Iterator[dict[str, Any]]:
    """The wanted pairs divided among chunks, so that a picture meets its neighbours together.

    Reading a picture and making it ready costs as much as a comparison. So pictures are put into
    an order in which the two of a pair lie close to each other.
    """
    rows = wanted(run).order_by("left_id", "right_id").values_list("pk", "left_id", "right_id")
    pairs = np.array(list(rows.iterator(10_000)), np.int64).reshape(-1, 3)
    ordered = pairs[_neighbours(pairs[:, 1:]), 0].tolist()
    for start in range(0, len(ordered), CHUNK_PAIRS):
        yield {"pair_ids": ordered[start : start + CHUNK_PAIRS]}


def _neighbours(pairs: Pairs) -> NDArray[np.intp]:
    """The order in which to take pairs of pictures, by the method of Cuthill and McKee (1969)."""
    pictures, places = np.unique(pairs, return_inverse=True)
    left, right = places.reshape(-1, 2).T
    shape = (len(pictures), len(pictures))
    graph = csr_array((np.ones(2 * len(pairs)), (np.r_[left, right], np.r_[right, left])), shape)
    rank = np.empty(len(pictures), np.int64)
    rank[reverse_cuthill_mckee(graph, symmetric_mode=True)] = np.arange(len(pictures))
    one, other = rank[left], rank[right]
    return np.lexsort((np.minimum(one, other), np.maximum(one, other)))


@dataclass(slots=True)
class Greys:
    """Grey pictures of a library, ready to be compared, the last few of them kept.

    Neighbours come one after another, also from chunk to chunk: so most pictures are read and
    prepared once.
    """

    run_id: int
    library_id: int
    keep: Callable[[], None]
    kept: OrderedDict[tuple[int, int], Prepared | None] = field(default_factory=OrderedDict)
    papers: set[int] = field(default_factory=set)  # ids of pictures known to be documents
    expects_papers: bool = False  # the pair before was of documents: this one may be, too

    def of(self, picture: Picture, edge: int) -> Prepared | None:
        """The picture with no edge over `edge` pixels; None when it cannot be read any more."""
        key = (picture.pk, edge)
        if key not in self.kept:
            grey = read_again(
                self.library_id,
                bytes(picture.sha256),
                lambda descriptor: decoder().grey(descriptor, picture.page, max_edge=edge),
                self.keep,
            )
            self.kept[key] = None if grey is None else Prepared(grey)
            if len(self.kept) > KEPT_PICTURES:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        return self.kept[key]

    def both(self, pair: CandidatePair) -> tuple[Prepared, Prepared] | None:
        """Both pictures as large as the comparison needs them: documents are read closely."""
        if not self._are_papers(pair):
            left, right = self.of(pair.left, SKETCH), self.of(pair.right, SKETCH)
            if left is None or right is None:
                return None
            self._note(pair, left, right)
            if not self.expects_papers:
                return left, right
        left, right = self.of(pair.left, EDGE), self.of(pair.right, EDGE)
        return None if left is None or right is None else (left, right)

    def _are_papers(self, pair: CandidatePair) -> bool:
        """Whether a document is among the two, as far as can be told without a sketch of both."""
        if self.expects_papers and self.papers.isdisjoint((pair.left_id, pair.right_id)):
            left, right = self.of(pair.left, EDGE), self.of(pair.right, EDGE)
            if left is not None and right is not None:
                self._note(pair, left, right)
        self.expects_papers = not self.papers.isdisjoint((pair.left_id, pair.right_id))
        return self.expects_papers

    def _note(self, pair: CandidatePair, left: Prepared, right: Prepared) -> None:
        self.papers |= {
            pk for pk, seen in ((pair.left_id, left), (pair.right_id, right)) if seen.is_paper
        }
        self.expects_papers = left.is_paper or right.is_paper


def compare_pairs(chunk: Chunk) -> None:
    """Do a run's compare chunk: judge its pairs that this version has not judged yet.

    A pair of which a picture is out of reach now is left to people, and to the next run.

    Raises:
        LostLease: the chunk is no longer ours, or its run was paused or ended.
    """
    greys = _greys(chunk)
    # After trouble pairs are stored one by one, to find out which one ends the worker.
    pause = STORE_SECONDS if chunk.attempts < CAREFUL_ATTEMPT else 0.0
    judged: list[CandidatePair] = []
    stored = time.monotonic()
    for pair in _open_pairs(chunk):
        both = greys.both(pair)
        if both is None:
            _leave_to_people(pair)
        else:
            _judge(pair, compare(*both))
        judged.append(pair)
        if time.monotonic() - stored >= pause:
            if _store(chunk, judged).run.is_paused:
                raise ledger.LostLease
            judged, stored = [], time.monotonic()
    _store(chunk, judged)
    _complete(chunk)


_last: Greys | None = None


def _greys(chunk: Chunk) -> Greys:
    """Those that this process kept of the library's last chunk, if it was this one's run.

    What could not be read is tried again.
    """
    global _last
    known = _last.kept if _last and _last.run_id == chunk.run_id else {}
    _last = Greys(
        chunk.run_id,
        chunk.run.library_id,
        ledger.LeaseKeeper(chunk),
        OrderedDict((key, grey) for key, grey in known.items() if grey is not None),
        _last.papers if _last and known else set(),
    )
    return _last


def give_up(chunk: Chunk) -> None:
    """Do a chunk that has ended too many workers: its first open pair is left to people.

    Raises:
        LostLease: as in `compare_pairs`.
    """
    for culprit in _open_pairs(chunk)[:1]:
        _leave_to_people(culprit)
        culprit.compared_with = VERSION
        _store(chunk, [culprit])
    compare_pairs(chunk)


def _open_pairs(chunk: Chunk) -> list[CandidatePair]:
    """Those that are not judged yet, in the order of the chunk."""
    pairs = CandidatePair.objects.filter(pk__in=chunk.pair_ids).exclude(compared_with=VERSION)
    place = {pk: number for number, pk in enumerate(chunk.pair_ids)}
    return sorted(pairs.select_related("left", "right"), key=lambda pair: place[pair.pk])


def _judge(pair: CandidatePair, comparison: Comparison) -> None:
    """What cannot be decided is shown to people, as a near pair."""
    is_lookalike = comparison.verdict == "lookalike"
    pair.tier = Tier.LOOKALIKE if is_lookalike else Tier.NEAR
    pair.score = comparison.score
    pair.transform = comparison.transform.code() if comparison.transform else ""
    pair.evidence = pair.evidence | {"comparison": evidence_of(comparison)}
    pair.compared_with = VERSION


def _leave_to_people(pair: CandidatePair) -> None:
    """A pair that could not be compared must not stay hidden among the look-alikes."""
    pair.tier, pair.score = Tier.NEAR, UNDECIDED


def evidence_of(comparison: Comparison) -> dict[str, Any]:
    """A comparison in whole numbers: shares and places in thousandths, the placement in millionths.

    `regions` are places of the left picture, `other_regions` the same ones of the right picture.
    """
    return {
        "version": VERSION,
        "verdict": comparison.verdict,
        "reason": comparison.reason,
        "score": comparison.score,
        "transform": comparison.transform.code() if comparison.transform else "",
        "regions": _thousandths(comparison.regions),
        "other_regions": _thousandths(comparison.other_regions),
        "placement": [round(1_000_000 * value) for value in comparison.placement or ()],
        "worst_tile": round(1000 * comparison.worst_tile),
        "mean_tile": round(1000 * comparison.mean_tile),
        "agreeing_share": round(1000 * comparison.agreeing_share),
    }


def _thousandths(boxes: tuple[Box, ...]) -> list[list[int]]:
    return [
        [round(1000 * edge) for edge in (box.left, box.top, box.width, box.height)] for box in boxes
    ]


@transaction.atomic
def _store(chunk: Chunk, judged: list[CandidatePair]) -> Chunk:
    """Write what was judged so far; the chunk as it stands, whose run may have been paused."""
    current = ledger.hold(chunk)
    CandidatePair.objects.bulk_update(
        sorted(judged, key=lambda pair: pair.pk),
        ["tier", "score", "transform", "evidence", "compared_with"],
    )
    current.pairs_done = min(current.pairs_done + len(judged), len(current.pair_ids))
    if judged:
        current.attempts = 0  # whatever ended workers before, there is progress
    current.save(update_fields=["pairs_done", "attempts", "lease_until"])
    return current


@transaction.atomic
def _complete(chunk: Chunk) -> None:
    current = ledger.hold(chunk)
    current.pairs_done = len(current.pair_ids)
    current.state = Chunk.State.DONE
    current.save(update_fields=["state", "pairs_done", "lease_until"])
