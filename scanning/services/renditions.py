"""Pictures made ready to show: rendered in a child process, kept under DATA_DIR/renditions.

A rendition of a sensitive picture is never written to disk, but for its blur of a few pixels.
"""

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from scanning.engine.decoding.decoder import LONGEST_PART, Decoder
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.reading import Limits
from scanning.models import LibraryAccess, Picture, SourceFile
from scanning.storage import SourceUnavailable, open_source

log = structlog.get_logger(__name__)

# Raise it when the same picture would be rendered differently.
VERSION = 1
# Of a sensitive picture that nobody has revealed: so few pixels tell light from dark, and no more.
BLURRED_EDGE = 12
# How many pictures are rendered at the same time in this process; each has a child of its own.
WORKERS = 2


class Size(models.TextChoices):
    """How large a picture is shown."""

    THUMB = "thumb"
    VIEW = "view"
    FULL = "full"

    @property
    def edge(self) -> int:
        """The longer edge in pixels, at most."""
        return {"thumb": 320, "view": 2048, "full": 4096}[self.value]


class Part(NamedTuple):
    """A part of a picture, in pixels of the upright picture."""

    left: int
    top: int
    width: int
    height: int


class CannotShow(Exception):
    """`str()` says in words why; `status` is the HTTP status that fits."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Source:
    """A file to show a picture from; `sensitive_in` is a sensitive library that holds it."""

    file: SourceFile
    sensitive_in: int | None


def source_of(picture: Picture, user: User) -> Source:
    """A present file of the picture that the person may see.

    A picture that also lies in a sensitive library is sensitive wherever it is shown from; of
    several sensitive libraries one that the person was given by name counts.

    Raises:
        CannotShow: every such file is gone.
    """
    given = LibraryAccess.objects.filter(user=user, library=models.OuterRef("library"))
    files = list(
        SourceFile.objects.visible_to(user)
        .present()
        .filter(sha256=picture.sha256)
        .select_related("library")
        .order_by("-library__is_sensitive", models.Exists(given).desc(), "pk")[:1]
    )
    if not files:
        raise CannotShow(_("The file is no longer in its library."), 404)
    library = files[0].library
    return Source(files[0], library.pk if library.is_sensitive else None)


def rendition(picture: Picture, source: Source, size: Size) -> bytes:
    """The picture as JPEG, at most `size.edge` pixels long.

    Raises:
        CannotShow: the file cannot be opened, or cannot be decoded.
    """
    if source.sensitive_in is not None:
        return _render(picture, source.file, size.edge)
    return _kept(picture, source, size.value, size.edge)


def blurred(picture: Picture, source: Source) -> bytes:
    """The picture as a JPEG of so few pixels that nothing in it can be told.

    Browsers draw it as large as the picture. Raises CannotShow as `rendition`.
    """
    return _kept(picture, source, "blurred", BLURRED_EDGE)


def _kept(picture: Picture, source: Source, name: str, edge: int) -> bytes:
    return kept(_path(picture, name), lambda: _render(picture, source.file, edge))


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """What is kept at the path; made, and kept for the next time, where there is nothing."""
    try:
        return path.read_bytes()
    except OSError:
        pass  # not made yet, or not readable: make it
    jpeg = make()
    _keep(path, jpeg)
    return jpeg


def rendered_part(picture: Picture, source: Source, part: Part) -> bytes:
    """A part of the picture as JPEG, pixel by pixel. It is not kept: only the browser may.

    Raises:
        CannotShow: there is no such part, it is too large, or as `rendition`.
    """
    check_part(picture, part)
    return _decoded(
        picture, source.file, lambda decoder, fd: decoder.part(fd, picture.page, **part._asdict())
    )


def check_part(picture: Picture, part: Part) -> None:
    """Raise CannotShow unless there is such a part, and it is small enough to be sent."""
    if not (part.left < picture.width and part.top < picture.height):
        raise CannotShow(_("This part lies outside the picture."), 404)
    if not (1 <= part.width <= LONGEST_PART and 1 <= part.height <= LONGEST_PART):
        raise CannotShow(
            _("A part may be at most %(edge)d pixels wide and high.") % {"edge": LONGEST_PART}, 400
        )


def etag(picture: Picture, shown: Size | Part) -> str:
    """Names the content of what is shown: the picture's bytes never change."""
    name = shown.value if isinstance(shown, Size) else "-".join(map(str, shown))
    return f'"{picture.digest}-{picture.page}-{name}-{VERSION}"'


def _path(picture: Picture, name: str) -> Path:
    digest = picture.digest
    file = f"{digest}-{picture.page}-{name}-{VERSION}.jpg"
    return Path(settings.DATA_DIR) / "renditions" / digest[:2] / file


def _render(picture: Picture, file: SourceFile, edge: int) -> bytes:
    return _decoded(
        picture, file, lambda decoder, fd: decoder.render(fd, picture.page, max_edge=edge)
    )


def _decoded(picture: Picture, file: SourceFile, work: Callable[[Decoder, int], bytes]) -> bytes:
    """What a decoder makes of the picture's file, once it is sure that it is that file."""
    try:
        descriptor = open_source(file)
    except SourceUnavailable as error:
        log.warning("picture_unavailable", file=file.pk, reason=str(error))
        # The message names a path that belongs to the server, so that it stays in the log.
        raise CannotShow(
            _("The file cannot be opened. Check that the library is mounted."), 404
        ) from error
    try:
        if not _is_still(picture, descriptor):
            raise CannotShow(
                _("The file has changed since it was scanned. Scan its library again."), 409
            )
        return _pool().run(work, descriptor)
    except PictureError as error:
        raise CannotShow(error.message, 422) from error
    finally:
        os.close(descriptor)


def _is_still(picture: Picture, descriptor: int) -> bool:
    """Whether the file has the bytes that were scanned: people must not judge other ones."""
    with os.fdopen(os.dup(descriptor), "rb", buffering=0) as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    os.lseek(descriptor, 0, os.SEEK_SET)
    return digest == bytes(picture.sha256)


def _keep(path: Path, jpeg: bytes) -> None:
    """Keep the rendition for the next time. Without room on the disk it is only shown."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            try:
                part.write(jpeg)
                part.close()
                Path(part.name).replace(path)
            except OSError:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        log.warning("rendition_not_kept", reason=error.strerror)


class _Pool:
    """A few threads, each with a decoder of its own, for all the threads that serve requests."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="renditions")
        self._local = threading.local()

    def run(self, work: Callable[[Decoder, int], bytes], descriptor: int) -> bytes:
        return self._threads.submit(self._run, work, descriptor).result()

    def _run(self, work: Callable[[Decoder, int], bytes], descriptor: int) -> bytes:
        decoder: Decoder | None = getattr(self._local, "decoder", None)
        if decoder is None:
            decoder = self._local.decoder = Decoder(
                Limits(
                    max_pixels=settings.DECODE_MAX_PIXELS,
                    seconds=settings.DECODE_SECONDS,
                    memory_bytes=settings.DECODE_MEMORY_BYTES,
                )
            )
        return work(decoder, descriptor)


_pool_lock = threading.Lock()
_the_pool: _Pool | None = None


def _pool() -> _Pool:
    """The process's pool. Threads do not survive a fork, so that a child makes its own."""
    global _the_pool
    with _pool_lock:
        if _the_pool is None or _the_pool.pid != os.getpid():
            _the_pool = _Pool()
        return _the_pool


def _forget_lock() -> None:
    global _pool_lock
    _pool_lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_lock)
