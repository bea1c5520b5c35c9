"""Read untrusted pictures in a child process with limits."""

import fcntl
import os
import stat
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from scanning.engine.decoding import answers
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.process import Child, crashed, memory
from scanning.engine.decoding.protocol import ProtocolError
from scanning.engine.decoding.reading import Limits, Reading

LONGEST_EDGE: Final = 16_384
LONGEST_PART: Final = 2048


class Decoder:
    """Owns one child process, which is started when it is first needed.

    A context manager. For one thread at a time, and for the thread that first used it: the child
    dies with that thread. A process forked from the owner may use it too and then gets a child of
    its own.

    Every method takes a file descriptor that is open for reading only, moves its offset, and
    leaves it open. The child gets the descriptor itself, never a path. Every method raises
    PictureError when this one picture cannot be read; the next one can. RuntimeError means that
    no child can be started at all.

    A picture that kills a child which has read other pictures before gets a second try in a fresh
    one: the damage may have been done by an earlier picture.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._child: Child | None = None
        self._owner = 0
        self._files = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the child, or None while there is none."""
        return self._child.pid if self._child else None

    def new_file(self) -> int:
        """A number for requests that are all for one file, which is then opened only once."""
        self._files += 1
        return self._files

    def read(self, fd: int, page: int = 0, *, file: int = 0, is_last: bool = False) -> Reading:
        """Everything that a scan wants to know of a picture, at the price of one decode.

        page: of a file of several pages or frames, counted from 0; so everywhere here.
        file: a number from `new_file`; is_last: nothing more will be asked for with it.
        """
        request = {"do": "read", "page": page, "file": file}
        header, body = self._ask(fd, request | ({"last": True} if is_last else {}))
        try:
            reading = answers.reading(header, body, self.limits)
        except ProtocolError:
            raise self._senseless() from None
        if reading.phash256 is None and reading.pixel_digest is None:
            # Nothing but its pixels can match a flat picture.
            reading = replace(reading, pixel_digest=self.pixel_digest(fd, page))
        return reading

    def pages(self, fd: int, *, file: int) -> tuple[list[int], bool]:
        """Which pages and frames are pictures to read, and whether the limit left pages out."""
        request = {"do": "pages", "most": self.limits.max_pages, "file": file}
        header, _ = self._ask(fd, request)
        try:
            return answers.pages(header, self.limits.max_pages)
        except ProtocolError:
            raise self._senseless() from None

    def pixel_digest(self, fd: int, page: int = 0) -> bytes:
        """The 32 bytes of `digest.pixel_digest`, always from a full decode."""
        header, _ = self._ask(fd, {"do": "digest", "page": page})
        try:
            return answers.pixel_digest(header.get("pixel_digest"))
        except ProtocolError:
            raise self._senseless() from None

    def grey(self, fd: int, page: int = 0, *, max_edge: int) -> NDArray[np.uint8]:
        """The picture in grey, upright, height x width bytes, for `compare`; never enlarged.

        max_edge: pixels of the longer edge at most, 1 to LONGEST_EDGE.
        """
        header, body = self._ask(fd, {"do": "grey", "page": page, "max_edge": _edge(max_edge)})
        try:
            return answers.grey(header, body, max_edge)
        except ProtocolError:
            raise self._senseless() from None

    def render(self, fd: int, page: int = 0, *, max_edge: int) -> bytes:
        """A JPEG to show: upright, sRGB, on white, without metadata, never enlarged.

        max_edge: pixels of the longer edge at most, 1 to LONGEST_EDGE.
        """
        _, body = self._ask(fd, {"do": "render", "page": page, "max_edge": _edge(max_edge)})
        try:
            return answers.rendition(body)
        except ProtocolError:
            raise self._senseless() from None

    def part(
        self, fd: int, page: int = 0, *, left: int, top: int, width: int, height: int
    ) -> bytes:
        """A JPEG of a part of the picture, pixel by pixel: upright, sRGB, on white.

        left, top, width, height: pixels of the upright picture, edges of 1 to LONGEST_PART; what
        lies outside the picture is cut off, and a part that lies outside wholly is an error.
        """
        if min(left, top) < 0 or min(width, height) < 1 or max(width, height) > LONGEST_PART:
            raise ValueError(f"edges of a part must be 1 to {LONGEST_PART}, its place not negative")
        box = [left, top, width, height]
        _, body = self._ask(fd, {"do": "part", "page": page, "box": box})
        try:
            return answers.rendition(body)
        except ProtocolError:
            raise self._senseless() from None

    def close(self) -> None:
        """End the child. The decoder may be used again afterwards, with a new one."""
        child, self._child = self._child, None
        if child is None:
            return
        if self._owner == os.getpid():
            child.kill()
        else:
            child.forget()

    def _ask(self, fd: int, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        _check_file(fd)
        while True:
            child = self._running()
            fresh = child.answered == 0
            try:
                header, body = child.ask(fd, request)
                answers.raise_error(header)
            except ProtocolError:
                raise self._senseless() from None
            except PictureError as error:
                if error.kind not in ("crashed", "memory", "timeout"):
                    raise
                self.close()
                if error.kind == "timeout" or fresh:
                    raise memory(self.limits) if error.kind == "memory" else error from None
            except BaseException:
                # The answer may still be under way: the next picture must not get it.
                self.close()
                raise
            else:
                return header, body

    def _running(self) -> Child:
        if self._owner != os.getpid():
            self.close()
        if self._child is None:
            self._owner = os.getpid()
            self._child = Child(self.limits)
        return self._child

    def _senseless(self) -> PictureError:
        self.close()
        return crashed("it gave an answer that makes no sense")


def _edge(pixels: int) -> int:
    if not 1 <= pixels <= LONGEST_EDGE:
        raise ValueError(f"max_edge must be 1 to {LONGEST_EDGE}")
    return pixels


def _check_file(fd: int) -> None:
    """Refuse what is no readable, regular, non-empty file before a child has to see it."""
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
        raise ValueError("the file must be open for reading only")
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("unreadable", "This is not a regular file.")
    if status.st_size == 0:
        raise PictureError("empty", "The file is empty.")
