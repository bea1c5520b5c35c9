"""`make bench`: what was reached, beside what a user would do instead, in one run.

Every part is a function that measures something and gives a section for docs/benchmark.md. To add
one, name it in PARTS, put its two markers into the page, and its targets into `report.TARGETS`.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from scanning.labelled.job import JobFailed
from scanning.labelled.truth import TruthError
from tests.bench.comparison import comparison
from tests.bench.growth import TARGET, join
from tests.bench.labelled_part import labelled
from tests.bench.queue import queue
from tests.bench.report import PAGE, ROOT, Section, Setting, machine, remembered, targets, write
from tests.bench.speed import speed
from tests.bench.trust import trust

PARTS: Final[dict[str, Callable[[Setting], Section]]] = {
    "labelled": labelled,
    "speed": speed,
    "join": join,
    "compare": comparison,
    "queue": queue,
    "trust": trust,
}


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    data = Path(os.environ.get("DATA_DIR", ROOT / "var")).resolve() / "bench"
    data.mkdir(parents=True, exist_ok=True)
    setting = Setting(data, options.size, options.processes, options.codes)
    measured: dict[str, Section] = {}
    for name in options.only:
        try:
            measured[name] = PARTS[name](setting)
        except (JobFailed, TruthError) as error:
            raise SystemExit(str(error)) from error
        print(f"## {name}\n\n{measured[name].text}\n", flush=True)
    reached = remembered(data / f"reached-{options.size}.json", measured.items())
    plain = {key[6:]: value for key, value in reached.items() if key.startswith("plain ")}
    summary = {"targets": targets(reached, plain), "machine": machine(options.processes)}
    for name, text in summary.items():
        print(f"## {name}\n\n{text}\n")
    if options.write:
        write(PAGE, {name: section.text for name, section in measured.items()} | summary)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=list(PARTS),
        metavar="PARTS",
        help=f"some of {','.join(PARTS)}; targets of the others are those of their last run",
    )
    parser.add_argument("--size", choices=("small", "full"), default="full")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--codes", type=int, default=TARGET, help="the largest join, such as 10000000"
    )
    parser.add_argument("--write", action="store_true", help="put it into docs/benchmark.md")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.only if name not in PARTS]:
        parser.error(f"--only: there is no part {unknown[0]}. There are {', '.join(PARTS)}.")
    if options.write and options.size != "full":
        parser.error("--write: a quick check is not for the page. Leave --size small out.")
    return options


if __name__ == "__main__":
    main()
