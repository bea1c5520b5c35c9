"""Why a pair is a candidate: the snapshot that a decision keeps, and the same in words."""

from typing import Any

from django.db.models import Prefetch

from dedup_site.accounts.models import User
from scanning.models import CandidatePair, Finding, Fingerprint, Library, Picture, SourceFile

VERSION = 1
# A picture with more files than this keeps the first ones and the number of all.
MOST_FILES = 1000


def findings_for(pair: CandidatePair, user: User) -> list[Finding]:
    """In which of the person's libraries a scan found the pair, with its run and library."""
    return list(
        Finding.objects.filter(pair=pair, library__in=Library.objects.visible_to(user))
        .select_related("run", "library")
        .order_by("library__name")
    )


def files_for(picture: Picture, user: User) -> "list[SourceFile]":
    """The picture's files that the person may see: those still there first, then by path."""
    return list(
        SourceFile.objects.visible_to(user)
        .filter(sha256=picture.sha256)
        .select_related("library")
        .order_by("-is_present", "library__name", "path", "pk")[: MOST_FILES + 1]
    )


def snapshot(pair: CandidatePair, user: User) -> dict[str, Any]:
    """Everything that the verdict rests on, as values that canonical JSON accepts.

    Two people with different libraries have different evidence: only what `user` may see is kept.
    """
    pictures = {
        picture.pk: picture
        for picture in Picture.objects.filter(
            pk__in=(pair.left_id, pair.right_id)
        ).prefetch_related(
            Prefetch("fingerprints", Fingerprint.objects.order_by("algorithm", "version"))
        )
    }
    findings = findings_for(pair, user)
    return {
        "v": VERSION,
        "pair": pair.pk,
        "tier": pair.tier,
        "score": pair.score,
        "distance": pair.distance,
        "transform": pair.transform,
        "comparison": without_floats(pair.evidence),
        "left": _side(pictures[pair.left_id], user),
        "right": _side(pictures[pair.right_id], user),
        "found_by": [
            {
                "library": finding.library_id,
                "run": finding.run_id,
                "configuration": without_floats(finding.run.configuration),
            }
            for finding in findings
        ],
    }


def _side(picture: Picture, user: User) -> dict[str, Any]:
    files = files_for(picture, user)
    return {
        "picture": picture.pk,
        "sha256": picture.digest,
        "page": picture.page,
        "bytes": picture.byte_size,
        "format": picture.format,
        "mode": picture.mode,
        "width": picture.width,
        "height": picture.height,
        "metadata": without_floats(picture.metadata),
        "fingerprints": [
            {
                "algorithm": fingerprint.algorithm,
                "version": fingerprint.version,
                "code": bytes(fingerprint.code).hex(),
            }
            for fingerprint in picture.fingerprints.all()
        ],
        "more_files": len(files) > MOST_FILES,
        "files": [
            {
                "library": file.library_id,
                "path": file.path,
                "is_present": file.is_present,
                "attributes": without_floats(file.attributes),
            }
            for file in files[:MOST_FILES]
        ],
    }


def without_floats(value: Any) -> Any:
    """The value with each float as the text of its shortest spelling."""
    match value:
        case float():
            return repr(value)
        case dict():
            return {str(key): without_floats(inner) for key, inner in value.items()}
        case list() | tuple():
            return [without_floats(inner) for inner in value]
        case _:
            return value
