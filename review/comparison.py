"""What differs between two sides besides the pixels: content, metadata, attributes, places."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from dedup_site.punctuation import semicolon
from review.evidence import MOST_FILES, files_for
from review.places import place
from scanning.models import CandidatePair, Picture, SourceFile

MOST_VALUES = 4

METADATA: dict[str, str | Promise] = {
    "date_taken": _("Date taken"),
    "camera_make": _("Camera maker"),
    "camera_model": _("Camera"),
    "software": _("Software"),
    "artist": _("Author"),
    "copyright": _("Copyright"),
    "dpi": _("Resolution (dpi)"),
    "jpeg_quality": _("JPEG quality"),
    "orientation": _("Orientation (EXIF)"),
    "icc_profile": _("Colour profile"),
    "gps": _("Place (GPS)"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the pair: a picture, its files that the person may see, the one in front."""

    picture: Picture
    files: list[SourceFile]
    shown: SourceFile | None

    @property
    def place(self) -> str:
        """Which page or frame of the file is shown."""
        return place(self.picture)

    @property
    def judged(self) -> list[SourceFile]:
        """The files whose paths, dates and attributes stand for this side."""
        return [self.shown] if self.shown else []

    @property
    def has_more(self) -> bool:
        return len(self.files) > MOST_FILES


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of the table."""

    label: str
    left: str
    right: str
    kind: str = ""


def sides(pair: CandidatePair, user: User, right_file: int | None = None) -> tuple[Side, Side]:
    """Both sides. An identical pair is one picture: its first file against another one of it.

    right_file: id of the file to put on the right of an identical pair.
    """
    files = files_for(pair.left, user)
    if not pair.is_identical:
        others = files_for(pair.right, user)
        return _side(pair.left, files), _side(pair.right, others)
    other = next((file for file in files[1:] if file.pk == right_file), None)
    other = other or next(iter(files[1:]), None)
    return _side(pair.left, files), Side(pair.right, files, other)


def _side(picture: Picture, files: list[SourceFile]) -> Side:
    return Side(picture, files, next(iter(files), None))


def differences(left: Side, right: Side) -> list[Difference]:
    """The lines that differ, in a fixed order: the content first, then where it lies."""
    lines = [
        *_content(left.picture, right.picture),
        *_metadata(left.picture, right.picture),
        *_attributes(left, right),
        *_places(left, right),
    ]
    return [line for line in lines if line.left != line.right]


def _content(left: Picture, right: Picture) -> Iterable[Difference]:
    def line(label: str, value: Callable[[Picture], str]) -> Difference:
        return Difference(label, value(left), value(right))

    yield line(gettext("Dimensions"), dimensions)
    yield line(gettext("Size"), lambda picture: size(picture.byte_size))
    yield line(gettext("Format"), lambda picture: picture.format)
    yield line(gettext("Colour mode"), lambda picture: picture.mode)
    yield line(gettext("Pages or frames"), lambda picture: number_format(picture.frames))


def _metadata(left: Picture, right: Picture) -> Iterable[Difference]:
    for key, label in METADATA.items():
        yield Difference(
            str(label), _text(left.metadata.get(key)), _text(right.metadata.get(key)), "metadata"
        )


def _attributes(left: Side, right: Side) -> Iterable[Difference]:
    files = [*_compared(left, right), *_compared(right, left)]
    for key in sorted({key for file in files for key in file.attributes}):
        yield Difference(
            key,
            _values(_text(file.attributes.get(key)) for file in _compared(left, right)),
            _values(_text(file.attributes.get(key)) for file in _compared(right, left)),
            "attribute",
        )


def _places(left: Side, right: Side) -> Iterable[Difference]:
    def line(label: str, value: Callable[[SourceFile], str], kind: str) -> Difference:
        return Difference(
            label,
            _values(map(value, _compared(left, right))),
            _values(map(value, _compared(right, left))),
            kind,
        )

    yield line(gettext("Library"), lambda file: file.library.name, "library")
    yield line(gettext("Changed"), modified, "date")
    yield line(gettext("Path"), lambda file: file.path, "path")


def _compared(side: Side, other: Side) -> list[SourceFile]:
    """All files of a picture, but only the two in front where both sides are one picture."""
    return side.judged if side.picture.pk == other.picture.pk else side.files[:MOST_FILES]


def dimensions(picture: Picture) -> str:
    """Width and height in pixels, and the megapixels where there are many."""
    edges = f"{picture.width} × {picture.height}"
    megapixels = picture.width * picture.height / 1_000_000
    if megapixels < 1:
        return edges
    return gettext("%(edges)s (%(megapixels)s MP)") % {
        "edges": edges,
        "megapixels": number_format(megapixels, 1),
    }


def size(count: int) -> str:
    """Bytes in a readable unit, with the exact number where the unit rounds."""
    short = str(filesizeformat(count))
    if count < 1024:
        return short
    return gettext("%(size)s (%(bytes)s bytes)") % {
        "size": short,
        "bytes": number_format(count, force_grouping=True),
    }


def modified(file: SourceFile) -> str:
    """When the file was last changed, local time, to the second."""
    seconds, _rest = divmod(file.modified_ns, 1_000_000_000)
    try:
        moment = timezone.localtime(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError, ValueError):
        return gettext("unknown")
    return date_format(moment, "Y-m-d H:i:s")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _values(values: Iterable[str]) -> str:
    """The distinct values, the first few of them written out."""
    distinct = sorted({value for value in values if value})
    shown = semicolon().join(distinct[:MOST_VALUES])
    rest = len(distinct) - MOST_VALUES
    if rest <= 0:
        return shown
    return ngettext("%(values)s and %(rest)d more", "%(values)s and %(rest)d more", rest) % {
        "values": shown,
        "rest": rest,
    }
