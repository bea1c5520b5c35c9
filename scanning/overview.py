"""Reads behind the pages about libraries: numbers, folders to choose from, examples."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from scanning.attributes import PatternError, parse_pattern
from scanning.models import CandidatePair, Finding, Library, ScanJob, ScanRun, SourceFile
from scanning.querysets.pairs import QUEUE_TIERS
from scanning.storage import library_roots

MAXIMUM_FOLDERS = 500
MAXIMUM_ERRORS = 10
MAXIMUM_RUNS = 5
EXAMPLES = 6

PairFilter = Callable[[QuerySet[CandidatePair]], QuerySet[CandidatePair]]


@dataclass(slots=True)
class TierCount:
    """Pairs of one tier."""

    tier: str
    label: str
    count: int


@dataclass(slots=True)
class LibraryRow:
    """A library with its numbers; files are those that are present."""

    library: Library
    files: int = 0
    bytes: int = 0
    errors: int = 0
    pairs: list[TierCount] = field(default_factory=list)
    last_run: ScanRun | None = None

    @property
    def pair_count(self) -> int:
        return sum(tier.count for tier in self.pairs)


def of_libraries(
    libraries: Iterable[Library], only_pairs: PairFilter | None = None
) -> list[LibraryRow]:
    """The numbers of some libraries in four queries; look-alikes do not count as pairs.

    `only_pairs` narrows the pairs that are counted, for instance to the undecided ones.
    """
    rows = {library.pk: LibraryRow(library) for library in libraries}
    present = SourceFile.objects.present().filter(library__in=rows)
    for sums in (
        present.order_by()
        .values("library", "state")
        .annotate(files=Count("pk"), total_bytes=Sum("size"))
    ):
        row = rows[sums["library"]]
        row.files += sums["files"]
        row.bytes += sums["total_bytes"]
        if sums["state"] == SourceFile.State.ERROR:
            row.errors = sums["files"]
    for library_id, tiers in _pairs_by_tier(rows, only_pairs).items():
        rows[library_id].pairs = tier_counts(tiers, QUEUE_TIERS)
    newest = ScanRun.objects.filter(library__in=rows).order_by("library_id", "-id")
    for run in newest.distinct("library_id"):
        rows[run.library_id].last_run = run
    return list(rows.values())


def _pairs_by_tier(
    libraries: Iterable[int], only_pairs: PairFilter | None
) -> dict[int, dict[str, int]]:
    findings = Finding.objects.filter(library__in=list(libraries))
    if only_pairs is not None:
        findings = findings.filter(pair__in=only_pairs(CandidatePair.objects.all()))
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in findings.values("library", "pair__tier").annotate(
        count=Count("pair", distinct=True)
    ):
        counts[row["library"]][row["pair__tier"]] = row["count"]
    return counts


def tier_counts(counts: dict[str, int], tiers: Iterable[str]) -> list[TierCount]:
    """The counts in the order of `tiers`, with the words for them."""
    labels = dict(CandidatePair.Tier.choices)
    return [TierCount(tier, str(labels[tier]), counts.get(tier, 0)) for tier in tiers]


@dataclass(frozen=True, slots=True)
class LibraryOverview:
    """What the page of one library shows."""

    row: LibraryRow
    states: list[tuple[str, str, int]]
    missing: int
    jobs: list[ScanJob]
    runs: list[ScanRun]
    error_files: list[SourceFile]
    given_to: list[str]
    see_all: int

    @property
    def active_run(self) -> ScanRun | None:
        return next((run for run in self.runs if run.is_active), None)


def of_library(library: Library) -> LibraryOverview:
    """Numbers, jobs, the latest runs and some of the errors of one library."""
    files = SourceFile.objects.filter(library=library)
    by_state = dict(files.present().order_by().values_list("state").annotate(Count("pk")))
    return LibraryOverview(
        row=of_libraries([library])[0],
        states=[
            (state.value, str(state.label), by_state.get(state.value, 0))
            for state in SourceFile.State
        ],
        missing=files.filter(is_present=False, set_aside_at=None).count(),
        jobs=list(ScanJob.objects.filter(library=library)),
        runs=list(ScanRun.objects.filter(library=library).select_related("job")[:MAXIMUM_RUNS]),
        error_files=list(files.present().filter(state=SourceFile.State.ERROR)[:MAXIMUM_ERRORS]),
        given_to=[
            person.display_name
            for person in User.objects.filter(accesses__library=library, is_active=True)
        ],
        see_all=User.objects.filter(sees_all_libraries=True, is_active=True).count(),
    )


def folders_below(folder: Path | None) -> list[Path]:
    """The folders to choose from: the roots, or the readable subfolders of one of them."""
    if folder is None:
        return [root for root in library_roots() if root.is_dir()]
    try:
        found = sorted(
            entry
            for entry in folder.iterdir()
            if not entry.name.startswith(".") and not entry.is_symlink() and entry.is_dir()
        )
    except OSError:
        return []
    return found[:MAXIMUM_FOLDERS]


@dataclass(frozen=True, slots=True)
class PatternExamples:
    """What an attribute pattern gives; `error` says why it cannot be understood."""

    rows: list[tuple[str, dict[str, str]]]
    error: str = ""


def pattern_examples(library: Library, text: str) -> PatternExamples:
    """A pattern tried on a few of the library's files, spread over all of them."""
    try:
        pattern = parse_pattern(text)
    except PatternError as error:
        return PatternExamples([], str(error))
    if pattern is None:
        return PatternExamples([])
    files = SourceFile.objects.filter(library=library, is_present=True).order_by("path_key")
    paths = sorted(files.values_list("path", flat=True)[:EXAMPLES])
    if not paths:
        return PatternExamples([], _("There are no files yet: scan the library first."))
    return PatternExamples([(path, pattern.attributes_of(path)) for path in paths])


def known_attributes(library: Library) -> list[str]:
    """The attribute names that the library's pattern and its files know."""
    sample = SourceFile.objects.filter(library=library).exclude(attributes={})[:200]
    names = {name for file in sample for name in file.attributes}
    try:
        pattern = parse_pattern(library.attribute_pattern)
    except PatternError:
        pattern = None
    return sorted(names.union(pattern.names if pattern else ()))
