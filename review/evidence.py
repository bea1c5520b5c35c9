"""Why a pair is a candidate: the snapshot that a decision keeps, and the same in words."""

import hashlib
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Count, F, Prefetch, Window
from django.db.models.functions import RowNumber

from dedup_site.accounts.models import User
from scanning.models import CandidatePair, Finding, Fingerprint, Library, Picture, SourceFile

VERSION = 2
# A picture with more files than this keeps the first ones and the number of all.
MOST_FILES = 1000
# The same for a picture of a group.
MOST_FILES_OF_A_MEMBER = 20
# Bytes of the longest code that is kept whole: those that a distance is measured with.
MOST_CODE = 32


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


def implied(pair: CandidatePair, group_decision: int) -> dict[str, Any]:
    """What is kept of a pair that a verdict on its group settles; the rest is with that verdict.

    Nobody looked at its boxes, so that they are left out. `left` and `right` must have been
    selected with the pair.
    """
    found = pair.evidence.get("comparison", {})
    return {
        "v": VERSION,
        "pair": pair.pk,
        "tier": pair.tier,
        "score": pair.score,
        "distance": pair.distance,
        "transform": pair.transform,
        "compared_with": pair.compared_with,
        "reason": str(found.get("reason", "")) if isinstance(found, dict) else "",
        "left": {"picture": pair.left_id, "sha256": pair.left.digest},
        "right": {"picture": pair.right_id, "sha256": pair.right.digest},
        "group_decision": group_decision,
    }


def of_group(library_id: int, members: Collection[int], user: User) -> dict[str, Any]:
    """What a verdict on a group rests on: its pictures, and some files of each that `user` sees."""
    pictures = Picture.objects.filter(pk__in=members).order_by("pk")
    digests = [picture.sha256 for picture in pictures]
    numbered = Window(RowNumber(), partition_by=F("sha256"), order_by=["library", "path", "pk"])
    counted = Window(Count("pk"), partition_by=F("sha256"))
    files: dict[bytes, list[SourceFile]] = defaultdict(list)
    for file in (
        SourceFile.objects.visible_to(user)
        .filter(sha256__in=digests)
        .annotate(number=numbered, total=counted)
        .filter(number__lte=MOST_FILES_OF_A_MEMBER)
        .order_by("number")
    ):
        files[bytes(file.sha256 or b"")].append(file)
    runs = Finding.objects.filter(library=library_id, pair__left__in=members)
    found_by = runs.order_by("run").values_list("run", flat=True).distinct()
    return {
        "v": VERSION,
        "library": library_id,
        "runs": list(found_by),
        "pictures": [
            {**_content(picture), "files": [_file(file) for file in known],
             "more_files": bool(known) and getattr(known[0], "total", 0) > len(known)}
            for picture in pictures
            for known in [files[bytes(picture.sha256)]]
        ],
    }  # fmt: skip


def _content(picture: Picture) -> dict[str, Any]:
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
    }


def _file(file: SourceFile) -> dict[str, Any]:
    return {
        "library": file.library_id,
        "path": file.path,
        "is_present": file.is_present,
        "attributes": without_floats(file.attributes),
    }


def _side(picture: Picture, user: User) -> dict[str, Any]:
    files = files_for(picture, user)
    return {
        **_content(picture),
        "fingerprints": [_fingerprint(fingerprint) for fingerprint in picture.fingerprints.all()],
        "more_files": len(files) > MOST_FILES,
        "files": [_file(file) for file in files[:MOST_FILES]],
    }


def _fingerprint(fingerprint: Fingerprint) -> dict[str, Any]:
    """A short code as it is; of a long one the digest, or each decision would keep 20 KB."""
    code = bytes(fingerprint.code)
    kept = (
        {"code": code.hex()}
        if len(code) <= MOST_CODE
        else {"code_sha256": hashlib.sha256(code).hexdigest()}
    )
    return {"algorithm": fingerprint.algorithm, "version": fingerprint.version, **kept}


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
