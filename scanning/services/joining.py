"""The join of a run, divided: its plan, its shares, and what is kept of it for the next run.

A plan says which pictures are joined, in which order, which of them are new, and which belong to
look-alike families. It is written once; any number of workers then do its shares, each from what
the database holds. Of pictures with equal codes the first by digest stands for all (a node).
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import numpy as np
from django.db.models import BinaryField, Count, F, Q
from django.db.models.functions import Substr
from numpy.typing import NDArray

from dedup_site.env import env_int
from scanning.engine.hashing.fingerprints import ALGORITHMS
from scanning.engine.hashing.squares import KEPT
from scanning.engine.hashing.turns import TURNS
from scanning.engine.hashing.windows import Window
from scanning.engine.search.candidates import Search
from scanning.engine.search.guests import Guest
from scanning.engine.search.nearest import Candidates, Rows
from scanning.engine.search.shares import Block, Outline
from scanning.engine.search.ways import Radii
from scanning.engine.search.whitening import Place
from scanning.models import Fingerprint, Joined

# The work of a share, counted in new pictures that are joined with all.
SHARE = env_int("MATCH_SHARE", 5_000)
# More pairs than this by one way do not fit into memory: they are found in smaller pieces.
MOST_PAIRS = 20_000_000
_IDS = 10_000

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The pictures of a join, old ones first.

    pictures: their ids. labels: the family of each, guests included. first_new: rows from here on
    are new. templates: (families, side, side) grey. changed: how many pictures have come or gone
    since everything was joined.
    """

    pictures: Rows
    labels: NDArray[np.int32]
    first_new: int
    guests: tuple[Guest, ...] = ()
    templates: NDArray[np.float32] = field(default_factory=lambda: Plan.none())
    changed: int = 0

    @staticmethod
    def none() -> NDArray[np.float32]:
        """No templates."""
        return np.empty((0, KEPT, KEPT), np.float32)

    def __len__(self) -> int:
        return len(self.pictures)

    def shares(self) -> list[tuple[int, int]]:
        """Ranges of rows with about the same work in each."""
        new = len(self) - self.first_new
        work = np.cumsum(np.where(np.arange(len(self)) < self.first_new, new, len(self)))
        if not len(work):
            return [(0, 0)]
        count = max(1, -(-int(work[-1]) // (SHARE * len(self))))
        edges = np.searchsorted(work, work[-1] * np.arange(1, count) // count, side="left") + 1
        bounds = [0, *edges.tolist(), len(self)]
        return list(pairwise(bounds))

    @property
    def arrays(self) -> Arrays:
        whole = [
            (guest.row, guest.family, guest.turn, guest.way, *guest.place.box, *guest.place.part)
            for guest in self.guests
        ]
        return {
            "pictures": self.pictures,
            "labels": self.labels,
            "first_new": np.array(self.first_new),
            "guests": np.array(whole, np.float64).reshape(-1, 12),
            "templates": self.templates,
            "changed": np.array(self.changed),
        }

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        guests = tuple(
            Guest(
                int(row),
                int(family),
                int(turn),
                Place(Window(*shape[:4]), Window(*shape[4:])),
                int(way),
            )
            for row, family, turn, way, *shape in arrays["guests"].tolist()
        )
        return cls(
            arrays["pictures"],
            arrays["labels"],
            int(arrays["first_new"]),
            guests,
            arrays["templates"],
            int(arrays["changed"]),
        )


def search_of(plan: Plan, radii: Radii, keep: Callable[[], None], *, thin: bool = True) -> Search:
    """The engine's search over a plan, reading signatures from the database."""
    pictures = plan.pictures

    def block(first: int, last: int) -> Block:
        ids = pictures[first:last]
        turned = _stacked("turned256", ids, np.uint64).reshape(-1, len(TURNS), 4)
        keep()
        windows = np.empty((len(ids), 0), np.uint64)
        if radii.windows is not None:
            windows = _stacked("windows64", ids, np.uint64).reshape(len(ids), -1)
        return Block(first, turned, windows)

    outline = outline_of(pictures, plan.labels, plan.first_new, keep)
    return Search(
        outline, block, lambda rows: rasters_of(pictures[rows]), radii, MOST_PAIRS, keep, thin
    )


def outline_of(
    pictures: Rows, labels: NDArray[np.int32], first_new: int, keep: Callable[[], None]
) -> Outline:
    whole = whole_of(pictures)
    keep()
    small = _stacked("windows64", pictures, np.uint64, head=8)
    keep()
    trimmed = _codes("trimmed256", pictures)
    stages = [len(trimmed[pk]) // 32 for pk in pictures.tolist()]
    joined = b"".join(trimmed[pk] for pk in pictures.tolist())
    return Outline(
        whole,
        small,
        np.frombuffer(joined, np.uint64).reshape(-1, 4),
        np.repeat(np.arange(len(stages)), stages),
        labels,
        first_new,
    )


def rasters_of(pictures: Rows) -> NDArray[np.uint8]:
    """The grey rasters of some pictures, in their order."""
    return _stacked("raster", pictures, np.uint8).reshape(-1, KEPT, KEPT)


def whole_of(pictures: Rows) -> NDArray[np.uint64]:
    """The 256-bit codes of some pictures, shape (n, 4)."""
    return _stacked("phash256", pictures, np.uint64).reshape(-1, 4)


def ready(pictures: Sequence[int]) -> set[int]:
    """Those pictures of which every fingerprint that the join reads is there."""
    names = ("phash256", "turned256", "trimmed256", "raster", "windows64")
    versions = Q()
    for name in names:
        versions |= Q(algorithm=name, version=ALGORITHMS[name])
    found: set[int] = set()
    for ids in _pieces(np.array(pictures, np.int64)):
        rows = Fingerprint.objects.filter(versions, picture_id__in=ids).order_by()
        counted = rows.values("picture_id").annotate(have=Count("pk")).filter(have=len(names))
        found |= set(counted.values_list("picture_id", flat=True))
    return found


def _stacked(
    name: str, pictures: Rows, kind: type[np.generic], head: int | None = None
) -> NDArray[Any]:
    codes = _codes(name, pictures, head)
    return np.frombuffer(b"".join(codes[pk] for pk in pictures.tolist()), kind)


def _codes(name: str, pictures: Rows, head: int | None = None) -> dict[int, bytes]:
    """The codes of one algorithm by picture; only their first bytes where `head` is given."""
    codes: dict[int, bytes] = {}
    for ids in _pieces(pictures):
        rows = _of(name, ids)
        start = Substr("code", 1, head, output_field=BinaryField()) if head else F("code")
        codes |= {
            pk: bytes(code)
            for pk, code in rows.annotate(start=start).values_list("picture_id", "start")
        }
    return codes


def _of(name: str, ids: list[int]) -> Any:
    return Fingerprint.objects.filter(algorithm=name, version=ALGORITHMS[name], picture_id__in=ids)


def _pieces(pictures: Rows) -> Iterator[list[int]]:
    for start in range(0, len(pictures), _IDS):
        yield pictures[start : start + _IDS].tolist()


def with_ids(found: Candidates, pictures: Rows) -> Rows:
    """Rows of (picture, picture, distance, way)."""
    return np.column_stack([pictures[found.left], pictures[found.right], found.distance, found.way])


def with_rows(rows: Rows, place: dict[int, int]) -> Candidates:
    """The inverse: pairs of pictures that have no place are left out."""
    one = np.array([place.get(pk, -1) for pk in rows[:, 0].tolist()], np.int64)
    other = np.array([place.get(pk, -1) for pk in rows[:, 1].tolist()], np.int64)
    kept = (one >= 0) & (other >= 0)
    return Candidates.of(np.column_stack([one, other, rows[:, 2:]])[kept])


def packed(arrays: Arrays) -> bytes:
    """Arrays as bytes, compressed."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def unpacked(joined: Joined) -> Arrays:
    with np.load(io.BytesIO(bytes(joined.arrays)), allow_pickle=False) as arrays:
        return dict(arrays)
