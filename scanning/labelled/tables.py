"""An evaluation as Markdown tables, and as an object for JSON."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from scanning.labelled.evaluation import Evaluation, Recall, Wrong
from scanning.labelled.truth import Entry

UNNAMED = "(not given)"


def markdown(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns stand right but for the first."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def recall_table(ours: Evaluation, others: Mapping[str, Evaluation] | None = None) -> str:
    """Recall by transform and domain; beside it the sums of other ways on the same files."""
    others = others or {}
    domains = ours.domains if len(ours.domains) > 1 else []
    heading = ["transform", "copies", *(name or UNNAMED for name in domains), "all", "in one group"]
    rows = [
        [
            transform or UNNAMED if transform is not None else "**all**",
            str(ours.recall_of(transform).of),
            *(_share(ours.recall_of(transform, domain)) for domain in domains),
            _share(ours.recall_of(transform)),
            _share(Recall((r := ours.recall_of(transform)).of, r.grouped)),
            *(_share(other.recall_of(transform)) for other in others.values()),
        ]
        for transform in (*ours.transforms, None)
    ]
    return markdown([*heading, *others], rows)


def wrong_table(ours: Evaluation, others: Mapping[str, Evaluation] | None = None) -> str:
    """Wrong pairs in the queue and look-alikes kept out of it, by domain."""
    others = others or {}
    heading = ["domain", "files", "false pairs in the queue", "per 1,000 files", "kept out"]
    heading += [f"{name}: false pairs per 1,000 files" for name in others]
    rows = []
    for name, wrong in (*ours.wrong.items(), ("**all**", ours.all_wrong())):
        rivals = (_wrong(other, name) for other in others.values())
        rows.append(
            [
                name or UNNAMED,
                str(wrong.files or ""),
                str(wrong.in_queue),
                f"{wrong.per_1000:.1f}" if wrong.files else "",
                str(wrong.kept_out),
                *(f"{rival.per_1000:,.1f}" if rival.files else "" for rival in rivals),
            ]
        )
    return markdown(heading, rows)


def difference_table(ours: Evaluation) -> str:
    """How often origins that differ in one thing only are a pair in the queue."""
    heading = ["differ in", "pairs of originals", "in the queue", "share", "pairs of their copies"]
    return markdown(
        heading,
        [
            [
                name or UNNAMED,
                str(found.of),
                str(found.in_queue),
                f"{100 * found.share:.1f} %",
                str(found.copies_in_queue),
            ]
            for name, found in ours.differences.items()
        ],
    )


def calibration_table(ours: Evaluation) -> str:
    """For each band of the score, the share of compared pairs that are true."""
    return markdown(
        ["score", "compared pairs", "true", "share"],
        [
            [
                f"{band.low:.1f}–{band.low + 0.1:.1f}",
                str(band.pairs),
                str(band.true),
                f"{band.share:.2f}" if band.pairs else "",
            ]
            for band in ours.bands
        ],
    )


def as_json(ours: Evaluation) -> dict[str, Any]:
    """The same figures as one object."""
    whole, wrong = ours.recall_of(), ours.all_wrong()
    return {
        "files": ours.files,
        "recall": _recall_json(whole),
        "recall_by_transform": {
            name: _recall_json(ours.recall_of(name)) for name in ours.transforms
        },
        "recall_by_domain": {
            name: _recall_json(ours.recall_of(domain=name)) for name in ours.domains
        },
        "recall_by_both": [
            {"transform": transform, "domain": domain, **_recall_json(cell)}
            for (transform, domain), cell in ours.recall.items()
        ],
        "false_pairs": _wrong_json(wrong),
        "false_pairs_by_domain": {name: _wrong_json(each) for name, each in ours.wrong.items()},
        "differences": {
            name: {
                "pairs": found.of,
                "in_queue": found.in_queue,
                "share": round(found.share, 4),
                "pairs_of_copies_in_queue": found.copies_in_queue,
            }
            for name, found in ours.differences.items()
        },
        "calibration": [
            {"from": band.low, "pairs": band.pairs, "true": band.true} for band in ours.bands
        ],
        "pairs_with_unlabelled_files": ours.unlabelled,
    }


def write_details(ours: Evaluation, entries: Sequence[Entry], stream: TextIO) -> None:
    """Every missed copy and every false pair, as CSV."""
    known = {entry.path: entry for entry in entries}
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("what", "left", "right", "domain", "transforms", "difference", "score"))
    writer.writerows(_details(ours, known))


def _details(ours: Evaluation, known: Mapping[str, Entry]) -> Iterator[tuple[str, ...]]:
    for copy, original in ours.missed:
        yield "missed", original.path, copy.path, copy.domain, copy.transform, "", ""
    originals = {entry.origin: entry for entry in known.values() if entry.differs_from}
    for pair in ours.false:
        left, right = known[pair.left], known[pair.right]
        difference = next(
            (
                originals[one.origin].difference
                for one, other in ((left, right), (right, left))
                if one.origin in originals and originals[one.origin].differs_from == other.origin
            ),
            "",
        )
        transforms = f"{left.transform} {right.transform}"
        yield (
            *("false", pair.left, pair.right, left.domain, transforms),
            *(difference, f"{pair.score:.3f}"),
        )


def _share(recall: Recall) -> str:
    return f"{recall.share:.3f}" if recall.of else ""


def _wrong(other: Evaluation, name: str) -> Wrong:
    return other.all_wrong() if name == "**all**" else other.wrong.get(name, Wrong())


def _recall_json(recall: Recall) -> dict[str, Any]:
    return {
        "copies": recall.of,
        "found": recall.found,
        "share": round(recall.share, 4),
        "in_one_group": recall.grouped,
    }


def _wrong_json(wrong: Wrong) -> dict[str, Any]:
    return {
        "files": wrong.files,
        "in_queue": wrong.in_queue,
        "per_1000_files": round(wrong.per_1000, 3),
        "kept_out": wrong.kept_out,
    }
