"""The third phase of a run: find the candidate pairs of a library and store them.

Pairs are found on distinct contents: equal files are one picture, equal codes one node. What the
job's rules say about attributes decides which pairs are findings of this library.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any

from django.db import transaction

from scanning.attributes import matters
from scanning.contents import Content, codes_of, contents_of
from scanning.engine.fingerprints import ALGORITHMS
from scanning.models import CandidatePair, Chunk, Finding, Fingerprint, ScanRun
from scanning.services import comparing, ledger, near
from scanning.services.reading import decoder, read_again

Tier = CandidatePair.Tier

BATCH = 1000
# A node of equal codes lists all its pairs up to this size, and only those with its first
# picture beyond: a thousand flat-looking scans must not become half a million rows.
WHOLE_NODE = 30
# Same pixels in another container: decoding on a reduced scale moves the hash by this much.
SAME_PIXELS_DISTANCE = 6


@dataclass(frozen=True, slots=True)
class Match:
    """A pair of contents before the rules about attributes are asked; score in thousandths.

    What is near has no score yet: the comparison gives it.
    """

    left: Content
    right: Content
    tier: CandidatePair.Tier
    distance: int | None
    score: int = 0
    way: str = ""

    @property
    def key(self) -> tuple[int, int]:
        return self.left.pk, self.right.pk


def match(chunk: Chunk) -> None:
    """Do a run's match chunk: bring the findings of its library up to date.

    Raises:
        LostLease: the chunk is no longer ours, or its run was paused or ended.
    """
    configuration = chunk.run.configuration
    keep = ledger.LeaseKeeper(chunk)
    contents = contents_of(chunk.run, keep)
    large = [
        content
        for content in contents.values()
        if min(content.size) >= configuration["minimum_edge"]
    ]
    notices: list[str] = []
    found = _matches(
        large, configuration["near_radius"], chunk.run.library_id, keep, notices.append
    )
    findings = (match for match in found if _matters(match, configuration))
    while batch := list(islice(findings, BATCH)):
        _store(chunk, batch)
    with transaction.atomic():
        current = ledger.hold(chunk)
        Finding.objects.filter(job_id=chunk.run.job_id).exclude(run=chunk.run).delete()
        current.state = Chunk.State.DONE
        current.save(update_fields=["state", "lease_until"])
        if notices:
            ScanRun.objects.filter(pk=chunk.run_id).update(notices=chunk.run.notices + notices)


def _matches(
    contents: list[Content],
    radius: int,
    library_id: int,
    keep: Callable[[], None],
    tell: Callable[[str], None],
) -> Iterator[Match]:
    """Every match among the contents, each pair once, left before right by digest."""
    for content in contents:
        if len(content.files) > 1:
            yield Match(content, content, Tier.IDENTICAL, 0, 1000)
    pixels = _Pixels(codes_of(contents, "pixels"), library_id, keep)
    hashes = codes_of(contents, "phash256")
    hashed = [content for content in contents if content.pk in hashes]
    for left, right, distance, way in near.pairs(hashed, radius, keep, tell):
        keep()
        is_whole = way == "whole" and distance <= SAME_PIXELS_DISTANCE
        if is_whole and pixels.are_same(left, right):
            yield Match(left, right, Tier.SAME_PIXELS, distance, 999)
        else:
            yield Match(left, right, Tier.NEAR, distance, way=way)
    flat: dict[bytes, list[Content]] = defaultdict(list)
    for content in contents:
        if content.pk not in hashes and content.pk in pixels.known:
            flat[pixels.known[content.pk]].append(content)
    for node in flat.values():
        for left, right in _pairs_within(node):
            yield Match(left, right, Tier.SAME_PIXELS, None, 999)


def _pairs_within(node: list[Content]) -> Iterator[tuple[Content, Content]]:
    if len(node) <= WHOLE_NODE:
        yield from combinations(node, 2)
    else:
        yield from ((node[0], other) for other in node[1:])


@dataclass(slots=True)
class _Pixels:
    """Digests of decoded pixels; those that reading left out are computed when first needed.

    Nothing stands for a picture of which no file can be read any more.
    """

    known: dict[int, bytes]
    library_id: int
    keep: Callable[[], None]

    def are_same(self, left: Content, right: Content) -> bool:
        """Whether the two decode to the same pixels."""
        if left.size != right.size:
            return False
        first, second = self._digest(left), self._digest(right)
        return bool(first) and first == second

    def _digest(self, content: Content) -> bytes:
        if content.pk not in self.known:
            digest = read_again(self.library_id, content.sha256, decoder().pixel_digest, self.keep)
            self.known[content.pk] = digest or b""
            if digest:
                Fingerprint.objects.bulk_create(
                    [
                        Fingerprint(
                            picture_id=content.pk,
                            algorithm="pixels",
                            version=ALGORITHMS["pixels"],
                            code=digest,
                        )
                    ],
                    ignore_conflicts=True,
                )
        return self.known[content.pk]


def _matters(match: Match, configuration: dict[str, Any]) -> bool:
    """Whether the job's rules about attributes hold for some file of each side."""
    rules = {name: configuration[name] for name in ("must_agree", "must_differ")}
    if not any(rules.values()):
        return True
    pairs = (
        combinations(match.left.files, 2)
        if match.left is match.right
        else product(match.left.files, match.right.files)
    )
    return any(matters(left, right, **rules) for left, right in pairs)


@transaction.atomic
def _store(chunk: Chunk, batch: list[Match]) -> None:
    """Write a batch of pairs and their findings, in the order of their pictures."""
    ledger.hold(chunk).save(update_fields=["lease_until"])
    batch.sort(key=lambda match: (match.left.pk, match.right.pk))
    judged = _judged(batch)
    pairs = CandidatePair.objects.bulk_create(
        [_pair(match, chunk.run) for match in batch if match.key not in judged],
        update_conflicts=True,
        unique_fields=["left", "right"],
        update_fields=["tier", "distance", "score", "transform", "evidence", "compared_with"],
    )
    ids = [*(pair.pk for pair in pairs), *judged.values()]
    Finding.objects.bulk_create(
        [
            Finding(
                pair_id=pk,
                library_id=chunk.run.library_id,
                job_id=chunk.run.job_id,
                run=chunk.run,
            )
            for pk in sorted(ids)
        ],
        update_conflicts=True,
        unique_fields=["pair", "job"],
        update_fields=["run"],
    )


def _judged(batch: list[Match]) -> dict[tuple[int, int], int]:
    """The near pairs among the batch that the present comparison has judged, by their pictures.

    They keep what it said: a later scan only finds them again. Locked, because the scan of
    another library may be judging them now.
    """
    near = [match for match in batch if match.tier == Tier.NEAR]
    rows = CandidatePair.objects.filter(
        left_id__in={match.left.pk for match in near},
        right_id__in={match.right.pk for match in near},
    )
    known = {
        (pair.left_id, pair.right_id): pair.pk
        for pair in rows.only("left_id", "right_id", "compared_with")
        .order_by("pk")
        .select_for_update(no_key=True)
        if pair.compared_with == comparing.VERSION
    }
    return {match.key: known[match.key] for match in near if match.key in known}


def _pair(match: Match, run: ScanRun) -> CandidatePair:
    """The row of a match. A near one is kept out of the queue until it has been compared."""
    is_near = match.tier == Tier.NEAR
    return CandidatePair(
        left_id=match.left.pk,
        right_id=match.right.pk,
        tier=Tier.LOOKALIKE if is_near else match.tier,
        distance=match.distance,
        score=0 if is_near else match.score,
        evidence={
            "near_radius": run.configuration["near_radius"],
            "way": match.way,
            "algorithms": ALGORITHMS,
        },
    )
