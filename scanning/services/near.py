"""Which pictures of a run may be the same by their signatures: the engine's candidates.

The first scan of a job joins everything. A later one joins what is new with everything and takes
the rest from what the last one kept, so long as that was made with the same settings and versions.
Where much has changed, everything is joined again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import process_time
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from scanning.contents import Content
from scanning.engine.hashing.fingerprints import ALGORITHMS
from scanning.engine.search.candidates import Candidates, Search, expanded, merged
from scanning.engine.search.families import LEAST, RADIUS, centres_of, families, members_of
from scanning.engine.search.guests import guests, templates_of, with_guests
from scanning.engine.search.join import TooManyPairs, nearest
from scanning.engine.search.nearest import PER_FAMILY, Rows, outside
from scanning.engine.search.relatives import relatives
from scanning.engine.search.signatures import Nodes
from scanning.engine.search.templates import Template
from scanning.engine.search.ways import WAYS, Radii
from scanning.models import Joined, ScanRun
from scanning.services.joining import (
    MOST_PAIRS,
    Arrays,
    Plan,
    outline_of,
    rasters_of,
    ready,
    search_of,
    unpacked,
    whole_of,
    with_ids,
    with_rows,
)
from scanning.versions import current_versions

# Raise it when the same signatures give other pairs.
VERSION = 2
# One picture in so many may have come or gone before everything is joined again: only then are new
# families found.
CHANGED = 20

Keep = Callable[[], None]


@dataclass(slots=True)
class Figures:
    """Processor time of each step, and how many pairs it found."""

    seconds: dict[str, float] = field(default_factory=dict)
    pairs: dict[str, int] = field(default_factory=dict)

    def add(self, step: str, seconds: float, pairs: int) -> None:
        self.seconds[step] = round(self.seconds.get(step, 0.0) + seconds, 3)
        self.pairs[step] = self.pairs.get(step, 0) + pairs

    def add_search(self, search: Search) -> None:
        for kind, seconds in search.seconds.items():
            self.add(kind, seconds, search.found[kind])

    def add_all(self, figures: dict[str, Any]) -> None:
        for step, seconds in figures.get("seconds", {}).items():
            self.add(step, seconds, figures["pairs"][step])

    @property
    def as_json(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "pairs": self.pairs}


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a run that have a signature, sorted by digest, and the nodes among them."""

    contents: list[Content]
    nodes: Nodes
    whole: np.ndarray[Any, np.dtype[np.uint64]]

    @classmethod
    def of(cls, contents: list[Content], keep: Keep) -> "Pictures":
        """Of contents sorted by digest, those that have every fingerprint."""
        have = ready([content.pk for content in contents])
        keep()
        known = [content for content in contents if content.pk in have]
        whole = whole_of(np.array([content.pk for content in known], np.int64))
        return cls(known, Nodes.of(whole), whole)

    @property
    def ids(self) -> Rows:
        return np.array([content.pk for content in self.contents], np.int64)


def radii_of(configuration: dict[str, Any], count: int) -> Radii:
    """The radii of all ways for a run with this configuration."""
    usual = Radii.for_count(count).within(configuration["near_radius"])
    return usual if configuration.get("find_crops", True) else usual.without_crops()


def key_of(radii: Radii) -> str:
    """Stands for everything that the pairs of two pictures depend on.

    The libraries of the formats too: another version of one may draw the same picture otherwise.
    """
    text = f"{VERSION} {radii} {sorted(ALGORITHMS.items())} {sorted(current_versions())}"
    return hashlib.sha256(text.encode()).hexdigest()


def kept_of(run: ScanRun, key: str) -> Arrays | None:
    """What the job's last run kept, if it can be used."""
    joined = Joined.objects.filter(job_id=run.job_id, key=key).order_by("-chunk_id").first()
    return unpacked(joined) if joined else None


def planned(pictures: Pictures, kept: Arrays | None, keep: Keep, figures: Figures) -> Plan:
    """What has to be joined, and which pictures are in families."""
    firsts = pictures.ids[pictures.nodes.first]
    if kept is not None:
        plan = _grown(firsts, np.diff(pictures.nodes.starts), kept, keep, figures)
        if plan is not None:
            return plan
    begun = process_time()
    labels = families(pictures.whole)[pictures.nodes.first]
    keep()
    templates = templates_of(labels, lambda rows: rasters_of(firsts[rows]), keep)
    figures.add("families", process_time() - begun, 0)
    return _with_guests(Plan(firsts, labels, 0, (), _stack(templates)), keep, figures)


def _grown(firsts: Rows, equal: Rows, kept: Arrays, keep: Keep, figures: Figures) -> Plan | None:
    """The kept plan with what is new; None where so much has changed that all is joined again.

    equal: for how many pictures of equal codes each of `firsts` stands.
    """
    before = Plan.of(kept)
    gone = np.setdiff1d(before.pictures, firsts)
    # Where neighbours were left out because there were nearer ones that are gone, look again.
    pairs = kept["outside"][:, :2]
    count = dict(zip(*np.unique(pairs, return_counts=True), strict=True))
    lost = np.unique(pairs[np.isin(pairs, gone).any(axis=1)])
    again = [pk for pk in lost.tolist() if count[pk] >= PER_FAMILY]
    is_old = np.isin(firsts, np.setdiff1d(before.pictures, again))
    changed = before.changed + int((~is_old).sum()) + len(gone)
    if CHANGED * changed > len(firsts):
        return None
    order = np.concatenate([firsts[is_old], firsts[~is_old]])
    equal = np.concatenate([equal[is_old], equal[~is_old]])
    first_new = int(is_old.sum())
    begun = process_time()
    row = {pk: row for row, pk in enumerate(order.tolist())}
    place = np.array([row.get(pk, -1) for pk in before.pictures.tolist()], np.int64)
    is_guest = np.zeros(len(before), np.bool_)
    is_guest[[guest.row for guest in before.guests]] = True
    labels = np.full(len(order), -1, np.int32)
    members = (place >= 0) & ~is_guest
    labels[place[members]] = before.labels[members]
    labels[first_new:] = -1
    some = labels >= 0
    sizes = np.bincount(labels[some], weights=equal[some], minlength=len(before.templates))
    if len(sizes) and sizes.min() < LEAST // 2:
        return None
    if len(before.templates):
        whole = whole_of(order)
        nearest_centre, distance = nearest(whole[first_new:], centres_of(whole, labels))
        near = distance <= RADIUS
        labels[first_new:][near] = nearest_centre[near]
    old_guests = tuple(
        guest._replace(row=int(place[guest.row]))
        for guest in before.guests
        if 0 <= place[guest.row] < first_new
    )
    figures.add("families", process_time() - begun, 0)
    plan = Plan(order, labels, first_new, old_guests, before.templates, changed)
    return _with_guests(plan, keep, figures)


def _with_guests(plan: Plan, keep: Keep, figures: Figures) -> Plan:
    """The plan with the guests among its new pictures."""
    begun = process_time()
    found: list[Any] = []
    if len(plan.templates) and plan.first_new < len(plan):
        found = guests(
            outline_of(plan.pictures, plan.labels, plan.first_new, keep),
            [Template(raster) for raster in plan.templates],
            lambda rows: rasters_of(plan.pictures[rows]),
            keep,
        )
    figures.add("guests", process_time() - begun, len(found))
    all_guests = (*plan.guests, *found)
    labels = with_guests(plan.labels, all_guests)
    return replace(plan, labels=labels, guests=all_guests)


def _stack(templates: list[Template]) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.stack([template.raster for template in templates]) if templates else Plan.none()


def share_of(plan: Plan, rows: tuple[int, int], radii: Radii, keep: Keep, figures: Figures) -> Rows:
    """One share of the join: rows of (picture, picture, distance, way)."""
    if plan.first_new == len(plan):
        return np.empty((0, 4), np.int64)  # nothing is new: no signature need be read
    search = search_of(plan, radii, keep)
    found = search.share(*rows)
    figures.add_search(search)
    return with_ids(found, plan.pictures)


@dataclass(frozen=True, slots=True)
class Found:
    """The pairs of a run, and what is kept of them for the next."""

    pictures: Pictures
    pairs: Candidates
    kept: Arrays

    def __iter__(self) -> Iterator[tuple[Content, Content, int, str]]:
        """Left, right, distance of 256 and the way that led to the pair, sorted."""
        contents = self.pictures.contents
        for left, right, distance, way in self.pairs.rows.tolist():
            yield contents[left], contents[right], distance, WAYS[way]


def settled(
    pictures: Pictures,
    plan: Plan,
    joined: list[Rows],
    kept: Arrays | None,
    keep: Keep,
    tell: Callable[[str], None],
    figures: Figures,
) -> Found:
    """All pairs from what the shares have found, and from what was kept of old pictures.

    The result does not depend on how the join was divided.
    """
    firsts = pictures.ids[pictures.nodes.first]
    place = {pk: node for node, pk in enumerate(firsts.tolist())}
    old = set(plan.pictures[: plan.first_new].tolist())
    labels = np.full(len(firsts), -1, np.int32)
    for pk, label in zip(plan.pictures.tolist(), plan.labels.tolist(), strict=True):
        if pk in place:
            labels[place[pk]] = label
    if kept is not None and plan.first_new:
        rows = kept["outside"]
        joined = [
            *joined,
            rows[[one in old and other in old for one, other in rows[:, :2].tolist()]],
        ]
    near = outside(merged([with_rows(rows, place) for rows in joined]), labels)
    keep()
    within = _within_families(pictures, plan, labels, place, kept, keep, tell, figures)
    pairs = merged([expanded(pictures.nodes, near, np.arange(len(firsts))), within.pairs])
    return Found(
        pictures,
        pairs,
        {
            **plan.arrays,
            "outside": with_ids(near, firsts),
            "within": with_ids(within.pairs, pictures.ids),
            "members": within.members,
        },
    )


@dataclass(frozen=True, slots=True)
class _Within:
    """Pairs within families; members: rows of (picture, family)."""

    pairs: Candidates
    members: Rows


def _within_families(
    pictures: Pictures,
    plan: Plan,
    labels: np.ndarray[Any, np.dtype[np.int32]],
    place: dict[int, int],
    kept: Arrays | None,
    keep: Keep,
    tell: Callable[[str], None],
    figures: Figures,
) -> _Within:
    """The pairs that agree within each family; a family of the same pictures gives the same."""
    ids = pictures.ids
    rows = {pk: row for row, pk in enumerate(ids.tolist())}
    by_node: dict[int, Any] = {}
    for guest in plan.guests:
        node = place.get(int(plan.pictures[guest.row]))
        if node is not None:
            by_node[node] = guest
    parts, members = [], [np.empty((0, 2), np.int64)]
    before = _kept_within(kept) if kept is not None and plan.first_new else {}
    everybody = members_of(labels)
    for family in range(len(plan.templates)):
        keep()
        nodes = everybody[family].tolist() if family < len(everybody) else []
        whose = sorted((row, node) for node in nodes for row in pictures.nodes.members(node))
        own = np.array([row for row, _node in whose], np.int64)
        members.append(np.column_stack([ids[own], np.full(len(own), family)]))
        known = before.get(family)
        if known is not None and np.array_equal(known[0], np.sort(ids[own])):
            parts.append(with_rows(known[1], rows))
            continue
        begun = process_time()
        found = [by_node[node]._replace(row=row) for row, node in whose if node in by_node]
        try:
            pairs = relatives(
                own,
                rasters_of(ids[own]),
                pictures.whole[own],
                found,
                template=Template(plan.templates[family]),
                limit=MOST_PAIRS,
                keep=keep,
            )
        except TooManyPairs:
            tell(
                _("%(count)d pictures look too much alike to be told apart by their outlines.")
                % {"count": len(own)}
            )
            pairs = merged([])
        parts.append(pairs)
        figures.add("whitening", process_time() - begun, len(pairs))
    return _Within(merged(parts), np.concatenate(members))


def _kept_within(kept: Arrays) -> dict[int, tuple[Rows, Rows]]:
    """Of each kept family its pictures, sorted, and its pairs."""
    members = kept["members"][np.argsort(kept["members"][:, 0])]
    rows: Rows = kept["within"]
    place = np.searchsorted(members[:, 0], rows[:, 0])
    whose = members[place, 1] if len(members) else np.empty(0, np.int64)
    pairs = members_of(whose)
    return {
        family: (members[some, 0], rows[pairs[family]] if family < len(pairs) else rows[:0])
        for family, some in enumerate(members_of(members[:, 1]))
    }
