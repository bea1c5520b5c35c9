"""What a plan would do, worked out from the database as it stands. No file is touched or opened.

Only contents with one page are replaced by other contents: what was judged of a document of many
pages is one page of it. Copies with the same bytes are the same, whatever their pages.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from django.db.models import Q

from dedup_site.accounts.models import User
from review import keeping
from review.keeping import Candidate, Standing
from review.models import PlanItem
from review.plans.reasons import Because
from review.plans.settled import settled_duplicates
from review.plans.stars import Fate, File, Link, fates
from review.records.blocking import Block, BlockingReason, blocking_reasons
from scanning.models import Library, Picture, SourceFile

IN_PARTS = 2_000
UNREADABLE = frozenset({Block.UNREAD, Block.UNKNOWN_FILE})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which duplicates a plan looks at: pairs of these tiers (all if none), files in this folder.

    The folder narrows what may go; what is kept for it may lie anywhere in the library.
    """

    tiers: tuple[str, ...] = ()
    folder: str = ""

    def as_data(self) -> dict[str, object]:
        return {"tiers": list(self.tiers), "folder": self.folder}


@dataclass(frozen=True, slots=True)
class Line:
    """One file of the plan: `reasons` say why it is not acted upon."""

    file: SourceFile
    keeper: SourceFile | None
    kept_for: str
    decision: int | None
    reasons: list[Because] = field(default_factory=list)

    @property
    def fate(self) -> PlanItem.Fate:
        if not self.reasons:
            return PlanItem.Fate.ACT
        stays = all(reason.code in Because.STAYS for reason in self.reasons)
        return PlanItem.Fate.STAYS if stays else PlanItem.Fate.BLOCKED


def lines(library: Library, order: Sequence[str], narrowed: Narrowed, user: User) -> list[Line]:
    """Every file that a plan of the library is about, by path.

    order: of the keep rule. user: whoever asks; every hold counts, whether they know of it or not.
    The number of queries grows by a few for each 2,000 files.
    """
    confirmed = _confirmed(narrowed)
    files = _files(library, {content for link, _same in confirmed for content in _ends(link)})
    found, unsafe = _sorted_out(confirmed, files.values())
    blocks = _blocks(files, user)
    under_way, kept = _engaged(files)
    candidates = _candidates(files, blocks)
    usable = {
        pk: File(pk, _content(files[pk]), candidate)
        for pk, candidate in candidates.items()
        if pk not in under_way
    }
    told = {fate.file: fate for fate in fates(usable.values(), found, order)}
    kept_here = {fate.keeper for fate in told.values()}
    for pk, file in files.items():
        is_left_over = pk not in usable or _content(file) in unsafe
        if is_left_over and pk not in told and pk not in kept_here:
            told[pk] = Fate(pk)
    shown = [
        _line(fate, files, blocks, under_way, kept, unsafe)
        for fate in told.values()
        if not narrowed.folder or files[fate.file].path.startswith(f"{narrowed.folder}/")
    ]
    return sorted(shown, key=lambda line: (line.file.path, line.file.pk))


def _confirmed(narrowed: Narrowed) -> list[tuple[Link, bool]]:
    """What people confirmed, in whichever library; and whether it is of one picture with itself.

    Without joins to files: the planner cannot know how few of the pairs lie in the library.
    """
    reviews = settled_duplicates()
    if narrowed.tiers:
        reviews = reviews.filter(pair__tier__in=narrowed.tiers)
    rows = reviews.order_by("decision_id").values_list(
        *("pair__left__sha256", "pair__right__sha256", "decision_id"),
        *("pair__left", "pair__right"),
    )
    return [
        (Link(bytes(left), bytes(right), decision), left_id == right_id)
        for left, right, decision, left_id, right_id in rows.iterator(chunk_size=IN_PARTS)
        if decision
    ]


def _ends(link: Link) -> tuple[bytes, bytes]:
    return link.left, link.right


def _sorted_out(
    confirmed: list[tuple[Link, bool]], files: Collection[SourceFile]
) -> tuple[list[Link], set[bytes]]:
    """The links between files that are here; apart, contents of which only pages were judged."""
    here = {_content(file) for file in files}
    in_pages = {_content(file) for file in files if file.error_kind == SourceFile.PARTIAL}
    for part in _parts(list(here)):
        several = Picture.objects.filter(Q(page__gt=0) | Q(frames__gt=1), sha256__in=part)
        in_pages.update(bytes(content) for content in several.values_list("sha256", flat=True))
    links, unsafe = [], set[bytes]()
    for link, is_same in confirmed:
        if link.left not in here or link.right not in here:
            continue
        if is_same or (link.left != link.right and in_pages.isdisjoint(_ends(link))):
            links.append(link)
        elif link.left != link.right:
            unsafe.update(_ends(link))
    return links, unsafe


def _files(library: Library, contents: Iterable[bytes]) -> dict[int, SourceFile]:
    """The present files with these contents, by path."""
    found = SourceFile.objects.filter(library=library, is_present=True)
    files = [
        file
        for part in _parts(list(contents))
        for file in found.filter(sha256__in=part).order_by("path", "pk")
    ]
    return {file.pk: file for file in sorted(files, key=lambda file: (file.path, file.pk))}


def _blocks(files: Iterable[int], user: User) -> dict[int, list[BlockingReason]]:
    return {
        pk: reasons
        for part in _parts(list(files))
        for pk, reasons in blocking_reasons(part, user).items()
    }


def _engaged(files: Iterable[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Files that other plans have under way, and files that they keep for others, with the plan."""
    under_way: dict[int, int] = {}
    kept: dict[int, int] = {}
    for part in _parts(list(files)):
        items = PlanItem.objects.filter(state__in=PlanItem.BINDING)
        under_way |= dict(items.filter(source_file__in=part).values_list("source_file", "plan"))
        kept |= {
            keeper: plan
            for keeper, plan in items.filter(keeper__in=part).values_list("keeper", "plan")
            if keeper is not None
        }
    return under_way, kept


def _candidates(
    files: dict[int, SourceFile], blocks: dict[int, list[BlockingReason]]
) -> dict[int, Candidate]:
    """What the keep rule looks at; a file that could not be read is kept for nobody."""
    contents = list({bytes(file.sha256) for file in files.values() if file.sha256})
    pictures = {
        bytes(picture.sha256): picture
        for part in _parts(contents)
        for picture in Picture.objects.filter(sha256__in=part, page=0)
    }
    found: dict[int, Candidate] = {}
    for pk, file in files.items():
        codes = {reason.block for reason in blocks[pk]}
        picture = pictures.get(_content(file))
        if picture is None or codes & UNREADABLE:
            continue
        found[pk] = keeping.candidate(
            picture.metadata,
            pixels=picture.width * picture.height,
            byte_size=file.size,
            modified_ns=file.modified_ns,
            standing=Standing(
                is_held=Block.HELD in codes,
                is_record_copy=keeping.is_record_copy(file.attributes),
                kept_until=_kept_until(blocks[pk]),
            ),
        )
    return found


def _kept_until(reasons: Iterable[BlockingReason]) -> date:
    """The last day of its retention: the longest where it is not known, the shortest if over."""
    days = [
        reason.until if reason.block == Block.RETAINED and reason.until else date.max
        for reason in reasons
        if reason.block != Block.HELD
    ]
    return max(days, default=date.min)


def _line(
    fate: Fate,
    files: dict[int, SourceFile],
    blocks: dict[int, list[BlockingReason]],
    under_way: dict[int, int],
    kept: dict[int, int],
    unsafe: set[bytes],
) -> Line:
    file = files[fate.file]
    keeper = files[fate.keeper] if fate.keeper else None
    reasons = [Because.of(reason) for reason in blocks[file.pk]]
    if file.pk in under_way:
        reasons.append(Because("under_way", plan=under_way[file.pk]))
    elif file.pk in kept:
        reasons.append(Because("kept_for_others", plan=kept[file.pk]))
    if keeper is None and file.pk not in under_way and not _is_unreadable(blocks[file.pk]):
        reasons.append(Because("pages" if _content(file) in unsafe else "not_confirmed"))
    elif keeper is not None and file.inode and file.inode == keeper.inode:
        reasons.append(Because("same_file"))
    return Line(file, keeper, fate.kept_for, fate.decision, reasons)


def _is_unreadable(reasons: Iterable[BlockingReason]) -> bool:
    return any(reason.block in UNREADABLE for reason in reasons)


def _content(file: SourceFile) -> bytes:
    return bytes(file.sha256 or b"")


def _parts(things: list[T]) -> Iterable[list[T]]:
    return (things[start : start + IN_PARTS] for start in range(0, len(things), IN_PARTS))
