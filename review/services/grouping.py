"""Keeping the stored groups up to date: after a scan all of a library, after verdicts their own.

Only one process at a time writes groups, and no verdict waits for it: a verdict leaves a mark on
its pair (`PairReview.regroup`), a finished scan is newer than the library's `Grouping`.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
import structlog
from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from review.grouping.groups import CONFIRMED, MOST_PICTURES, Link, links_of, said_apart, within
from review.models import Group, Grouping, Membership, PairReview
from scanning.engine.groups import grouped
from scanning.models import CandidatePair, Finding, Library, ScanRun

log = structlog.get_logger(__name__)

# Any number that no other lock of this kind uses.
LOCK = 7_305_801
BATCH = 5_000
# Verdicts that are looked at together.
MARKS = 50_000

ROW = np.dtype(
    [("pair", "i8"), ("left", "i8"), ("right", "i8"), ("strength", "i8"), ("flags", "i1")]
)
APART, OPEN = 1, 2


class Found(NamedTuple):
    """A group as the pairs give it, with the columns that are stored."""

    members: tuple[int, ...]
    weakest: int
    representative: int
    open_pairs: int
    is_confirmed: bool

    @property
    def columns(self) -> tuple[int, int, int, int, bool]:
        return (
            len(self.members),
            self.open_pairs,
            self.weakest,
            self.representative,
            self.is_confirmed,
        )


COLUMNS = ("size", "open_pairs", "weakest_id", "representative_id", "is_confirmed")


def bring_up_to_date() -> None:
    """Group the libraries with a new scan, then what verdicts have changed since."""
    for library in _behind():
        with transaction.atomic():
            if not _alone():
                return
            regroup(library)
    while _catch_up() == MARKS:
        pass


def _behind() -> list[Library]:
    """Libraries whose last finished scan is not the one that their groups stand for."""
    runs = ScanRun.objects.filter(library=OuterRef("pk"), state=ScanRun.State.FINISHED)
    latest = Library.objects.annotate(latest=Subquery(runs.order_by("-pk").values("pk")[:1]))
    return list(
        latest.filter(Q(grouping__isnull=True) | ~Q(grouping__run=F("latest")), latest__gt=0)
    )


def _alone() -> bool:
    """Whether nobody else brings groups up to date now; until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])


@transaction.atomic
def regroup(library: Library) -> None:
    """Group all pairs of a library anew; groups that have not changed keep their numbers."""
    run = ScanRun.objects.filter(library=library, state=ScanRun.State.FINISHED).latest("pk")
    pairs = CandidatePair.objects.in_library(library.pk)
    found = _find(links_of(pairs), said_apart())
    _store(library.pk, found, Membership.objects.filter(library=library))
    Grouping.objects.update_or_create(library=library, defaults={"run": run})
    log.info("grouped", library=library.pk, groups=len(found))


@transaction.atomic
def _catch_up() -> int:
    """Group again around the pairs whose verdict has changed; how many pairs that were."""
    if not _alone():
        return 0
    marked = PairReview.objects.filter(regroup=True).order_by("pk")
    ids = [row.pk for row in marked.select_for_update(skip_locked=True).only("pk")[:MARKS]]
    if not ids:
        return 0
    PairReview.objects.filter(pk__in=ids).update(regroup=False)
    findings = Finding.objects.filter(pair__in=ids, library__grouping__isnull=False)
    touched: dict[int, set[int]] = {}
    for library, left, right in findings.values_list("library", "pair__left", "pair__right"):
        touched.setdefault(library, set()).update((left, right))
    for library, pictures in touched.items():
        _regroup_around(library, pictures)
    return len(ids)


def _regroup_around(library_id: int, touched: Collection[int]) -> None:
    """Group the pictures again with all pictures of the groups that they are in."""
    groups = Group.objects.filter(library=library_id, memberships__picture__in=touched)
    stored = Membership.objects.filter(group__in=groups.values("pk"))
    pictures = {*touched, *stored.values_list("picture", flat=True)}
    pairs = within(CandidatePair.objects.in_library(library_id), pictures)
    _store(library_id, _find(links_of(pairs), said_apart(pictures)), stored)


def _find(links: Iterable[Link], apart: Iterable[tuple[int, int]]) -> list[Found]:
    """The groups that the pairs make."""
    rows = np.fromiter((_row(link) for link in links if not link.is_identical), ROW)
    pictures = np.stack([rows["left"], rows["right"]], axis=1)
    separates = (rows["flags"] & APART) > 0
    edges = np.column_stack([pictures, rows["strength"]])[~separates]
    said = np.array(list(apart), np.int64).reshape(-1, 2)
    groups = grouped(edges, np.concatenate([pictures[separates], said]), most=MOST_PICTURES).groups
    home = {picture: number for number, group in enumerate(groups) for picture in group.members}
    ends = {(group.weakest.left, group.weakest.right): group for group in groups}
    weakest: dict[int, int] = {}
    open_pairs: Counter[int] = Counter()
    for pair, left, right, _strength, flags in rows.tolist():
        number = home.get(left)
        if number is None or number != home.get(right) or flags & APART:
            continue
        open_pairs[number] += bool(flags & OPEN)
        if (min(left, right), max(left, right)) in ends:
            weakest[number] = pair
    return [
        Found(
            group.members,
            weakest[number],
            group.representative,
            open_pairs[number],
            group.weakest.score == CONFIRMED,
        )
        for number, group in enumerate(groups)
    ]


def _row(link: Link) -> tuple[int, int, int, int, int]:
    flags = (APART if link.separates else 0) | (0 if link.verdict else OPEN)
    return link.pair, link.left, link.right, link.strength, flags


def _store(library_id: int, found: list[Found], stored: QuerySet[Membership]) -> None:
    """Write what differs from what is stored, the memberships of these pictures or of all."""
    before = dict(stored.values_list("picture", "group").iterator(10_000))
    known = {
        row[0]: row[1:]
        for row in Group.objects.filter(pk__in=set(before.values())).values_list("pk", *COLUMNS)
    }
    names = _names(found, before)
    new = Group.objects.bulk_create(
        [
            Group(library_id=library_id, **dict(zip(COLUMNS, group.columns, strict=True)))
            for group, name in zip(found, names, strict=True)
            if name is None
        ],
        batch_size=BATCH,
    )
    fresh = iter(new)
    after: dict[int, int] = {}
    changed = []
    for group, name in zip(found, names, strict=True):
        pk = next(fresh).pk if name is None else name
        after.update(dict.fromkeys(group.members, pk))
        if name is not None and known[name] != group.columns:
            row = Group(pk=name, **dict(zip(COLUMNS, group.columns, strict=True)))
            changed.append(row)
    fields = [column.removesuffix("_id") for column in COLUMNS]
    Group.objects.bulk_update(changed, fields, batch_size=1_000)
    moved = [picture for picture, pk in before.items() if after.get(picture) != pk]
    for part in _parts(moved):
        Membership.objects.filter(library=library_id, picture__in=part).delete()
    Membership.objects.bulk_create(
        (
            Membership(library_id=library_id, group_id=pk, picture_id=picture)
            for picture, pk in after.items()
            if before.get(picture) != pk
        ),
        batch_size=BATCH,
    )
    for part in _parts(sorted(set(known) - {name for name in names if name is not None})):
        Group.objects.filter(pk__in=part).delete()


def _names(found: list[Found], before: dict[int, int]) -> list[int | None]:
    """The number that each group keeps: that of which it holds most; None for a new one.

    The larger of two parts takes the number, of equal ones that with the first picture.
    """
    names: list[int | None] = [None] * len(found)
    taken: set[int] = set()
    order = sorted(range(len(found)), key=lambda at: (-len(found[at].members), found[at].members))
    for at in order:
        counts = Counter(before[each] for each in found[at].members if each in before)
        free = [(count, -name) for name, count in counts.items() if name not in taken]
        if free:
            names[at] = name = -max(free)[1]
            taken.add(name)
    return names


def _parts(ids: Collection[int]) -> Iterable[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, BATCH)):
        yield part
