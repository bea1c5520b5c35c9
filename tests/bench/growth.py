"""How the exact join grows with the number of codes, in a process of its own for each size."""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scanning.engine.search.join import near_pairs
from scanning.labelled.tables import markdown
from tests.bench import rivals
from tests.bench.labelled_part import say
from tests.bench.report import ROOT, Section, Setting

SIZES: Final = (10_000, 30_000, 100_000, 300_000, 1_000_000)
WIDE_SIZES: Final = (10_000, 30_000, 100_000, 300_000)
NARROW: Final = (64, 10)  # bits, radius
WIDE: Final = (256, 64)
TARGET: Final = 1_000_000
CHECKED: Final = 10_000  # codes up to which every pair is checked against brute force
# One code in five is a copy of another with up to this share of the radius of its bits changed.
COPIES: Final = 0.2


@dataclass(frozen=True, slots=True)
class Join:
    """One join: CPU seconds on one core, and the peak memory of its process in bytes."""

    codes: int
    bits: int
    radius: int
    kind: str
    seconds: float
    memory: int
    pairs: int
    exact: bool | None


def join(setting: Setting) -> Section:
    """The part of `make bench`."""
    small = setting.size == "small"
    sizes = [size for size in SIZES if not small or size <= 100_000]
    if setting.codes > sizes[-1]:
        sizes.append(setting.codes)
    wanted = [(size, *NARROW, "even") for size in sizes]
    wanted += [(size, *NARROW, "skewed") for size in (CHECKED, 100_000)]
    wanted += [(size, *WIDE, "even") for size in WIDE_SIZES if not small or size <= 30_000]
    joins = [_measured(*one, setting=setting) for one in wanted]
    rows = [
        [
            f"{join.codes:,}",
            f"{join.bits}",
            f"{join.radius}",
            join.kind,
            f"{join.seconds:.2f}",
            f"{join.memory / 2**20:.0f} MB",
            f"{join.pairs:,}",
            {True: "yes", False: "**no**", None: ""}[join.exact],
        ]
        for join in joins
    ]
    heading = ["codes", "bits", "radius", "codes are", "CPU seconds", "peak memory", "pairs"]
    text = [
        markdown([*heading, "equal to brute force"], rows),
        _faiss(sizes),
    ]
    target = next((one for one in joins if (one.codes, one.bits) == (TARGET, 64)), None)
    reached = {"join": target.seconds, "join memory": target.memory / 1e9} if target else {}
    if not all(join.exact in (True, None) for join in joins):
        raise SystemExit("The join is not exact: see the table above.\n" + "\n".join(text))
    return Section("\n\n".join(text), reached)


def codes_of(count: int, bits: int, radius: int, kind: str) -> NDArray[np.uint64]:
    """Seeded distinct codes with near copies among them, shape (n, bits / 64)."""
    random = np.random.default_rng([count, bits])
    originals = round(count * (1 - COPIES))
    if kind == "even":
        planes = random.integers(0, 1 << 64, (originals, bits // 64), np.uint64)
    else:
        odds = random.uniform(0.2, 0.8, bits)
        raw = np.packbits(random.random((originals, bits)) < odds, axis=1)
        planes = raw.view(np.uint64)
    copies = planes[random.integers(0, originals, count - originals)].copy()
    for _ in range(radius):
        place = random.integers(0, bits, len(copies))
        flips = random.random(len(copies)) < 0.5
        bit = np.left_shift(flips.astype(np.uint64), (place % 64).astype(np.uint64))
        copies[np.arange(len(copies)), place // 64] ^= bit
    codes = np.concatenate([planes, copies])
    return np.unique(codes, axis=0)


def _measured(count: int, bits: int, radius: int, kind: str, *, setting: Setting) -> Join:
    say(f"Joining {count:,} {kind} codes of {bits} bits at radius {radius} …")
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.growth", str(count), str(bits), str(radius), kind],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(setting.numba_cache)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return Join(count, bits, radius, kind, **json.loads(told))


def _one(count: int, bits: int, radius: int, kind: str) -> dict[str, object]:
    """Runs in the process of its own."""
    # Compiled code is loaded, and machine code for this shape made, before the time counts.
    near_pairs(codes_of(2_000, bits, radius, kind), radius)
    near_pairs(codes_of(CHECKED, bits, radius, kind)[:, :1].copy(), min(radius, NARROW[1]))
    codes = codes_of(count, bits, radius, kind)
    started = time.process_time()
    pairs = near_pairs(codes, radius)
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    exact = None
    if count <= CHECKED:
        exact = np.array_equal(pairs, rivals.all_pairs(codes, radius))
    return {"seconds": seconds, "memory": memory, "pairs": len(pairs), "exact": exact}


def _faiss(sizes: list[int]) -> str:
    if not (version := rivals.faiss_version()):
        return "faiss: not installed."
    told = []
    for size in sizes:
        if size <= rivals.MOST_FOR_FAISS:
            say(f"faiss: {size:,} codes …")
            seconds, pairs = rivals.faiss_seconds(codes_of(size, *NARROW, "even")[:, 0], NARROW[1])
            told.append(f"{size:,} codes in {seconds:.1f} s ({pairs:,} pairs)")
    return f"faiss {version}, IndexBinaryMultiHash, the same even codes: {'; '.join(told)}."


if __name__ == "__main__":
    number, wide, within, which = sys.argv[1:]
    sys.stdout.write(json.dumps(_one(int(number), int(wide), int(within), which)))
