"""What a run found, and the files that it could not read, in words."""

from dataclasses import dataclass

from django.db.models import Count, F
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from scanning.models import CandidatePair, Finding, Picture, ScanRun, SourceFile
from scanning.overview import TierCount, tier_counts

MAXIMUM_ERRORS = 50

# The kinds of scanning.engine.decoding.errors, as people read them.
ERROR_KINDS: dict[str, Promise] = {
    "truncated": _("Incomplete file"),
    "unsupported": _("Not a picture, or an unknown format"),
    "broken": _("Damaged picture"),
    "too_large": _("Too many pixels"),
    "timeout": _("Took too long to read"),
    "crashed": _("The decoder crashed on it"),
    "memory": _("Needs too much memory"),
    "empty": _("Empty file"),
    "unreadable": _("Could not be opened"),
    "not_installed": _("Needs an extra that is not installed"),
    "partial": _("Read in part"),
}

# The messages of scanning.engine that are always the same: stored in English, shown translated.
ERROR_MESSAGES = (
    gettext_noop("The file ends before the picture does."),
    gettext_noop("The picture is damaged and cannot be decoded."),
    gettext_noop("This is not a picture in a format that is read."),
    gettext_noop("The picture holds values that are not numbers."),
    gettext_noop("Decoding needs more memory than is allowed."),
    gettext_noop("This is not a regular file."),
    gettext_noop("The file is empty."),
    gettext_noop("The PDF is protected by a password."),
    gettext_noop("The PDF is damaged and cannot be opened."),
    gettext_noop("The page is damaged and cannot be drawn."),
    gettext_noop("The page has no size."),
    gettext_noop("This DICOM file holds no picture."),
    gettext_noop("The DICOM file is compressed in a way that is not read."),
    gettext_noop("There is no such frame."),
    gettext_noop("There is no such part of the picture."),
)


def error_kind_label(kind: str) -> str:
    """The kind of an error in words; an unknown kind is shown as it is."""
    return str(ERROR_KINDS.get(kind, kind))


@dataclass(frozen=True, slots=True)
class ErrorRow:
    path: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class RunErrors:
    """Up to MAXIMUM_ERRORS files of a run that could not be read as a whole, and how many."""

    rows: list[ErrorRow]
    count: int

    @property
    def hidden(self) -> int:
        return self.count - len(self.rows)


def errors_of_run(run: ScanRun) -> RunErrors:
    """The files that this run saw and that could not be read, or only in part, by path."""
    files = SourceFile.objects.troubled().filter(library_id=run.library_id, last_run_id=run.pk)
    rows = files.order_by("path").values_list("path", "error_kind", "error_message")
    found = [
        ErrorRow(path, error_kind_label(kind), gettext(message))
        for path, kind, message in rows[:MAXIMUM_ERRORS]
    ]
    count = len(found) if len(found) < MAXIMUM_ERRORS else files.count()
    return RunErrors(found, count)


@dataclass(frozen=True, slots=True)
class RunFindings:
    """Pairs by tier, distinct pictures, and how many files repeat another one byte by byte.

    `is_current` is False once a later scan has brought the library's findings up to date.
    """

    tiers: list[TierCount]
    pictures: int
    extra_copies: int
    is_current: bool


def of_run(run: ScanRun) -> RunFindings:
    """What the run found, as far as its findings are still those of the library."""
    counts = dict(Finding.objects.filter(run=run).values_list("pair__tier").annotate(Count("pk")))
    files = SourceFile.objects.readable().filter(library_id=run.library_id, last_run_id=run.pk)
    sums = files.aggregate(files=Count("pk"), contents=Count(F("sha256"), distinct=True))
    later = ScanRun.objects.filter(
        library_id=run.library_id, pk__gt=run.pk, state=ScanRun.State.FINISHED
    )
    return RunFindings(
        tiers=tier_counts(counts, CandidatePair.Tier.values),
        pictures=Picture.objects.current().filter(sha256__in=files.values("sha256")).count(),
        extra_copies=sums["files"] - sums["contents"],
        is_current=run.state == ScanRun.State.FINISHED and not later.exists(),
    )
