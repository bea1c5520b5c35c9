"""Peak memory of everything that a command started, as the kernel accounts for it."""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

INTERVAL_SECONDS = 0.5


class PeakMemory:
    """Samples the memory of all descendants of this process, in bytes; 0 where /proc is missing.

    It is the proportional set size: shared pages are divided among those who share them, so that
    the sum counts each page once. Servers that have left the family are known by `place`, the
    folder in which they run.
    """

    def __init__(self, place: Path | None = None) -> None:
        self.peak = 0
        self._place = place
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self.peak = max(self.peak, sum(map(_memory, _descendants(os.getpid(), self._place))))


def _descendants(pid: int, place: Path | None) -> set[int]:
    children: dict[int, list[int]] = {}
    found, todo = set[int](), [pid]
    for folder in Path("/proc").glob("[0-9]*"):
        number = int(folder.name)
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            settled = place is not None and (folder / "cwd").readlink().is_relative_to(place)
        except (OSError, IndexError, ValueError):
            continue
        children.setdefault(parent, []).append(number)
        if settled:
            found.add(number)
            todo.append(number)
    while todo:
        below = set(children.get(todo.pop(), ())) - found
        found |= below
        todo += below
    return found


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
