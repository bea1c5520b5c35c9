"""What the tests of hidden known pairs share."""

import hashlib
import io
from pathlib import Path

from dedup_site.accounts.models import User
from review.models import KnownPair
from review.services import known_pairs
from scanning.models import Library, Picture, SourceFile
from tests.e2e.pictures import draw

DESK = {"X-Desk": "1"}


def drawn(library: Library, name: str = "form.jpg") -> Picture:
    """A real picture in the library, 640 × 480."""
    stream = io.BytesIO()
    draw().save(stream, "JPEG", quality=92)
    content = stream.getvalue()
    (Path(library.root) / name).write_bytes(content)
    sha256 = hashlib.sha256(content).digest()
    SourceFile.objects.create(
        library=library,
        path=name,
        path_key=hashlib.sha256(name.encode()).digest(),
        size=len(content),
        modified_ns=1_700_000_000_000_000_000,
        sha256=sha256,
        state=SourceFile.State.READ,
    )
    return Picture.objects.create(
        sha256=sha256, byte_size=len(content), format="JPEG", mode="RGB", width=640, height=480
    )


def made(admin: User, library: Library, name: str = "form.jpg") -> KnownPair:
    """A known duplicate: a picture of the library and a copy."""
    drawn(library, name)
    (known,) = known_pairs.make(actor=admin, library=library, size=1)
    return known


def always(admin: User, library: Library) -> None:
    """The highest rate, of which the lot always chooses."""
    known_pairs.set_rule(actor=admin, library=library, percent=20, reason="a start")
