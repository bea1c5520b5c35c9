"""The read-only report on one library: how much there is twice, and what it costs.

It says what the last scan found, not what people decided: copies with equal bytes or equal pixels
are certain, near-duplicates are possible until somebody has judged them.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Window
from django.db.models.functions import Greatest, RowNumber

from scanning.duplicates import Amount, Duplicates, File, Group, Pair
from scanning.findings import error_kind_label
from scanning.models import CandidatePair, Library, Picture, ScanRun, SourceFile
from scanning.wholes import PagePair, whole_files

Tier = CandidatePair.Tier

# As sizes are shown everywhere, and as storage is billed as a rule.
BYTES_PER_GB = 2**30
LARGEST_GROUPS = 20
PICTURES_OF_A_GROUP = 4
PATHS_OF_A_GROUP = 5
BIN = 8
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Hong Kong dollars a month."""

    everything: Decimal
    certain: Decimal
    possible: Decimal


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group with some of its pictures (their ids) and some of the paths of its files."""

    group: Group
    pictures: list[int]
    paths: list[str]

    @property
    def hidden_pictures(self) -> int:
        return self.group.content_count - len(self.pictures)

    @property
    def hidden_files(self) -> int:
        return self.group.total.files - len(self.paths)


@dataclass(frozen=True, slots=True)
class DistanceBin:
    """Near-duplicates with distances `first` to `last`."""

    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """The files that could not be read for one reason: path and message each."""

    kind: str
    label: str
    files: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Report:
    """`present` are all files that the last scan saw, `duplicates` is about those it could read."""

    library: Library
    last_run: ScanRun | None
    present: Amount
    waiting: int
    duplicates: Duplicates
    cost: Cost
    pairs: dict[str, int]
    distances: list[DistanceBin]
    groups: list[ShownGroup]
    errors: list[ErrorKind]

    @property
    def error_count(self) -> int:
        """How many files could not be read at all."""
        return sum(len(kind.files) for kind in self.errors if kind.kind != SourceFile.PARTIAL)

    def share(self, amount: Amount) -> Amount:
        """What `amount` is of all that is present, in thousandths of the files and the bytes."""
        return Amount(
            _thousandths(amount.files, self.present.files),
            _thousandths(amount.bytes, self.present.bytes),
        )


def build_report(library: Library) -> Report:
    """Six queries, whatever the size of the library; groups are joined in memory."""
    files, present, waiting = _files(library)
    pairs, same_pixels, near, distances = _pairs(library)
    duplicates = Duplicates.of(
        files, same_pixels, near, largest=LARGEST_GROUPS, shown=PICTURES_OF_A_GROUP
    )
    finished = ScanRun.objects.filter(library=library, state=ScanRun.State.FINISHED)
    return Report(
        library=library,
        last_run=finished.order_by("-id").first(),
        present=present,
        waiting=waiting,
        duplicates=duplicates,
        cost=Cost(
            everything=monthly_cost(present.bytes, library.price_per_gb_month),
            certain=monthly_cost(duplicates.certain.bytes, library.price_per_gb_month),
            possible=monthly_cost(duplicates.near.bytes, library.price_per_gb_month),
        ),
        pairs=pairs,
        distances=_bins(distances),
        groups=_shown(library, duplicates.groups),
        errors=_errors(library),
    )


def monthly_cost(size: int, price_per_gb: Decimal) -> Decimal:
    """What `size` bytes cost a month, not rounded."""
    return Decimal(size) * price_per_gb / BYTES_PER_GB


def _files(library: Library) -> tuple[list[File], Amount, int]:
    """The readable files; how much is present; how many files are still to be read."""
    files: list[File] = []
    count = total = waiting = 0
    rows = SourceFile.objects.present().filter(library=library).order_by("pk")
    for sha256, size, state, attributes in rows.values_list(
        "sha256", "size", "state", "attributes"
    ).iterator(ROWS_AT_ONCE):
        count += 1
        total += size
        if state == SourceFile.State.READ:
            files.append(File(bytes(sha256 or b""), size, attributes))
        elif state == SourceFile.State.PENDING:
            waiting += 1
    return files, Amount(count, total), waiting


def _pairs(library: Library) -> tuple[dict[str, int], list[Pair], list[Pair], Counter[int]]:
    """How many pairs of each tier; the pairs that join groups; how often each near distance."""
    counts = {tier.value: 0 for tier in Tier}
    joining: dict[str, list[Pair]] = {Tier.SAME_PIXELS: [], Tier.NEAR: []}
    paged: dict[str, list[PagePair]] = {Tier.SAME_PIXELS: [], Tier.NEAR: []}
    distances: Counter[int] = Counter()
    sides = [f"{side}__{name}" for side in ("left", "right") for name in ("sha256", "page")]
    rows = CandidatePair.objects.in_library(library.pk).values_list(
        "tier", "distance", *sides, Greatest("left__frames", "right__frames")
    )
    for tier, distance, left, page, right, other, frames in rows.iterator(ROWS_AT_ONCE):
        counts[tier] += 1
        if tier in joining and frames == 1:
            joining[tier].append((bytes(left), bytes(right)))
        elif tier in joining:
            paged[tier].append(PagePair(bytes(left), page, bytes(right), other))
        if tier == Tier.NEAR and distance is not None:
            distances[distance] += 1
    same, near = paged[Tier.SAME_PIXELS], paged[Tier.NEAR]
    pages = _page_counts({file for pair in same + near for file in (pair.left, pair.right)})
    joining[Tier.SAME_PIXELS] += whole_files(same, pages)
    joining[Tier.NEAR] += whole_files(same + near, pages)
    return counts, joining[Tier.SAME_PIXELS], joining[Tier.NEAR], distances


def _page_counts(digests: set[bytes]) -> dict[bytes, int]:
    """How many pages of each content can be paired: empty ones are not."""
    rows = Picture.objects.current().filter(sha256__in=digests, fingerprints__algorithm="phash256")
    counted = rows.order_by().values_list("sha256").annotate(Count("pk", distinct=True))
    return {bytes(sha256): count for sha256, count in counted}


def _bins(distances: Counter[int]) -> list[DistanceBin]:
    """Distances in steps of BIN, from 0 to the largest one found."""
    if not distances:
        return []
    return [
        DistanceBin(first, first + BIN - 1, sum(distances[d] for d in range(first, first + BIN)))
        for first in range(0, max(distances) + 1, BIN)
    ]


def _shown(library: Library, groups: list[Group]) -> list[ShownGroup]:
    """The groups with the pictures that stand for them."""
    digests = [digest for group in groups for digest in group.contents]
    ids = {
        bytes(sha256): pk
        for pk, sha256 in Picture.objects.filter(sha256__in=digests, page=0).values_list(
            "pk", "sha256"
        )
    }
    paths: dict[bytes, list[str]] = defaultdict(list)
    files = SourceFile.objects.readable().filter(library=library, sha256__in=digests)
    numbered = files.annotate(
        number=Window(RowNumber(), partition_by="sha256", order_by="path")
    ).filter(number__lte=PATHS_OF_A_GROUP)
    for sha256, path in numbered.order_by("path").values_list("sha256", "path"):
        paths[bytes(sha256 or b"")].append(path)
    return [
        ShownGroup(
            group,
            [ids[digest] for digest in group.contents if digest in ids],
            [path for digest in group.contents for path in paths[digest]][:PATHS_OF_A_GROUP],
        )
        for group in groups
    ]


def _errors(library: Library) -> list[ErrorKind]:
    """The kinds of errors, the most frequent first."""
    rows = (
        SourceFile.objects.present()
        .troubled()
        .filter(library=library)
        .order_by("path")
        .values_list("error_kind", "path", "error_message")
    )
    kinds: dict[str, ErrorKind] = {}
    for kind, path, message in rows:
        known = kinds.setdefault(kind, ErrorKind(kind, error_kind_label(kind), []))
        known.files.append((path, message))
    return sorted(kinds.values(), key=lambda kind: (-len(kind.files), kind.kind))


def _thousandths(part: int, whole: int) -> int:
    return round(1000 * part / whole) if whole else 0
