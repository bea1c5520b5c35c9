"""What the engine is asked for and what it answers."""

from dataclasses import asdict, dataclass, field

from scanning.engine.hashing.signature import Signature


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may cost.

    max_pixels: width times height, checked on the header before anything is decoded.
    seconds: wall-clock time for one picture.
    memory_bytes: address space of the child process (RLIMIT_AS).
    max_pages: of one file, how many pages are read; each may cost what one picture may.
    """

    max_pixels: int = 250_000_000
    seconds: float = 30.0
    memory_bytes: int = 3 * 1024**3
    max_pages: int = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one picture: a file, or one page or frame of it.

    width, height: pixels, after EXIF orientation.
    frames: frames or pages in the file, as far as they were counted.
    metadata: facts that a reviewer compares, by key (see `facts.KEYS`), each of 1 to 200
        printable characters.
    pixel_digest: 32 bytes, or None for a JPEG that is not flat: its signature needs only its luma
        on a reduced scale, up to 9 times cheaper. `Decoder.pixel_digest` computes it on demand.
    signature: None for a flat picture, which no hash can tell from any other flat picture.
    """

    format: str
    mode: str
    width: int
    height: int
    frames: int
    metadata: dict[str, str] = field(hash=False)
    pixel_digest: bytes | None
    signature: Signature | None

    @property
    def phash64(self) -> bytes | None:
        return self.signature.phash64 if self.signature else None

    @property
    def phash256(self) -> bytes | None:
        return self.signature.phash256 if self.signature else None

    @property
    def fingerprints(self) -> dict[str, bytes]:
        """Everything there is to store, by the names in `fingerprints.ALGORITHMS`."""
        codes = asdict(self.signature) if self.signature else {}
        if self.pixel_digest is not None:
            codes["pixels"] = self.pixel_digest
        return codes
