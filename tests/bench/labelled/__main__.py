"""`python -m tests.bench.labelled OUT`: make the labelled library in a folder."""

import argparse
import os
import sys
from pathlib import Path

from tests.bench.labelled.build import labelled_library
from tests.bench.labelled.domains import HALVES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.labelled", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="gets pictures/ and truth.csv")
    parser.add_argument("--half", choices=HALVES, default="tune")
    parser.add_argument("--size", choices=("small", "full"), default="full")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    library = labelled_library(
        arguments.out.resolve(),
        half=arguments.half,
        size=arguments.size,
        seed=arguments.seed,
        processes=arguments.processes,
        say=_say,
    )
    _say(f"{library.pictures} and {library.truth} are ready.")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
