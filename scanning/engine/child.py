"""The decoding child: `python -m scanning.engine.child SOCKET PARENT MAX_PIXELS SECONDS MEMORY`.

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
from typing import Any, BinaryIO, Final

from PIL import Image, ImageFile

from scanning.engine import decode, protocol
from scanning.engine.digest import pixel_digest
from scanning.engine.errors import PictureError
from scanning.engine.facts import facts
from scanning.engine.squares import raster

# Pillow reads this much at a time; the default of 64 KB costs a Python call each.
READ_BYTES: Final = 1 << 20
JPEG_QUALITY: Final = 88
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
    while True:
        request, descriptor = receive(connection)
        limit_cpu(seconds)
        try:
            # Unbuffered below, one large buffer above: the page cache is copied once.
            with os.fdopen(descriptor, "rb", buffering=READ_BYTES) as stream:
                header, body = answer(request, stream, max_pixels)
        except PictureError as error:
            header, body = {"error": error.kind, "message": error.message}, b""
        connection.sendall(protocol.pack(header, body))


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
    request: dict[str, Any], stream: BinaryIO, max_pixels: int
) -> tuple[dict[str, Any], bytes]:
    """Header and body for one request on one file."""
    with decode.opened(stream, max_pixels) as image:
        image.decodermaxblock = READ_BYTES
        match request["do"]:
            case "read":
                return _read(image)
            case "digest":
                return {"pixel_digest": pixel_digest(image).hex()}, b""
            case "grey":
                small = decode.sketched(image, int(request["max_edge"]))
                return {"width": small.width, "height": small.height}, small.tobytes()
            case "render":
                return {}, _rendition(decode.fitted(image, int(request["max_edge"])))
            case other:
                raise AssertionError(f"unknown request {other!r}")


def _read(image: ImageFile.ImageFile) -> tuple[dict[str, Any], bytes]:
    # Decoding changes some of these, so they are noted before; the facts come after, because
    # asking a PNG for its EXIF decodes it, and would swallow what is wrong with it.
    header: dict[str, Any] = {"format": image.format, "mode": image.mode}
    size = image.size
    turned = getattr(image, "tag_v2", {}).get(decode.ORIENTATION_TAG)  # decoding a TIFF forgets it
    digest = None if decode.is_jpeg(image) else pixel_digest(image).hex()
    small = decode.grey(image)
    if decode.orientation(image) in decode.SIDEWAYS:
        size = size[::-1]
    header |= {
        "width": size[0],
        "height": size[1],
        "metadata": facts(image, turned),
        "frames": getattr(image, "n_frames", 1),
        "pixel_digest": digest,
    }
    return header, raster(small)


def _rendition(image: Image.Image) -> bytes:
    """The picture as a JPEG without any metadata."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    buffer = io.BytesIO()
    bare.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
