"""What the engine is asked for and what it answers."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may cost.

    max_pixels: width times height, checked on the header before anything is decoded.
    seconds: wall-clock time for one picture.
    memory_bytes: address space of the child process (RLIMIT_AS).
    """

    max_pixels: int = 250_000_000
    seconds: float = 30.0
    memory_bytes: int = 3 * 1024**3


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one picture.

    width, height: pixels, after EXIF orientation.
    frames: frames or pages in the file; only the first one is read so far.
    metadata: facts that a reviewer compares, by key (see `facts.KEYS`), each of 1 to 200
        printable characters.
    phash64, phash256: 8 and 32 bytes, or None for a flat picture, which no hash can tell
        from any other flat picture.
    pixel_digest: 32 bytes, or None for a JPEG that is not flat: its hashes need only its luma on
        a reduced scale, up to 9 times cheaper. `Decoder.pixel_digest` computes it on demand.
    """

    format: str
    mode: str
    width: int
    height: int
    frames: int
    metadata: dict[str, str] = field(hash=False)
    phash64: bytes | None
    phash256: bytes | None
    pixel_digest: bytes | None
