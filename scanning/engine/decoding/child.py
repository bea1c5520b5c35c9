"""The decoding child: `python -m …child SOCKET PARENT MAX_PIXELS SECONDS MEMORY`.

It holds the untrusted bytes, and nothing else worth having: no paths, no environment, no
database, one socket to its parent. Started by `process.Child` only.
"""

import ctypes
import gc
import io
import math
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from PIL import Image

from scanning.engine.decoding import decode, documents, protocol
from scanning.engine.decoding.digest import pixel_digest
from scanning.engine.decoding.documents import READ_BYTES
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.facts import facts
from scanning.engine.hashing.squares import raster

JPEG_QUALITY: Final = 88
PART_QUALITY: Final = 95  # of what is looked at pixel by pixel; no colour is averaged away
MAX_OPEN_FILES: Final = 16
MEMORY_EXIT: Final = 77

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38


def main(arguments: list[str]) -> None:
    descriptor, parent, max_pixels, seconds, memory = arguments
    connection = socket.socket(fileno=int(descriptor))
    confine(int(parent), int(memory))
    connection.sendall(protocol.pack({"ready": True}))
    # Start-up has worked: from here on nobody reads what libraries print.
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stderr.fileno())
    os.close(devnull)
    gc.freeze()
    try:
        serve(connection, int(max_pixels), float(seconds))
    except MemoryError:
        os._exit(MEMORY_EXIT)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent has gone or wants no more


def confine(parent: int, memory: int) -> None:
    """Give up what decoding does not need, and die with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, signal.SIGKILL), (_PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, int(value), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl failed")
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def serve(connection: socket.socket, max_pixels: int, seconds: float) -> None:
    """Answer requests until the parent hangs up."""
    shelf = Shelf(max_pixels)
    while True:
        request, descriptor = receive(connection)
        limit_cpu(seconds)
        try:
            number = int(request.get("file", 0))
            with shelf.document(number, descriptor, is_last="last" in request) as document:
                header, body = answer(request, document, max_pixels)
        except PictureError as error:
            header, body = {"error": error.kind, "message": error.message}, b""
        connection.sendall(protocol.pack(header, body))


class Shelf:
    """Keeps the last document open, so that its pages can be read one after another."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._number = 0
        self._stream: BinaryIO | None = None
        self._document: documents.Document | None = None

    @contextmanager
    def document(
        self, number: int, descriptor: int, *, is_last: bool
    ) -> Iterator[documents.Document]:
        """The document in a file. Requests with one number, other than 0, are for one file.

        The last of them puts it away, and so does an error.
        """
        if number and number == self._number and self._stream and self._document:
            os.close(descriptor)
        else:
            self._put_away()
            # Unbuffered below, one large buffer above: the page cache is copied once.
            self._stream = os.fdopen(descriptor, "rb", buffering=READ_BYTES)
        is_kept = False
        try:
            with decode.guarded(self._stream, self._max_pixels):
                if self._document is None:
                    self._document = documents.opened(self._stream, self._max_pixels)
                yield self._document
                is_wanted = bool(number) and not is_last
                is_kept = is_wanted and self._document.stays_open and self._document.count > 1
        finally:
            self._number = number
            if not is_kept:
                self._put_away()

    def _put_away(self) -> None:
        if self._document is not None:
            documents.closed(self._document)
        if self._stream is not None:
            self._stream.close()
        self._number, self._stream, self._document = 0, None, None


def receive(connection: socket.socket) -> tuple[dict[str, Any], int]:
    """The next request and the descriptor that came with it."""
    prefix, descriptors, _, _ = socket.recv_fds(connection, protocol.LENGTHS.size, 1)
    if not prefix or len(descriptors) != 1:
        raise EOFError
    prefix += protocol.receive_exactly(connection, protocol.LENGTHS.size - len(prefix))
    length, _ = protocol.lengths(prefix)
    return protocol.parse(protocol.receive_exactly(connection, length)), descriptors[0]


def limit_cpu(seconds: float) -> None:
    """A backstop for a parent that cannot kill: CPU time for one more picture, then SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))


def answer(
    request: dict[str, Any], document: documents.Document, max_pixels: int
) -> tuple[dict[str, Any], bytes]:
    """Header and body for one request on one document."""
    if request["do"] == "pages":
        numbers, more = documents.chosen(document, int(request["most"]), max_pixels)
        return {"pages": numbers, "more": more}, b""
    image = document.page(int(request["page"]))
    match request["do"]:
        case "read":
            return _read(document, image)
        case "digest":
            return {"pixel_digest": _digest(image).hex()}, b""
        case "grey":
            small = decode.sketched(image, int(request["max_edge"]))
            return {"width": small.width, "height": small.height}, small.tobytes()
        case "render":
            return {}, _rendition(decode.fitted(image, int(request["max_edge"])))
        case "part":
            return {}, _rendition(decode.part(image, *map(int, request["box"])), PART_QUALITY)
        case other:
            raise AssertionError(f"unknown request {other!r}")


def _digest(image: Image.Image) -> bytes:
    """The digest of the picture's pixels, or of the values that 8 bits cannot show."""
    exact = image.info.get("exact")
    return exact if isinstance(exact, bytes) else pixel_digest(image)


def _read(document: documents.Document, image: Image.Image) -> tuple[dict[str, Any], bytes]:
    # Decoding changes some of these, so they are noted before; the facts come after, because
    # asking a PNG for its EXIF decodes it, and would swallow what is wrong with it.
    header: dict[str, Any] = {"format": document.format, "mode": image.mode}
    size = image.size
    turned = getattr(image, "tag_v2", {}).get(decode.ORIENTATION_TAG)  # decoding a TIFF forgets it
    digest = None if decode.is_jpeg(image) else _digest(image).hex()
    small = decode.grey(image)
    if decode.orientation(image) in decode.SIDEWAYS:
        size = size[::-1]
    header |= {
        "width": size[0],
        "height": size[1],
        "metadata": facts(image, turned),
        "frames": min(document.count, documents.MOST_FRAMES),
        "pixel_digest": digest,
    }
    return header, raster(small)


def _rendition(image: Image.Image, quality: int = JPEG_QUALITY) -> bytes:
    """The picture as a JPEG without any metadata."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    buffer = io.BytesIO()
    bare.save(buffer, "JPEG", quality=quality, subsampling=0 if quality > JPEG_QUALITY else -1)
    return buffer.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
