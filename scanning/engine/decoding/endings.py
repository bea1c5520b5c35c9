"""Does a picture file stop too soon? Asked only after decoding has failed."""

import os
from typing import BinaryIO, Final, Literal

TAIL: Final = 64


def ends_early(stream: BinaryIO, size: int) -> bool:
    """Whether the file lacks what its format ends with, or announces more bytes than there are."""
    stream.seek(0)
    head = stream.read(16)
    stream.seek(max(0, size - TAIL))
    tail = stream.read(TAIL)
    if head.startswith((b"\xff\xd8", b"\xff\x4f\xff\x51")):
        return b"\xff\xd9" not in tail
    if head.startswith(b"\x89PNG"):
        return b"IEND" not in tail
    if head.startswith(b"GIF8"):
        return not tail.rstrip(b"\0").endswith(b";")
    if head.startswith(b"RIFF"):
        return int.from_bytes(head[4:8], "little") + 8 > size
    if head.startswith(b"BM"):
        return int.from_bytes(head[2:6], "little") > size
    if head.startswith((b"II*\0", b"MM\0*")):
        order: Literal["little", "big"] = "little" if head[:1] == b"I" else "big"
        return int.from_bytes(head[4:8], order) >= size  # where the directory should be
    if head[4:8] in (b"ftyp", b"jP  "):
        return _boxes_end(stream, size) > size
    return False


def _boxes_end(stream: BinaryIO, size: int) -> int:
    """Where the last top-level box of an ISO media file (AVIF, JP2) says that it ends."""
    at = 0
    while at + 8 <= size:
        stream.seek(at, os.SEEK_SET)
        header = stream.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 0:  # to the end of the file
            return size
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:
            return at
        at += length
    return at if at == size else max(at, size + 1)
