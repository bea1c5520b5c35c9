"""What is known of a library in a few numbers."""

from dataclasses import dataclass

from django.db.models import Count, Sum

from scanning.models import CandidatePair, Finding, Library, Picture, SourceFile

Tier = CandidatePair.Tier


@dataclass(frozen=True, slots=True)
class LibrarySummary:
    """Counts of what the last scan found.

    files, bytes: present and selected. errors: files that could not be read. pictures: distinct
    contents, each page or key frame of a file for itself. pairs: by tier; k equal files count as
    k - 1 pairs.
    """

    files: int
    bytes: int
    errors: int
    pictures: int
    pairs: dict[str, int]


def library_summary(library: Library) -> LibrarySummary:
    """Count the library's files, pictures and pairs."""
    present = SourceFile.objects.present().filter(library=library)
    totals = present.aggregate(files=Count("pk"), bytes=Sum("size", default=0))
    readable = SourceFile.objects.readable().filter(library=library)
    found = Finding.objects.filter(library=library).exclude(pair__tier=Tier.IDENTICAL)
    by_tier = dict(found.values_list("pair__tier").annotate(Count("pair", distinct=True)))
    pairs = {tier.value: by_tier.get(tier.value, 0) for tier in Tier}
    identical = (
        readable.filter(
            sha256__in=Finding.objects.filter(library=library, pair__tier=Tier.IDENTICAL).values(
                "pair__left__sha256"
            )
        )
        .values("sha256")
        .annotate(copies=Count("pk") - 1)
        .aggregate(total=Sum("copies", default=0))
    )
    pairs[Tier.IDENTICAL.value] = identical["total"]
    return LibrarySummary(
        files=totals["files"],
        bytes=totals["bytes"],
        errors=present.filter(state=SourceFile.State.ERROR).count(),
        pictures=Picture.objects.current().filter(sha256__in=readable.values("sha256")).count(),
        pairs=pairs,
    )
