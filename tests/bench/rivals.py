"""What a user would do instead, on the same files: a plain hash loop, findimagedupes, faiss."""

import importlib
import importlib.util
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import combinations
from multiprocessing import Pool
from pathlib import Path
from typing import Final

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scanning.labelled.evaluation import Candidate

RADIUS: Final = 10
BITS: Final = 64
# Beyond this many codes the searches below take minutes.
MOST_FOR_FAISS: Final = 100_000
TOOL: Final = "findimagedupes"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rival calls duplicates; seconds for all of it, or for its reading and its search."""

    candidates: list[Candidate]
    reading: float
    search: float = 0.0


def plain_loop(folder: Path, paths: Sequence[str], processes: int) -> Outcome:
    """`imagehash.phash` of each picture, then every pair of them compared."""
    started = time.perf_counter()
    with Pool(processes) as pool:
        hashes = pool.map(_hash, [folder / path for path in paths], chunksize=8)
    read = time.perf_counter()
    codes = np.array(hashes, np.uint64)
    pairs = all_pairs(codes.reshape(-1, 1), RADIUS)
    searched = time.perf_counter()
    found = [Candidate(paths[i], paths[j], "near", 1 - d / BITS) for i, j, d in pairs.tolist()]
    return Outcome(found, read - started, searched - read)


def _hash(path: Path) -> int:
    with Image.open(path) as image:
        return int(str(imagehash.phash(image)), 16)


def all_pairs(codes: NDArray[np.uint64], radius: int) -> NDArray[np.int64]:
    """All pairs i < j of codes within a radius, by comparing all of them: (i, j, distance).

    codes: shape (n, words).
    """
    found = [np.empty((0, 3), np.int64)]
    for row in range(len(codes) - 1):
        distances = np.bitwise_count(codes[row + 1 :] ^ codes[row]).sum(axis=1, dtype=np.int64)
        (near,) = np.nonzero(distances <= radius)
        found.append(np.stack([np.full_like(near, row), near + row + 1, distances[near]], 1))
    return np.concatenate(found)


def tool_installed() -> bool:
    return shutil.which(TOOL) is not None


def tool(folder: Path) -> Outcome:
    """findimagedupes with its own settings."""
    started = time.perf_counter()
    told = subprocess.run(
        [TOOL, "-R", "-q", "--", str(folder)], capture_output=True, text=True, check=True
    ).stdout
    return Outcome(groups(told, folder), time.perf_counter() - started)


def groups(told: str, folder: Path) -> list[Candidate]:
    """The pairs of its answer: one group of paths a line. Paths must not contain spaces."""
    found = []
    for line in told.splitlines():
        paths = sorted(Path(word).relative_to(folder).as_posix() for word in line.split())
        found += [Candidate(one, other, "near", 1.0) for one, other in combinations(paths, 2)]
    return found


def faiss_version() -> str:
    """Empty where it is not installed."""
    return version("faiss-cpu") if importlib.util.find_spec("faiss") else ""


def faiss_seconds(codes: NDArray[np.uint64], radius: int) -> tuple[float, int]:
    """Seconds that its exact multi-index search takes on one core, and the pairs that it finds.

    codes: shape (n,).
    """
    faiss = importlib.import_module("faiss")
    faiss.omp_set_num_threads(1)
    raw = codes.view(np.uint8).reshape(-1, 8)
    started = time.process_time()
    # Four hashes of 16 bits: one of them bears at most a quarter of the errors.
    index = faiss.IndexBinaryMultiHash(BITS, 4, 16)
    index.nflip = radius // 4
    index.add(raw)
    _limits, _distances, found = index.range_search(raw, radius + 1)
    return time.process_time() - started, (len(found) - len(codes)) // 2
