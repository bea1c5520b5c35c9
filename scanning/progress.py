"""How far a run is: files, bytes, speed and time left, phase by phase."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Func, IntegerField, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scanning.models import Chunk, ScanRun, SourceFile

PHASES = (Chunk.Kind.WALK, Chunk.Kind.READ, Chunk.Kind.MATCH, Chunk.Kind.COMPARE)

# Below this share of the work an estimate of the time left is a guess.
ENOUGH_TO_ESTIMATE = 0.02


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a run. `state` is waiting, active or done."""

    label: str
    state: str
    chunks: int
    chunks_done: int
    chunks_failed: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the search for pairs: processor time of all workers, and pairs it found."""

    label: str
    seconds: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Progress:
    """`total` and `done` count the files to be read by this run; sizes are in bytes."""

    total: int
    done: int
    bytes_total: int
    bytes_done: int
    errors: int
    pairs_total: int
    pairs_done: int
    elapsed: timedelta
    phases: tuple[Phase, ...]
    steps: tuple[Step, ...] = ()

    @property
    def percent(self) -> int:
        """Of the reading, which is nearly all of the work; 100 where nothing had to be read."""
        if not self.total:
            return 100
        return 100 * self.done // self.total

    @property
    def files_per_second(self) -> float:
        """On average since the run began."""
        return self.done / max(self.elapsed.total_seconds(), 0.001)

    @property
    def bytes_per_second(self) -> float:
        return self.bytes_done / max(self.elapsed.total_seconds(), 0.001)

    @property
    def time_left(self) -> timedelta | None:
        """At the average speed; None as long as that would be a guess."""
        if not self.total or self.done < self.total * ENOUGH_TO_ESTIMATE or not self.done:
            return None
        return self.elapsed * ((self.total - self.done) / self.done)

    @property
    def elapsed_words(self) -> str:
        return duration_words(self.elapsed)

    @property
    def time_left_words(self) -> str:
        return "" if self.time_left is None else duration_words(self.time_left)


def progress_of(run: ScanRun, now: datetime | None = None) -> Progress:
    """Two queries over the run's ledger and its files."""
    now = now or timezone.now()
    sums = {
        row["kind"]: row
        for row in Chunk.objects.filter(run=run)
        .order_by()
        .values("kind")
        .annotate(
            total=Sum("files_total"),
            done=Sum("files_done"),
            bytes_total=Sum("bytes_total"),
            bytes_done=Sum("bytes_done"),
            pairs_total=Sum(
                Func(F("pair_ids"), function="cardinality", output_field=IntegerField())
            ),
            pairs_done=Sum("pairs_done"),
            chunks=Count("pk"),
            chunks_done=Count("pk", filter=Q(state=Chunk.State.DONE)),
            chunks_failed=Count("pk", filter=Q(state=Chunk.State.FAILED)),
        )
    }
    read = sums.get(Chunk.Kind.READ, {})
    compared = sums.get(Chunk.Kind.COMPARE, {})
    return Progress(
        total=read.get("total", 0),
        done=read.get("done", 0),
        bytes_total=read.get("bytes_total", 0),
        bytes_done=read.get("bytes_done", 0),
        errors=SourceFile.objects.filter(
            library_id=run.library_id, last_run_id=run.pk, state=SourceFile.State.ERROR
        ).count(),
        pairs_total=compared.get("pairs_total", 0),
        pairs_done=compared.get("pairs_done", 0),
        elapsed=(run.finished_at or now) - run.started_at,
        phases=tuple(_phase(run, order, sums.get(kind, {})) for order, kind in enumerate(PHASES)),
        steps=tuple(_steps(run)),
    )


def _steps(run: ScanRun) -> Iterator[Step]:
    """What the search for pairs took, once it is done."""
    labels = {
        "whole": _("Whole pictures"),
        "turned": _("Turned or mirrored"),
        "trimmed": _("Borders trimmed"),
        "turned_trimmed": _("Turned, borders trimmed"),
        "window": _("Parts of pictures"),
        "turned_window": _("Parts, turned or mirrored"),
        "families": _("Look-alike families"),
        "guests": _("Turned or cut members of families"),
        "whitening": _("Pairs within families"),
    }
    seconds, pairs = (run.figures.get(name, {}) for name in ("seconds", "pairs"))
    for name, label in labels.items():
        if name in seconds:
            yield Step(label, seconds[name], pairs.get(name, 0))


def _phase(run: ScanRun, order: int, sums: dict[str, int]) -> Phase:
    chunks, done = sums.get("chunks", 0), sums.get("chunks_done", 0)
    phase_state = ScanRun.ACTIVE[order]
    if run.state == phase_state:
        state = "active"
    elif run.state == ScanRun.State.FINISHED or (
        run.state in ScanRun.ACTIVE and ScanRun.ACTIVE.index(ScanRun.State(run.state)) > order
    ):
        state = "done"
    else:
        state = "done" if chunks and chunks == done else "waiting"
    return Phase(str(phase_state.label), state, chunks, done, sums.get("chunks_failed", 0))


def with_counts(runs: Iterable[ScanRun]) -> list[tuple[ScanRun, int, int]]:
    """Each run with the number of files that it read, and of those that it could not."""
    runs = list(runs)
    sums = {
        run_id: (done, errors)
        for run_id, done, errors in Chunk.objects.filter(run__in=runs)
        .order_by()
        .values_list("run_id")
        .annotate(Sum("files_done"), Sum("errors"))
    }
    return [(run, *sums.get(run.pk, (0, 0))) for run in runs]


def duration_words(duration: timedelta) -> str:
    """A duration as people say it: “12 seconds”, “4 minutes”, “3 hours, 10 minutes”."""
    seconds = round(duration.total_seconds())
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = round(seconds / 60)
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours, minutes = divmod(minutes, 60)
    in_hours = ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    if not minutes:
        return in_hours
    in_minutes = ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    return _("%(hours)s, %(minutes)s") % {"hours": in_hours, "minutes": in_minutes}
