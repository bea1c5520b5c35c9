"""Read a file whole: its picture, or each of its pages or key frames, and what was left out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from scanning.engine.decoding.decoder import Decoder
from scanning.engine.decoding.errors import PictureError
from scanning.engine.decoding.reading import Reading

# A page may take as long as any picture, but all of a file's pages no longer than so many.
PAGES_OF_TIME: Final = 20
# So many pages of a file may end the child or its time.
MOST_DEATHS: Final = 2
_DEATHS: Final = frozenset({"crashed", "memory", "timeout"})


@dataclass(slots=True)
class FileReading:
    """pages: what was read, by number, always with page 0.

    failed: pages that could not be read, by number. notice: what was left out, in words, or empty.
    """

    pages: dict[int, Reading]
    failed: dict[int, PictureError] = field(default_factory=dict)
    notice: str = ""


def read_file(decoder: Decoder, fd: int, alive: Callable[[], None] = lambda: None) -> FileReading:
    """Read every picture of a file. `alive` is called between pages.

    A picture that is one page among many costs only that page, but for the first: without it the
    file is not read at all.

    Raises:
        PictureError: the file, or its first picture, cannot be read.
    """
    file = decoder.new_file()
    first = decoder.read(fd, file=file)
    found = FileReading({0: first})
    if first.frames == 1:
        return found
    alive()
    try:
        numbers, more = decoder.pages(fd, file=file)
    except PictureError as error:
        found.failed[1] = error
        found.notice = f"Only the first page could be read: {error.message}"
        return found
    deadline = time.monotonic() + PAGES_OF_TIME * decoder.limits.seconds
    done = 1
    for number in numbers[1:]:
        alive()
        if time.monotonic() > deadline or _deaths(found) == MOST_DEATHS:
            break
        try:
            found.pages[number] = decoder.read(fd, number, file=file, is_last=number == numbers[-1])
        except PictureError as error:
            found.failed[number] = error
        done += 1
    found.notice = _notice(found, done, left_out=more or done < len(numbers))
    return found


def _deaths(found: FileReading) -> int:
    return sum(error.kind in _DEATHS for error in found.failed.values())


def _notice(found: FileReading, done: int, *, left_out: bool) -> str:
    parts = []
    if left_out:
        read = "page was" if done == 1 else f"{done} pages were"
        parts.append(f"Only the first {read} read.")
    if found.failed:
        number, error = next(iter(found.failed.items()))
        parts.append(
            f"Pages that could not be read: {len(found.failed)}, "
            f"the first of them page {number + 1}: {error.message}"
        )
    return " ".join(parts)
