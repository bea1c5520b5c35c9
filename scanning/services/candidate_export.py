"""The candidate pairs of a library as lines that other programs read."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

from scanning.models import CandidatePair, Library, Picture, SourceFile

Tier = CandidatePair.Tier


class CandidateLine(NamedTuple):
    """One line: paths relative to the library, score from 0.000 to 1.000, distance of 256.

    A page or frame beyond the first of its file is `path#page=3`, counted from 1.
    """

    left: str
    right: str
    tier: str
    score: str
    distance: str
    transform: str


def candidate_lines(library: Library, tiers: Collection[str]) -> Iterator[CandidateLine]:
    """Lines of the library's findings in these tiers, surest first.

    A pair of pictures is one line, between the first path of each. k equal files are k - 1 lines,
    each from the first path.
    """
    paths: dict[bytes, list[str]] = defaultdict(list)
    files = SourceFile.objects.readable().filter(library=library).order_by("path")
    for sha256, path in files.values_list("sha256", "path").iterator(10_000):
        paths[bytes(sha256 or b"")].append(path)
    pairs = (
        CandidatePair.objects.in_library(library.pk)
        .filter(tier__in=tiers)
        .select_related("left", "right")
        .order_by("-score", "pk")
    )
    for pair in pairs.iterator(2_000):
        left = paths.get(bytes(pair.left.sha256), [])
        right = paths.get(bytes(pair.right.sha256), [])
        if not left or not right:
            continue
        others = left[1:] if pair.is_identical else right[:1]
        for other in others:
            if pair.is_identical:
                first, second = left[0], other
            else:
                first, second = sorted((_placed(left[0], pair.left), _placed(other, pair.right)))
            yield CandidateLine(
                first,
                second,
                pair.tier,
                f"{pair.score / 1000:.3f}",
                "" if pair.distance is None else str(pair.distance),
                pair.transform,
            )


def _placed(path: str, picture: Picture) -> str:
    return f"{path}#page={picture.page + 1}" if picture.page else path
