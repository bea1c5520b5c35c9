"""Recall and false pairs on the held-out half of the labelled library, beside other ways."""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scanning.labelled import tables
from scanning.labelled.evaluation import Candidate, Evaluation, evaluate, read_candidates
from scanning.labelled.job import measured
from scanning.labelled.truth import Entry, read_truth
from tests.bench import rivals
from tests.bench.labelled.build import Labelled, labelled_library
from tests.bench.labelled.domains import DATA
from tests.bench.report import Section, Setting

HALF: Final = "held-out"
SEED: Final = 1
PLAIN: Final = "plain pHash ≤ 10"


def labelled(setting: Setting) -> Section:
    """The part of `make bench`."""
    library = held_out(setting)
    entries = read_truth(library.truth, library.pictures)
    job = measured(library.pictures, say=say, numba_cache=setting.numba_cache)
    _keep(setting, job.candidates)
    ours = evaluate(entries, job.candidates)
    others, remarks = _others(library.pictures, entries, setting.processes)
    answer = job.answer
    sources = "" if DATA.is_dir() else " The shared pictures are not here: rendered forms only."
    told = (
        f"{len(entries)} files of the held-out half.{sources} The scan took"
        f" {answer['seconds']:.0f} s and {job.memory / 2**20:.0f} MB;"
        f" {answer['errors']} files could not be read."
    )
    text = [
        told,
        tables.recall_table(ours, others),
        "Pairs of different origins:",
        tables.wrong_table(ours, others),
        "Sheets of one form that differ in one thing only:",
        tables.difference_table(ours),
        "Compared pairs by score:",
        tables.calibration_table(ours),
        *remarks,
    ]
    return Section("\n\n".join(text), figures(ours) | _plain_figures(others[PLAIN]))


def figures(ours: Evaluation) -> dict[str, float]:
    """The figures that targets are held against."""
    return {
        "recall": ours.recall_of().share,
        "worst": min(ours.recall_of(name).share for name in ours.transforms),
        "false": ours.all_wrong().per_1000,
        **{name: 100 * found.share for name, found in ours.differences.items()},
    }


def _plain_figures(theirs: Evaluation) -> dict[str, float]:
    return {f"plain {name}": value for name, value in figures(theirs).items()}


def held_out(setting: Setting) -> Labelled:
    """The library, made where it is missing."""
    return labelled_library(
        setting.data / f"labelled-{HALF}-{setting.size}",
        half=HALF,
        size=setting.size,
        seed=SEED,
        processes=setting.processes,
        say=say,
    )


def compared_pairs(setting: Setting) -> list[Candidate]:
    """What the last scan of the library compared; scans it where none has."""
    place = _kept(setting)
    if not place.is_file():
        job = measured(held_out(setting).pictures, say=say, numba_cache=setting.numba_cache)
        _keep(setting, job.candidates)
    with place.open(encoding="utf-8", newline="") as stream:
        return [pair for pair in read_candidates(stream) if pair.tier in ("near", "lookalike")]


def _others(
    folder: Path, entries: list[Entry], processes: int
) -> tuple[Mapping[str, Evaluation], list[str]]:
    """Other ways on the same files, and remarks on those that are not installed."""
    say("The plain loop on the same files …")
    paths = [entry.path for entry in entries]
    plain = rivals.plain_loop(folder, paths, processes)
    others = {PLAIN: evaluate(entries, plain.candidates)}
    remarks = []
    if rivals.tool_installed():
        say(f"{rivals.TOOL} on the same files …")
        theirs = rivals.tool(folder)
        others[rivals.TOOL] = evaluate(entries, theirs.candidates)
    else:
        remarks.append(f"{rivals.TOOL}: not installed.")
    faiss = rivals.faiss_version()
    remarks.append(
        f"faiss {faiss}: finds the same pairs as the plain loop, only faster; see the join."
        if faiss
        else "faiss: not installed."
    )
    return others, remarks


def _kept(setting: Setting) -> Path:
    return setting.data / f"labelled-{HALF}-{setting.size}" / "candidates.csv"


def _keep(setting: Setting, candidates: list[Candidate]) -> None:
    with _kept(setting).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(Candidate._fields)
        writer.writerows(candidates)


def say(text: str) -> None:
    """Progress, to standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
