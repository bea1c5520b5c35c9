"""Frames between the parent and its decoding child, over one Unix stream socket.

A frame is two big-endian 32-bit lengths, a JSON object and a body of raw bytes. A request carries
one open file descriptor and no body. Both sides bound what they accept.
"""

import json
import socket
import struct
from typing import Any, Final

LENGTHS: Final = struct.Struct("!II")
MAX_HEADER: Final = 64 * 1024
MAX_BODY: Final = 64 * 1024 * 1024


class ProtocolError(Exception):
    """The other side sent something that no honest peer sends."""


def pack(header: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame, ready to be sent."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


def lengths(prefix: bytes) -> tuple[int, int]:
    """The lengths of header and body from the first 8 bytes of a frame."""
    header, body = LENGTHS.unpack(prefix)
    if not 2 <= header <= MAX_HEADER or body > MAX_BODY:
        raise ProtocolError("frame too large")
    return header, body


def parse(text: bytes) -> dict[str, Any]:
    """The JSON object of a frame."""
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("not JSON") from error
    if not isinstance(header, dict):
        raise ProtocolError("not a JSON object")
    return header


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    """Exactly `count` bytes; EOFError when the other side is gone before that."""
    chunks = bytearray()
    while len(chunks) < count:
        chunk = connection.recv(count - len(chunks))
        if not chunk:
            raise EOFError
        chunks += chunk
    return bytes(chunks)
