"""What narrows an export of the decision log: time, library, person, matter, and scope."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from dedup_site.accounts.models import User
from dedup_site.audit.bundles import Slice
from review.models import Hold, Matter
from review.records.hold_querysets import held_files
from scanning.models import CandidatePair, Library

# The events that a decision log is about: their details are exported with their bodies.
KINDS = ("decision.", "hold.", "matter.")

# Evidence is digested as a whole, so that what names another library is left out as a whole.
WITHIN = """
    NOT (e.target_type = 'scanning.candidatepair' AND e.target_id IN (
        SELECT d.pair_id::text FROM review_decision d WHERE EXISTS (
            SELECT FROM jsonb_path_query(d.evidence, '$.*.files[*].library') library
            WHERE library::text::bigint <> ALL (%s))))
"""
# The note of such a verdict is the note of the holds that it placed.
HOLDING = """
    e.target_type = 'scanning.candidatepair' AND e.target_id = ANY (%s)
    AND e.body LIKE '%%"verdict":"legal_hold"%%'
"""


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Events from `since` on and before `until`, of one library, by one person, of one matter.

    libraries: what the person who exports may see; None stands for everything.
    reader: who must not read what they may not know of; None for whoever runs the server.
    """

    since: datetime | None = None
    until: datetime | None = None
    library: Library | None = None
    person: User | None = None
    matter: Matter | None = None
    libraries: Collection[int] | None = None
    reader: User | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing narrows it, so that the bundle is the whole log."""
        return not self.described() and self.libraries is None

    def described(self) -> dict[str, str]:
        """What narrows it, for the manifest and the log."""
        given = {
            "since": self.since and self.since.astimezone(UTC).isoformat(),
            "until": self.until and self.until.astimezone(UTC).isoformat(),
            "library": self.library and str(self.library.pk),
            "person": self.person and str(self.person.pk),
            "matter": self.matter and str(self.matter.pk),
        }
        return {name: value for name, value in given.items() if value}

    def entries(self) -> Slice:
        """The entries of the log that fit."""
        closed, closed_bounds = self._closed()
        if self.is_whole:
            return Slice(KINDS, closed=closed, closed_bounds=closed_bounds)
        conditions: list[tuple[str, list[Any]]] = []
        if self.since is not None:
            conditions.append(("e.at >= %s", [self.since]))
        if self.until is not None:
            conditions.append(("e.at < %s", [self.until]))
        if self.person is not None:
            conditions.append(("e.actor_id = %s", [self.person.pk]))
        if self.library is not None:
            # The body names every library of a pair that lies in several.
            also = rf'"libraries":\[([0-9]+,)*{self.library.pk}[],]'
            conditions.append(("(e.library_id = %s OR e.body ~ %s)", [self.library.pk, also]))
        if self.matter is not None:
            conditions.append(self._of_the_matter(self.matter))
        if self.libraries is not None:
            conditions.append(
                ("(e.library_id IS NULL OR e.library_id = ANY (%s))", [list(self.libraries)])
            )
            conditions.append((WITHIN, [list(self.libraries)]))
        where = " AND ".join(condition for condition, _bounds in conditions)
        bounds = [bound for _condition, bounds in conditions for bound in bounds]
        return Slice(KINDS, where, bounds, closed, closed_bounds)

    def _closed(self) -> tuple[str, list[Any]]:
        """Details that tell of matters which the reader may not know of: SQL about the event."""
        if self.reader is None:
            return "FALSE", []
        known = Matter.objects.known_to(self.reader).order_by().values("pk")
        unknown = list(Matter.objects.exclude(pk__in=known).values_list("pk", flat=True))
        if not unknown:
            return "FALSE", []
        holds = Hold.objects.filter(matter__in=unknown, picture__isnull=False)
        pairs = CandidatePair.objects.filter(Q(left__holds__in=holds) | Q(right__holds__in=holds))
        ids = [str(pair) for pair in pairs.values_list("pk", flat=True).distinct()]
        named = rf'"matter":({"|".join(map(str, unknown))})[,}}]'
        return f"(e.body ~ %s OR {HOLDING})", [named, ids]

    def _of_the_matter(self, matter: Matter) -> tuple[str, list[Any]]:
        """Events that name the matter, and decisions on pairs with a picture that it holds."""
        holds = Hold.objects.filter(matter=matter)
        held = held_files(holds).values("sha256")
        pairs = CandidatePair.objects.filter(
            Q(left__sha256__in=held)
            | Q(right__sha256__in=held)
            | Q(left__holds__in=holds)
            | Q(right__holds__in=holds)
        )
        ids = [str(pair) for pair in pairs.values_list("pk", flat=True).distinct()]
        named = rf'"matter":{matter.pk}[,}}]'
        return (
            "(e.body ~ %s OR e.target_type = 'scanning.candidatepair' AND e.target_id = ANY (%s))",
            [named, ids],
        )
