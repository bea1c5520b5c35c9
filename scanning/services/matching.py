"""The third phase of a run: find the candidate pairs of a library and store them.

Pairs are found on distinct contents: equal files are one picture, equal codes one node. What the
job's rules say about attributes decides which pairs are findings of this library.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any

import numpy as np
from django.db import transaction

from scanning.attributes import matters
from scanning.engine.errors import PictureError
from scanning.engine.fingerprints import ALGORITHMS
from scanning.engine.join import distinct, near_pairs, pack
from scanning.models import (
    CandidatePair,
    Chunk,
    Finding,
    Fingerprint,
    Picture,
    ScanRun,
    SourceFile,
)
from scanning.services import ledger
from scanning.services.reading import decoder
from scanning.storage import SourceUnavailable, open_source

Tier = CandidatePair.Tier

BATCH = 1000
# A node of equal codes lists all its pairs up to this size, and only those with its first
# picture beyond: a thousand flat-looking scans must not become half a million rows.
WHOLE_NODE = 30
# Same pixels in another container: decoding on a reduced scale moves the hash by this much.
SAME_PIXELS_DISTANCE = 6
KEEP_LEASE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Content:
    """One picture of the library with what matching needs, and the attributes of its files."""

    pk: int
    sha256: bytes
    width: int
    height: int
    files: tuple[dict[str, str], ...]

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class Match:
    """A pair of contents before the rules about attributes are asked; score in thousandths."""

    left: Content
    right: Content
    tier: CandidatePair.Tier
    distance: int | None
    score: int


def match(chunk: Chunk) -> None:
    """Do a run's match chunk: bring the findings of its library up to date.

    Raises:
        LostLease: the chunk is no longer ours.
    """
    configuration = chunk.run.configuration
    keep = _LeaseKeeper(chunk)
    contents = _contents(chunk.run)
    large = [
        content
        for content in contents.values()
        if min(content.size) >= configuration["minimum_edge"]
    ]
    found = _matches(large, configuration["near_radius"], chunk.run.library_id, keep)
    findings = (match for match in found if _matters(match, configuration))
    while batch := list(islice(findings, BATCH)):
        _store(chunk, batch)
    with transaction.atomic():
        current = ledger.hold(chunk)
        Finding.objects.filter(run__job_id=chunk.run.job_id).exclude(run=chunk.run).delete()
        current.state = Chunk.State.DONE
        current.save(update_fields=["state", "lease_until"])


class _LeaseKeeper:
    """Prolongs the chunk's lease now and then during long work."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.kept_at = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self.kept_at > KEEP_LEASE_SECONDS:
            ledger.keep(self.chunk)
            self.kept_at = time.monotonic()


def _contents(run: ScanRun) -> dict[bytes, Content]:
    """The pictures that the run saw, by digest and sorted by digest."""
    files: dict[bytes, list[dict[str, str]]] = defaultdict(list)
    rows = SourceFile.objects.readable().filter(library_id=run.library_id, last_run=run)
    for sha256, attributes in rows.values_list("sha256", "attributes").iterator(10_000):
        files[bytes(sha256 or b"")].append(attributes)
    digests = sorted(files)
    contents = {}
    for start in range(0, len(digests), 10_000):
        pictures = Picture.objects.filter(sha256__in=digests[start : start + 10_000], page=0)
        for picture in pictures.order_by("sha256"):
            sha256 = bytes(picture.sha256)
            contents[sha256] = Content(
                picture.pk, sha256, picture.width, picture.height, tuple(files[sha256])
            )
    return contents


def _codes(contents: list[Content], algorithm: str) -> dict[int, bytes]:
    """The codes of one algorithm in its present version, by picture."""
    codes: dict[int, bytes] = {}
    ids = [content.pk for content in contents]
    for start in range(0, len(ids), 10_000):
        rows = Fingerprint.objects.filter(
            algorithm=algorithm,
            version=ALGORITHMS[algorithm],
            picture_id__in=ids[start : start + 10_000],
        ).values_list("picture_id", "code")
        codes |= {pk: bytes(code) for pk, code in rows}
    return codes


def _matches(
    contents: list[Content], radius: int, library_id: int, keep: Callable[[], None]
) -> Iterator[Match]:
    """Every match among the contents, each pair once, left before right by digest."""
    for content in contents:
        if len(content.files) > 1:
            yield Match(content, content, Tier.IDENTICAL, 0, 1000)
    pixels = _Pixels(_codes(contents, "pixels"), library_id)
    hashes = _codes(contents, "phash256")
    hashed = [content for content in contents if content.pk in hashes]
    for left, right, distance in _near(hashed, hashes, radius, keep):
        keep()
        if distance <= SAME_PIXELS_DISTANCE and pixels.are_same(left, right):
            yield Match(left, right, Tier.SAME_PIXELS, distance, 999)
        else:
            yield Match(left, right, Tier.NEAR, distance, score_of(distance))
    flat: dict[bytes, list[Content]] = defaultdict(list)
    for content in contents:
        if content.pk not in hashes and content.pk in pixels.known:
            flat[pixels.known[content.pk]].append(content)
    for node in flat.values():
        for left, right in _pairs_within(node):
            yield Match(left, right, Tier.SAME_PIXELS, None, 999)


def score_of(distance: int) -> int:
    """How sure a distance of 256 makes us, in thousandths: 990 for 0, falling evenly to 0 at 128.

    An ordering, not yet a probability: two unrelated pictures are 128 apart on average.
    """
    return max(0, round(990 * (1 - distance / 128)))


def _near(
    contents: list[Content], hashes: dict[int, bytes], radius: int, keep: Callable[[], None]
) -> Iterator[tuple[Content, Content, int]]:
    """Pairs of contents whose codes differ in at most `radius` bits."""
    if not contents:
        return
    codes, inverse = distinct(pack([hashes[content.pk] for content in contents]))
    nodes: list[list[Content]] = [[] for _ in range(len(codes))]
    for content, node in zip(contents, inverse.tolist(), strict=True):
        nodes[node].append(content)
    for node in nodes:
        for left, right in _pairs_within(node):
            yield left, right, 0
    joined: np.ndarray[Any, np.dtype[np.int64]] = near_pairs(codes, radius)
    keep()
    for first, second, distance in joined.tolist():
        for one, other in _pairs_between(nodes[first], nodes[second]):
            left, right = sorted((one, other), key=lambda content: content.sha256)
            yield left, right, distance


def _pairs_within(node: list[Content]) -> Iterator[tuple[Content, Content]]:
    if len(node) <= WHOLE_NODE:
        yield from combinations(node, 2)
    else:
        yield from ((node[0], other) for other in node[1:])


def _pairs_between(
    first: list[Content], second: list[Content]
) -> Iterator[tuple[Content, Content]]:
    if len(first) * len(second) <= WHOLE_NODE:
        yield from product(first, second)
    else:
        yield first[0], second[0]


@dataclass(slots=True)
class _Pixels:
    """Digests of decoded pixels; those that reading left out are computed when first needed."""

    known: dict[int, bytes]
    library_id: int

    def are_same(self, left: Content, right: Content) -> bool:
        """Whether the two decode to the same pixels."""
        if left.size != right.size:
            return False
        first, second = self._digest(left), self._digest(right)
        return bool(first) and first == second

    def _digest(self, content: Content) -> bytes:
        if content.pk not in self.known:
            digest = self.known[content.pk] = self._compute(content)
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

    def _compute(self, content: Content) -> bytes:
        """The digest, or nothing when no file of the picture can be read any more."""
        file = (
            SourceFile.objects.readable()
            .filter(library_id=self.library_id, sha256=content.sha256)
            .select_related("library")
            .first()
        )
        if file is None:
            return b""
        try:
            descriptor = open_source(file)
        except SourceUnavailable:
            return b""
        try:
            return decoder().pixel_digest(descriptor)
        except PictureError:
            return b""
        finally:
            os.close(descriptor)


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
    pairs = CandidatePair.objects.bulk_create(
        [
            CandidatePair(
                left_id=match.left.pk,
                right_id=match.right.pk,
                tier=match.tier,
                distance=match.distance,
                score=match.score,
                evidence={
                    "near_radius": chunk.run.configuration["near_radius"],
                    "algorithms": ALGORITHMS,
                },
            )
            for match in sorted(batch, key=lambda match: (match.left.pk, match.right.pk))
        ],
        update_conflicts=True,
        unique_fields=["left", "right"],
        update_fields=["tier", "distance", "score", "evidence"],
    )
    Finding.objects.bulk_create(
        [Finding(pair=pair, library_id=chunk.run.library_id, run=chunk.run) for pair in pairs],
        update_conflicts=True,
        unique_fields=["pair", "library"],
        update_fields=["run"],
    )
