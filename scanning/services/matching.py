"""The third phase of a run: find the candidate pairs of a library and store them.

Pairs are found on distinct contents: equal files are one picture, equal codes one node. What the
job's rules say about attributes decides which pairs are findings of this library.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from scanning.attributes import matters
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
from scanning.selection import Selection
from scanning.services import comparing, ledger
from scanning.services.reading import decoder, read_again
from scanning.storage import raw_path

Tier = CandidatePair.Tier

BATCH = 1000
# A node of equal codes lists all its pairs up to this size, and only those with its first
# picture beyond: a thousand flat-looking scans must not become half a million rows.
WHOLE_NODE = 30
# Same pixels in another container: decoding on a reduced scale moves the hash by this much.
SAME_PIXELS_DISTANCE = 6
# How many codes are joined with all before them at a time: a few seconds' work for a million.
JOINED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Content:
    """One picture of the library with what matching needs.

    `files` holds what the rules ask of its files' attributes; of equal ones only two, which say
    as much as a thousand.
    """

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
    """A pair of contents before the rules about attributes are asked; score in thousandths.

    What is near has no score yet: the comparison gives it.
    """

    left: Content
    right: Content
    tier: CandidatePair.Tier
    distance: int | None
    score: int = 0

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
    contents = _contents(chunk.run, keep)
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
        Finding.objects.filter(job_id=chunk.run.job_id).exclude(run=chunk.run).delete()
        current.state = Chunk.State.DONE
        current.save(update_fields=["state", "lease_until"])


def _contents(run: ScanRun, keep: Callable[[], None]) -> dict[bytes, Content]:
    """The pictures of the files that the run's job selects, by digest and sorted by digest."""
    names = [*run.configuration["must_agree"], *run.configuration["must_differ"]]
    files: dict[bytes, Counter[tuple[str | None, ...]]] = defaultdict(Counter)
    for sha256, attributes in _files(run):
        keep()
        files[sha256][tuple(attributes.get(name) for name in names)] += 1
    digests = sorted(files)
    contents = {}
    for start in range(0, len(digests), 10_000):
        pictures = Picture.objects.filter(sha256__in=digests[start : start + 10_000], page=0)
        for picture in pictures.order_by("sha256"):
            sha256 = bytes(picture.sha256)
            contents[sha256] = Content(
                picture.pk, sha256, picture.width, picture.height, _asked(names, files[sha256])
            )
    return contents


def _files(run: ScanRun) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Digest and attributes of each file: those that the run saw, and those out of its sight."""
    readable = SourceFile.objects.readable().filter(library_id=run.library_id)
    seen = readable.filter(last_run=run).values_list("sha256", "attributes")
    for sha256, attributes in seen.iterator(10_000):
        yield bytes(sha256 or b""), attributes
    selection = Selection.of(run.configuration)
    for file in readable.exclude(last_run=run).iterator(10_000):
        if selection.takes(raw_path(file), file.size):
            yield bytes(file.sha256 or b""), file.attributes


def _asked(
    names: Sequence[str], files: Counter[tuple[str | None, ...]]
) -> tuple[dict[str, str], ...]:
    """The attributes with these names, of equal files no more than two."""
    return tuple(
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values, count in files.items()
        for _ in range(min(count, 2))
    )


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
    pixels = _Pixels(_codes(contents, "pixels"), library_id, keep)
    hashes = _codes(contents, "phash256")
    hashed = [content for content in contents if content.pk in hashes]
    for left, right, distance in _near(hashed, hashes, radius, keep):
        keep()
        if distance <= SAME_PIXELS_DISTANCE and pixels.are_same(left, right):
            yield Match(left, right, Tier.SAME_PIXELS, distance, 999)
        else:
            yield Match(left, right, Tier.NEAR, distance)
    flat: dict[bytes, list[Content]] = defaultdict(list)
    for content in contents:
        if content.pk not in hashes and content.pk in pixels.known:
            flat[pixels.known[content.pk]].append(content)
    for node in flat.values():
        for left, right in _pairs_within(node):
            yield Match(left, right, Tier.SAME_PIXELS, None, 999)


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
    for first, second, distance in _joined(codes, radius, keep):
        for one, other in _pairs_between(nodes[first], nodes[second]):
            left, right = sorted((one, other), key=lambda content: content.sha256)
            yield left, right, distance


def _joined(
    codes: NDArray[np.uint64], radius: int, keep: Callable[[], None]
) -> Iterator[tuple[int, int, int]]:
    """The rows and the distance of each pair of codes, joined bit by bit to keep the lease."""
    for start in range(0, len(codes), JOINED_AT_ONCE):
        keep()
        so_far = codes[: start + JOINED_AT_ONCE]
        yield from near_pairs(so_far, radius, first_new=start).tolist()


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
        evidence={"near_radius": run.configuration["near_radius"], "algorithms": ALGORITHMS},
    )
