"""What the comparison of one pair costs, for photographs and for documents."""

import io
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from scanning.engine.comparison.compare import compare
from scanning.labelled.evaluation import Candidate
from scanning.labelled.tables import markdown
from tests.bench.labelled.domains import PAPER
from tests.bench.labelled_part import compared_pairs, held_out, say
from tests.bench.report import Section, Setting

SEED: Final = 1
# Pixels of the longer side at which a scan compares each kind.
EDGES: Final = {"photographs": 512, "documents": 1024}
PAIRS: Final = {"full": 150, "small": 30}  # of each group
EVERY: Final = "**all, as they come**"


def comparison(setting: Setting) -> Section:
    """The part of `make bench`."""
    pairs = compared_pairs(setting)
    folder = held_out(setting).pictures
    groups = {
        f"{kind}, {tier}": [pair for pair in pairs if (_kind(pair), pair.tier) == (kind, tier)]
        for kind in EDGES
        for tier in ("near", "lookalike")
    } | {EVERY: pairs}
    random = np.random.default_rng(SEED)
    rows, reached = [], {}
    for name, those in groups.items():
        say(f"Comparing {name.strip('*')} …")
        chosen = random.permutation(len(those))[: PAIRS[setting.size]]
        times = [_milliseconds(folder, those[place]) for place in chosen]
        if len(times) > 1:
            p95 = quantiles(times, n=20, method="inclusive")[-1]
            row = [name, str(len(those)), str(len(times)), f"{median(times):.0f}", f"{p95:.0f}"]
            rows.append(row)
            reached[name] = median(times)
    table = markdown(["pairs", "compared", "measured", "median ms", "95 % within ms"], rows)
    return Section(table, {"comparison": reached[EVERY]} if EVERY in reached else {})


def _kind(pair: Candidate) -> str:
    return "documents" if pair.left.partition("/")[0] in PAPER else "photographs"


def _milliseconds(folder: Path, pair: Candidate) -> float:
    edge = EDGES[_kind(pair)]
    left, right = (_grey(folder / path, edge) for path in (pair.left, pair.right))
    started = time.process_time()
    compare(left, right)
    return 1000 * (time.process_time() - started)


def _grey(path: Path, edge: int) -> NDArray[np.uint8]:
    """The picture as the comparison gets it: grey, upright, no side over `edge` pixels."""
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        upright = ImageOps.exif_transpose(image).convert("L")
    upright.thumbnail((edge, edge), Image.Resampling.BOX)
    return np.asarray(upright)
