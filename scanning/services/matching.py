"""The third phase of a run: find the candidate pairs of a library and store them.

Pairs are found on distinct contents: equal files are one picture, equal codes one node. What the
job's rules say about attributes decides which pairs are findings of this library.

The run's first match chunk makes the plan of the join. A small join it does at once; a large one
it divides among chunks, which any worker may do, and a last one stores the pairs of all of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any, Self

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from scanning.attributes import matters
from scanning.contents import Content, codes_of, contents_of
from scanning.engine.hashing.fingerprints import ALGORITHMS
from scanning.engine.search.nearest import Rows
from scanning.engine.search.ways import Radii
from scanning.models import CandidatePair, Chunk, Finding, Fingerprint, Joined, ScanRun
from scanning.services import comparing, ledger, near
from scanning.services.joining import Arrays, Plan, packed, unpacked
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
    """Do a run's match chunk: plan the join, do a share of it, or store what was found.

    Raises:
        LostLease: the chunk is no longer ours, or its run was paused or ended.
    """
    if "rows" in chunk.part:
        _join(chunk)
    else:
        _Matching.of(chunk).begin()


def is_unsettled(run: ScanRun) -> bool:
    """Whether the join was divided, and its pairs are still to be stored."""
    parts = Chunk.objects.filter(run=run, kind=Chunk.Kind.MATCH).values_list("part", flat=True)
    return any("rows" in part for part in parts) and not any("settle" in part for part in parts)


def settle_later(run: ScanRun) -> None:
    """Add the chunk that stores the pairs of a divided join."""
    count = Chunk.objects.filter(run=run, kind=Chunk.Kind.MATCH).count()
    ledger.add_chunks(run, Chunk.Kind.MATCH, [{"part": {"settle": True}}], first=count)


def _join(chunk: Chunk) -> None:
    """Do one share of a divided join."""
    keep, figures = ledger.LeaseKeeper(chunk), near.Figures()
    plan = Plan.of(unpacked(Joined.objects.get(chunk__in=_first(chunk))))
    radii = near.radii_of(chunk.run.configuration, len(plan))
    first, last = chunk.part["rows"]
    arrays = _packed({"rows": near.share_of(plan, (first, last), radii, keep, figures)}, keep)
    with transaction.atomic():
        current = ledger.hold(chunk)
        _keep_arrays(chunk, arrays, figures)
        _done(current)


def _first(chunk: Chunk) -> QuerySet[Chunk]:
    return Chunk.objects.filter(run_id=chunk.run_id, kind=Chunk.Kind.MATCH, ordinal=0)


def _packed(arrays: Arrays, keep: ledger.LeaseKeeper) -> bytes:
    """Packed before the transaction begins: one that waits for that would be broken off."""
    keep()
    return packed(arrays)


def _keep_arrays(chunk: Chunk, arrays: bytes, figures: near.Figures, key: str = "") -> None:
    Joined.objects.update_or_create(
        chunk=chunk,
        defaults={
            "job_id": chunk.run.job_id,
            "key": key,
            "arrays": arrays,
            "figures": figures.as_json,
        },
    )


def _done(current: Chunk) -> None:
    current.state = Chunk.State.DONE
    current.save(update_fields=["state", "lease_until"])


@dataclass(slots=True)
class _Matching:
    """Matching as a whole: the plan, and what follows from all shares."""

    chunk: Chunk
    keep: ledger.LeaseKeeper
    contents: list[Content]
    pictures: near.Pictures
    radii: Radii
    key: str
    kept: Arrays | None
    figures: near.Figures
    notices: list[str]

    @classmethod
    def of(cls, chunk: Chunk) -> Self:
        configuration = chunk.run.configuration
        keep = ledger.LeaseKeeper(chunk)
        contents = [
            content
            for content in contents_of(chunk.run, keep)
            if min(content.size) >= configuration["minimum_edge"]
        ]
        pictures = near.Pictures.of(contents, keep)
        keep()
        radii = near.radii_of(configuration, len(pictures.nodes))
        key = near.key_of(radii)
        kept = near.kept_of(chunk.run, key)
        return cls(chunk, keep, contents, pictures, radii, key, kept, near.Figures(), [])

    def begin(self) -> None:
        if "settle" in self.chunk.part:
            self._settle_shares()
            return
        plan = self._planned()
        shares = plan.shares()
        if len(shares) > 1:
            self._divide(plan, shares)
        else:
            self._join_at_once(plan)

    def _planned(self) -> Plan:
        return near.planned(self.pictures, self.kept, self.keep, self.figures)

    def _join_at_once(self, plan: Plan) -> None:
        shares = plan.shares()
        self._settle(
            plan,
            [near.share_of(plan, rows, self.radii, self.keep, self.figures) for rows in shares],
        )

    def _divide(self, plan: Plan, shares: list[tuple[int, int]]) -> None:
        arrays = _packed({**plan.arrays, "key": np.array(self.key)}, self.keep)
        with transaction.atomic():
            current = ledger.hold(self.chunk)
            _keep_arrays(self.chunk, arrays, self.figures)
            parts = [{"part": {"rows": rows}} for rows in shares]
            ledger.add_chunks(self.chunk.run, Chunk.Kind.MATCH, parts, first=1)
            _done(current)

    def _settle_shares(self) -> None:
        parts = Joined.objects.filter(chunk__run_id=self.chunk.run_id).order_by("chunk__ordinal")
        planned, *shares = parts
        arrays = unpacked(planned)
        if str(arrays["key"]) != self.key:
            # By workers of another version: what they found or left to the kept pairs is no use.
            self._join_at_once(self._planned())
            return
        for part in (planned, *shares):
            self.figures.add_all(part.figures)
        rows = [unpacked(share)["rows"] for share in shares]
        self._settle(Plan.of(arrays), rows)

    def _settle(self, plan: Plan, joined: list[Rows]) -> None:
        """Store the pairs, and take away the findings that are none any more."""
        chunk, configuration = self.chunk, self.chunk.run.configuration
        found = near.settled(
            self.pictures, plan, joined, self.kept, self.keep, self.notices.append, self.figures
        )
        matches = _matches(self.contents, found, chunk.run.library_id, self.keep)
        findings = (match for match in matches if _matters(match, configuration))
        while batch := list(islice(findings, BATCH)):
            _store(chunk, batch)
        arrays = _packed(found.kept, self.keep)
        with transaction.atomic():
            current = ledger.hold(chunk)
            Finding.objects.filter(job_id=chunk.run.job_id).exclude(run=chunk.run).delete()
            Joined.objects.filter(job_id=chunk.run.job_id).delete()
            _keep_arrays(chunk, arrays, self.figures, self.key)
            _done(current)
            ScanRun.objects.filter(pk=chunk.run_id).update(
                notices=chunk.run.notices + self.notices, figures=self.figures.as_json
            )


def _matches(
    contents: list[Content], found: near.Found, library_id: int, keep: Callable[[], None]
) -> Iterator[Match]:
    """Every match among the contents, each pair once, left before right by digest."""
    for content in contents:
        if len(content.files) > 1 and content.page == 0:
            yield Match(content, content, Tier.IDENTICAL, 0, 1000)
    pixels = _Pixels(codes_of(contents, "pixels"), library_id, keep)
    for left, right, distance, way in found:
        keep()
        if left.sha256 == right.sha256:
            continue  # pages of one file
        is_whole = way == "whole" and distance <= SAME_PIXELS_DISTANCE
        if is_whole and pixels.are_same(left, right, distance):
            yield Match(left, right, Tier.SAME_PIXELS, distance, 999)
        else:
            yield Match(left, right, Tier.NEAR, distance, way=way)
    hashed = {content.pk for content in found.pictures.contents}
    flat: dict[bytes, list[Content]] = defaultdict(list)
    for content in contents:
        # An empty page says nothing about its file.
        if content.pk not in hashed and content.pk in pixels.known and content.is_alone:
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

    def are_same(self, left: Content, right: Content, distance: int) -> bool:
        """Whether the two decode to the same pixels."""
        if left.size != right.size:
            return False
        if distance and self.known.keys().isdisjoint((left.pk, right.pk)):
            return False  # two JPEGs: equal ones give equal codes on any scale
        first, second = self._digest(left), self._digest(right)
        return bool(first) and first == second

    def _digest(self, content: Content) -> bytes:
        if content.pk not in self.known:
            digest = read_again(
                self.library_id,
                content.sha256,
                lambda descriptor: decoder().pixel_digest(descriptor, content.page),
                self.keep,
            )
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
