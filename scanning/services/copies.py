"""Making copies of pictures, and showing them like any other picture.

A library is only read. The copy lies under DATA_DIR/copies; where it is missing (another host),
it is made again from its recipe.
"""

import hashlib
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings
from django.db import connection, models
from PIL import Image, ImageDraw

from dedup_site.accounts.models import User
from scanning.engine.comparison.compare import compare
from scanning.engine.hashing.fingerprints import phash256
from scanning.models import Library, MadeCopy, Picture, SourceFile
from scanning.services.comparing import evidence_of
from scanning.services.renditions import CannotShow, Part, Size, Source, check_part, kept, rendition

Recipe = MadeCopy.Recipe
# What people and programs call a second copy.
NAMES = ("{}-2", "{}_1", "{} (1)", "{}_b", "{}-copy")
EDGE = 1024  # pixels of the longer edge at which two are compared


class Compared(NamedTuple):
    """What the comparison found between two pictures, as a candidate pair keeps it."""

    distance: int
    score: int
    transform: str
    evidence: dict[str, Any]


def next_number(model: type[models.Model]) -> int:
    """A number that no row of the table has, or will have."""
    with connection.cursor() as cursor:
        table = model._meta.db_table  # noqa: SLF001  public by documentation
        cursor.execute("SELECT scanning_next_number(%s)", [table])
        (number,) = cursor.fetchone() or (0,)
    return int(number)


def file_of(origin: Picture, library: Library) -> SourceFile | None:
    """A present file of the picture in the library, if none of it lies in a sensitive one."""
    files = SourceFile.objects.filter(sha256=origin.sha256)
    if files.filter(library__is_sensitive=True).exists():
        return None
    return files.present().filter(library=library).order_by("path").first()


def visible_to(user: User) -> models.QuerySet[MadeCopy]:
    """Copies that the person may look at, none of a sensitive picture."""
    libraries = Library.objects.visible_to(user).filter(is_sensitive=False)
    files = SourceFile.objects.filter(sha256=models.OuterRef("origin__sha256"))
    return MadeCopy.objects.filter(
        models.Exists(files.filter(library=models.OuterRef("library"))),
        ~models.Exists(files.filter(library__is_sensitive=True)),
        library__in=libraries,
    ).select_related("origin", "library")


def make(*, origin: Picture, library: Library, recipe: str) -> MadeCopy:
    """Make a copy of a picture; the library is only read.

    Raises:
        CannotShow: the file is gone, cannot be read, or is sensitive.
    """
    file = file_of(origin, library)
    if file is None:
        raise CannotShow("", 404)
    jpeg = _made(_opened(_whole(origin, file)), recipe)
    with Image.open(BytesIO(jpeg)) as image:
        width, height = image.size
    copy = MadeCopy.objects.create(
        pk=next_number(Picture),
        origin=origin,
        library=library,
        recipe=recipe,
        path=_name(file),
        modified_ns=file.modified_ns,
        attributes=file.attributes,
        sha256=hashlib.sha256(jpeg).digest(),
        byte_size=len(jpeg),
        width=width,
        height=height,
    )
    kept(_path(copy), lambda: jpeg)
    return copy


def compared_as_near(copy: MadeCopy, *, is_left: bool) -> Compared:
    """What the comparison says of a copy and its picture, the copy on the left or on the right.

    Raises:
        CannotShow: the picture cannot be read, or the comparison would not call the two the same.
    """
    file = file_of(copy.origin, copy.library)
    if file is None:
        raise CannotShow("", 404)
    images = [_opened(content(copy)), _opened(_whole(copy.origin, file))]
    left, right = images if is_left else reversed(images)
    codes = [np.frombuffer(phash256(image), np.uint8) for image in (left, right)]
    found = compare(_grey(left), _grey(right))
    if found.verdict == "lookalike":
        raise CannotShow("", 422)
    return Compared(
        int(np.bitwise_count(codes[0] ^ codes[1]).sum()),
        found.score,
        found.transform.code() if found.transform else "",
        {"comparison": evidence_of(found)},
    )


def content(copy: MadeCopy) -> bytes:
    """The copy's JPEG.

    Raises:
        CannotShow: it has to be made again, and its picture cannot be read.
    """

    def again() -> bytes:
        file = file_of(copy.origin, copy.library)
        if file is None:
            raise CannotShow("", 404)
        return _made(_opened(_whole(copy.origin, file)), copy.recipe)

    return kept(_path(copy), again)


def shown(copy: MadeCopy, wanted: Size | Part) -> bytes:
    """The copy as the browser asks for it: whole at a size, or a part pixel by pixel."""
    if isinstance(wanted, Part):
        check_part(copy.picture, wanted)
    image = _opened(content(copy))
    if isinstance(wanted, Part):
        box = (wanted.left, wanted.top, wanted.left + wanted.width, wanted.top + wanted.height)
        image = image.crop((*box[:2], min(box[2], copy.width), min(box[3], copy.height)))
    else:
        image.thumbnail((wanted.edge, wanted.edge))
    return _jpeg(image, 90)


def _whole(origin: Picture, file: SourceFile) -> bytes:
    return rendition(origin, Source(file, None), Size.FULL)


def _opened(jpeg: bytes) -> Image.Image:
    """A JPEG that this program wrote itself, as pixels."""
    with Image.open(BytesIO(jpeg)) as image:
        return image.convert("RGB")


def _made(image: Image.Image, recipe: str) -> bytes:
    width, height = image.size
    match recipe:
        case Recipe.RESIZED:
            small = (max(1, round(width * 0.6)), max(1, round(height * 0.6)))
            return _jpeg(image.resize(small, Image.Resampling.LANCZOS), 88)
        case Recipe.CROPPED:
            x, y = round(width * 0.02), round(height * 0.02)
            return _jpeg(image.crop((x, y, width - x, height - y)), 88)
        case Recipe.STAMPED:
            edge = max(8, min(width, height) // 14)
            corner = (width - 2 * edge, height - 2 * edge)
            frame = [corner, (corner[0] + edge, corner[1] + edge)]
            ImageDraw.Draw(image).ellipse(frame, outline=(150, 30, 40), width=max(1, edge // 10))
            return _jpeg(image, 88)
        case _:
            return _jpeg(image, 55)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _grey(image: Image.Image) -> Any:
    grey = image.convert("L")
    grey.thumbnail((EDGE, EDGE))
    return np.asarray(grey, np.uint8)


def _name(file: SourceFile) -> str:
    """A name beside the file's that no file of the library has."""
    path = PurePosixPath(file.path)
    start = hashlib.sha256(file.path.encode()).digest()[0]
    taken = set(
        SourceFile.objects.filter(
            library=file.library, path__startswith=str(path.with_suffix(""))
        ).values_list("path", flat=True)
    )
    taken |= set(MadeCopy.objects.filter(library=file.library).values_list("path", flat=True))
    for number in range(len(NAMES)):
        name = NAMES[(start + number) % len(NAMES)].format(path.stem) + ".jpg"
        if (found := str(path.with_name(name))) not in taken:
            return found
    return str(path.with_name(f"{path.stem}-{len(taken)}.jpg"))


def _path(copy: MadeCopy) -> Path:
    return Path(settings.DATA_DIR) / "copies" / f"{bytes(copy.sha256).hex()}.jpg"
