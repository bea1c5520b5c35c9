"""Check what the decoding child answers. It held untrusted bytes, so it is not trusted itself."""

import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scanning.engine.decoding.decode import FORMATS
from scanning.engine.decoding.errors import KINDS, PictureError
from scanning.engine.decoding.facts import KEYS, clean
from scanning.engine.decoding.protocol import ProtocolError
from scanning.engine.decoding.reading import Limits, Reading
from scanning.engine.hashing.signature import signature
from scanning.engine.hashing.squares import RASTER

MOST_FRAMES: Final = 1_000_000
_MODE: Final = re.compile(r"[A-Za-z0-9;]{1,8}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_HEADER: Final = frozenset(
    {"format", "mode", "metadata", "width", "height", "frames", "pixel_digest"}
)


def raise_error(header: dict[str, Any]) -> None:
    """Raise the PictureError that an answer tells of, if it does."""
    if "error" not in header:
        return
    kind, message = header["error"], header.get("message")
    if not isinstance(kind, str) or kind not in KINDS or not isinstance(message, str):
        raise ProtocolError("unknown error")
    raise PictureError(kind, clean(message))


def reading(header: dict[str, Any], body: bytes, limits: Limits) -> Reading:
    """The Reading in an answer; ProtocolError where a type, a range or a length is wrong."""
    if header.keys() != _HEADER or len(body) != RASTER**2:
        raise ProtocolError("wrong fields or length")
    width = _whole(header["width"], limits.max_pixels)
    height = _whole(header["height"], limits.max_pixels)
    if width * height > limits.max_pixels:
        raise ProtocolError("too many pixels")
    name, mode, digest = header["format"], header["mode"], header["pixel_digest"]
    if not isinstance(name, str) or name not in FORMATS:
        raise ProtocolError("unknown format")
    if not isinstance(mode, str) or not _MODE.fullmatch(mode):
        raise ProtocolError("unknown mode")
    return Reading(
        format=name,
        mode=mode,
        width=width,
        height=height,
        frames=_whole(header["frames"], MOST_FRAMES),
        metadata=_metadata(header["metadata"]),
        pixel_digest=None if digest is None else pixel_digest(digest),
        signature=signature(body),
    )


def pixel_digest(value: object) -> bytes:
    """32 bytes from their 64 hexadecimal digits."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ProtocolError("no digest")
    return bytes.fromhex(value)


def pages(header: dict[str, Any], most: int) -> tuple[list[int], bool]:
    """Rising page numbers from 0 on, `most` at most, and whether there are more."""
    if header.keys() != {"pages", "more"} or type(header["more"]) is not bool:
        raise ProtocolError("wrong fields")
    numbers = header["pages"]
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= most:
        raise ProtocolError("no list of pages")
    rest = [_whole(number, MOST_FRAMES - 1) for number in numbers[1:]]
    if numbers[0] != 0 or sorted(set(rest)) != rest:
        raise ProtocolError("pages out of order")
    return [0, *rest], header["more"]


def grey(header: dict[str, Any], body: bytes, max_edge: int) -> NDArray[np.uint8]:
    """A grey picture, height x width bytes, neither edge longer than `max_edge`."""
    if header.keys() != {"width", "height"}:
        raise ProtocolError("wrong fields")
    width, height = (_whole(header[name], max_edge) for name in ("width", "height"))
    if len(body) != width * height:
        raise ProtocolError("wrong length")
    return np.frombuffer(body, np.uint8).reshape(height, width)


def rendition(body: bytes) -> bytes:
    """A JPEG, at least by its first and last bytes."""
    if not (body.startswith(b"\xff\xd8\xff") and body.endswith(b"\xff\xd9")):
        raise ProtocolError("no JPEG")
    return body


def _whole(value: object, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise ProtocolError("a number out of range")
    return value


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not value.keys() <= set(KEYS):
        raise ProtocolError("unknown metadata")
    texts = {key: clean(text) for key, text in value.items() if isinstance(text, str)}
    return {key: text for key, text in texts.items() if text}
