"""The keep rule: which of several duplicates is kept. Pair page, group page and plans ask here.

Facts of record (a hold, the record copy, the longest retention) come before anything that can be
seen. A plan must name one: the first criterion of the library's order that tells the candidates
apart decides, and among those that it leaves the next one does (`choose`). People who still judge
are told one only where no criterion speaks for another (`agreed`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LARGER = 1.05  # times the pixels
QUALITY_STEP = 5  # of the JPEG quality, 1 to 100
DAY_NS = 86_400 * 1_000_000_000
# What somebody knew of the picture when it was made; sizes and encoders do not count.
KNOWN = ("date_taken", "camera_make", "camera_model", "artist", "copyright", "gps", "icc_profile")
# Where nothing else tells files apart.
FIRST = "first"


@dataclass(frozen=True, slots=True)
class Standing:
    """The record status of one candidate."""

    is_held: bool = False
    is_record_copy: bool = False
    kept_until: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several duplicates, with everything that the criteria look at.

    pixels: that show what all candidates show. modified_ns: of the file that was changed first,
    None where no file is known. quality: of a JPEG file, 1 to 100, where it is known.
    """

    standing: Standing = Standing()
    pixels: float = 0
    byte_size: int = 0
    quality: int | None = None
    taken_on: str = ""
    modified_ns: int | None = None
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Criterion:
    """`best` gives the places of the candidates that it speaks for; all of them is silence."""

    code: str
    word: str | Promise
    best: Callable[[Sequence[Candidate]], list[int]]
    is_of_record: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The place of the candidate to keep, and the code of the criterion that decided."""

    place: int
    code: str


def _where(tests: Sequence[bool]) -> list[int]:
    return [place for place, passed in enumerate(tests) if passed]


def _held(them: Sequence[Candidate]) -> list[int]:
    return _where([each.standing.is_held for each in them])


def _record_copy(them: Sequence[Candidate]) -> list[int]:
    return _where([each.standing.is_record_copy for each in them])


def _longer_retention(them: Sequence[Candidate]) -> list[int]:
    """Silent where one is not known: unknown is not shorter."""
    until = [day for each in them if (day := each.standing.kept_until)]
    if len(until) < len(them):
        return []
    longest = max(until)
    return _where([day == longest for day in until])


def _larger(them: Sequence[Candidate]) -> list[int]:
    most = max(each.pixels for each in them)
    return _where([each.pixels * LARGER >= most for each in them])


def _larger_file(them: Sequence[Candidate]) -> list[int]:
    most = max(each.byte_size for each in them)
    return _where([each.byte_size == most for each in them])


def _less_compressed(them: Sequence[Candidate]) -> list[int]:
    """Only where all are JPEG files: a PNG made of a JPEG is no better than that."""
    qualities = [each.quality for each in them if each.quality is not None]
    if len(qualities) < len(them):
        return []
    most = max(qualities)
    return _where([most - quality < QUALITY_STEP for quality in qualities])


def _older(them: Sequence[Candidate]) -> list[int]:
    """By the date taken where all have one, otherwise by when the files were last changed."""
    if all(each.taken_on for each in them):
        first = min(each.taken_on for each in them)
        return _where([each.taken_on == first for each in them])
    changed = [each.modified_ns for each in them if each.modified_ns is not None]
    if len(changed) < len(them):
        return []
    oldest = min(changed)
    return _where([moment - oldest < DAY_NS for moment in changed])


def _more_metadata(them: Sequence[Candidate]) -> list[int]:
    """Not those of which another one knows all that they know, and more."""
    distinct = {each.known for each in them}
    least = {known for known in distinct if any(known < other for other in distinct)}
    return _where([each.known not in least for each in them])


OF_RECORD: tuple[Criterion, ...] = (
    Criterion("held", _("on hold"), _held, is_of_record=True),
    Criterion("record_copy", _("record copy"), _record_copy, is_of_record=True),
    Criterion("retention", _("kept longer"), _longer_retention, is_of_record=True),
)
BY_LOOKS: tuple[Criterion, ...] = (
    Criterion("larger", _("larger"), _larger),
    Criterion("less_compressed", _("less compressed"), _less_compressed),
    Criterion("older", _("older"), _older),
    Criterion("more_metadata", _("more metadata"), _more_metadata),
    Criterion("larger_file", _("more bytes"), _larger_file),
)
# The order where a library has no rule of its own. More bytes alone may only mean that a picture
# was saved once more.
DEFAULT_ORDER = ("larger", "less_compressed", "older", "more_metadata")
WORDS: dict[str, str | Promise] = {
    **{criterion.code: criterion.word for criterion in (*OF_RECORD, *BY_LOOKS)},
    FIRST: _("first by path"),
}


def criteria(order: Sequence[str] = DEFAULT_ORDER) -> tuple[Criterion, ...]:
    """The criteria in their order, those of record first; codes that nobody knows are left out."""
    by_code = {criterion.code: criterion for criterion in BY_LOOKS}
    return (*OF_RECORD, *(by_code[code] for code in order if code in by_code))


def choose(them: Sequence[Candidate], order: Sequence[str] = DEFAULT_ORDER) -> Choice:
    """The candidate to keep; of those that no criterion tells apart the first one.

    Raises:
        ValueError: there is no candidate.
    """
    if not them:
        raise ValueError("Nothing to choose from.")
    left = list(range(len(them)))
    code = FIRST
    for criterion in criteria(order):
        if len(left) == 1:
            break
        best = criterion.best([them[place] for place in left])
        if 0 < len(best) < len(left):
            left = [left[place] for place in best]
            code = criterion.code
    return Choice(left[0], code if len(left) == 1 else FIRST)


def agreed(them: Sequence[Candidate], order: Sequence[str] = DEFAULT_ORDER) -> Choice | None:
    """The one candidate that all criteria speak for, of those that speak at all; None: they differ.

    Where facts of record speak, what can be seen is not asked.
    """
    for part in (OF_RECORD, criteria(order)[len(OF_RECORD) :]):
        spoken = [(each.code, set(each.best(them))) for each in part]
        spoken = [(code, best) for code, best in spoken if 0 < len(best) < len(them)]
        if spoken:
            common = set.intersection(*(best for _code, best in spoken))
            return Choice(common.pop(), spoken[0][0]) if len(common) == 1 else None
    return None


def candidate(
    metadata: dict[str, object],
    *,
    pixels: float,
    byte_size: int,
    modified_ns: int | None = None,
    standing: Standing | None = None,
) -> Candidate:
    """A candidate by what was read of its picture."""
    quality = str(metadata.get("jpeg_quality", ""))
    return Candidate(
        standing=standing or Standing(),
        pixels=pixels,
        byte_size=byte_size,
        quality=int(quality) if quality.isdecimal() else None,
        taken_on=str(metadata.get("date_taken") or "")[:10],
        modified_ns=modified_ns,
        known=frozenset(key for key in KNOWN if metadata.get(key)),
    )


def is_record_copy(attributes: dict[str, object]) -> bool:
    """Whether the attributes of a file (path or manifest) say that it is the record copy."""
    return str(attributes.get("record_copy", "")).strip().lower() in ("1", "true", "yes")
