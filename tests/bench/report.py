"""The report: sections between markers of the page, and targets against what was reached."""

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal

from scanning.labelled.tables import markdown

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "benchmark.md"
PACKAGES: Final = ("pillow", "imagehash", "numpy", "numba", "opencv-python-headless", "django")


@dataclass(frozen=True, slots=True)
class Setting:
    """What every part is told. data: where the pictures are made and kept.

    codes: the largest join of 64-bit codes.
    """

    data: Path
    size: Literal["small", "full"]
    processes: int
    codes: int

    @property
    def numba_cache(self) -> Path:
        """Compiled code, kept: it is compiled once per installation."""
        return self.data / "numba"


@dataclass(frozen=True, slots=True)
class Section:
    """Markdown for the page, and the figures that targets are held against, by key of TARGETS."""

    text: str
    reached: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that is to be reached: `least` or else `most`. unit: a format of one number."""

    words: str
    unit: str
    least: float | None = None
    most: float | None = None
    plain: str = "–"

    def wanted(self) -> str:
        if self.least is not None:
            return f"≥ {self.unit.format(self.least)}"
        return f"≤ {self.unit.format(self.most)}"

    def is_met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


SHARE, PERCENT, RATE = "{:.3f}", "{:.1f} %", "{:.0f} files/s"
TARGETS: Final[dict[str, Target]] = {
    "recall": Target("recall over all transforms", SHARE, least=0.99),
    "worst": Target("recall of the worst transform", SHARE, least=0.95),
    "false": Target("false pairs in the queue per 1,000 files", "{:,.1f}", most=2),
    "one field": Target("one field changed, in the queue all the same", PERCENT, most=0.5),
    "one character": Target("one character changed, in the queue all the same", PERCENT, most=5),
    "reading": Target(
        "read, fingerprint, store and join, 1–2 MP pictures", RATE, least=300, plain="72–148"
    ),
    "main job": Target("the whole main job, 20 % duplicates, comparison included", RATE, least=150),
    "join": Target(
        "join of 1,000,000 codes, 64 bits, radius 10", "{:.1f} s", most=7, plain="> 20 min"
    ),
    "join memory": Target("its memory", "{:.2f} GB", most=1),
    "queue next": Target("next pair, p95, 50 reviewers, 1,000,000 pairs", "{:.0f} ms", most=50),
    "queue verdict": Target("verdict, p95, same load", "{:.0f} ms", most=50),
    "queue queue": Target("queue page with filters and counts, p95", "{:.0f} ms", most=200),
    "queue lost": Target("decisions lost", "{:.0f}", most=0),
    "queue twice": Target("pairs judged twice", "{:.0f}", most=0),
    "comparison": Target("comparison of a pair, median", "{:.0f} ms", most=25),
}


def machine(processes: int) -> str:
    """The machine and the versions in one line."""
    names = (f"{name} {_version(name)}" for name in PACKAGES)
    return (
        f"{processes} processes; {_processor()}; {_memory()}"
        f"Python {platform.python_version()}, {', '.join(names)}."
    )


def targets(reached: Mapping[str, float], plain: Mapping[str, float]) -> str:
    """Every target with what was reached; `plain` is what the plain loop reached this time."""
    rows = []
    for key, target in TARGETS.items():
        value = reached.get(key)
        rows.append(
            [
                target.words,
                target.wanted(),
                "not measured" if value is None else target.unit.format(value),
                "" if value is None else "met" if target.is_met(value) else "**missed**",
                target.unit.format(plain[key]) if key in plain else target.plain,
            ]
        )
    heading = ["", "target", "reached", "", "plain 64-bit pHash ≤ 10"]
    return markdown(heading, rows)


def write(page: Path, sections: Mapping[str, str]) -> None:
    """Put each section between its markers; what stands outside them is kept."""
    text = page.read_text(encoding="utf-8")
    for name, section in sections.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(start)
        _old, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"{page} lacks the lines {start} and {end}. Put them in.")
        text = f"{before}{start}\n{section}\n{end}{after}"
    page.write_text(text, encoding="utf-8")


def remembered(place: Path, now: Iterable[tuple[str, Section]]) -> dict[str, float]:
    """The figures of this run, and those of parts that only an earlier run has measured."""
    kept: dict[str, dict[str, float]] = {}
    if place.is_file():
        kept = json.loads(place.read_text())
    kept |= {name: dict(section.reached) for name, section in now}
    place.write_text(json.dumps(kept, indent=1))
    return {key: value for part in kept.values() for key, value in part.items()}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} × {names[0]}" if names else platform.machine()


def _memory() -> str:
    try:
        line = Path("/proc/meminfo").read_text().splitlines()[0]
    except OSError:
        return ""
    return f"{int(line.split()[1]) / 2**20:.0f} GB; "
