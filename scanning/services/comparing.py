"""The last phase of a run: compare near pairs on the pictures themselves, and store the evidence.

A near code only says that two pictures may be the same. The comparison lays them on each other and
says whether they are (`near`) or only look alike (`lookalike`), with the boxes that differ. What
one version of it has judged is not compared again by a later scan.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from scanning.engine.compare import EDGE, compare
from scanning.engine.errors import PictureError
from scanning.engine.evidence import Comparison
from scanning.models import CandidatePair, Chunk, Finding, Picture, ScanRun, SourceFile
from scanning.services import ledger
from scanning.services.reading import decoder
from scanning.storage import SourceUnavailable, open_source
from scanning.versions import comparison_version

VERSION = comparison_version()

Tier = CandidatePair.Tier
Grey = NDArray[np.uint8]

CHUNK_PAIRS = 50
KEPT_PICTURES = 64
STORE_SECONDS = 3.0


def wanted(run: ScanRun) -> QuerySet[CandidatePair]:
    """The run's pairs that this version of the comparison has not judged."""
    findings = Finding.objects.filter(run=run, pair=OuterRef("pk"))
    return CandidatePair.objects.filter(
        Exists(findings), tier__in=(Tier.NEAR, Tier.LOOKALIKE)
    ).exclude(compared_with=VERSION)


def parts(run: ScanRun) -> Iterator[dict[str, Any]]:
    """The wanted pairs divided among chunks; pairs of one picture stay together."""
    ids = wanted(run).order_by("left_id", "right_id").values_list("pk", flat=True).iterator(10_000)
    while part := list(islice(ids, CHUNK_PAIRS)):
        yield {"pair_ids": part}


@dataclass(slots=True)
class Greys:
    """Grey pictures of a library, the last few of them kept: neighbours come one after another."""

    library_id: int
    kept: OrderedDict[int, Grey | None] = field(default_factory=OrderedDict)

    def of(self, picture: Picture) -> Grey | None:
        """The picture, or None when no file of it can be read any more."""
        if picture.pk not in self.kept:
            self.kept[picture.pk] = self._read(picture)
            if len(self.kept) > KEPT_PICTURES:
                self.kept.popitem(last=False)
        self.kept.move_to_end(picture.pk)
        return self.kept[picture.pk]

    def _read(self, picture: Picture) -> Grey | None:
        file = (
            SourceFile.objects.readable()
            .filter(library_id=self.library_id, sha256=picture.sha256)
            .select_related("library")
            .first()
        )
        if file is None:
            return None
        try:
            descriptor = open_source(file)
        except SourceUnavailable:
            return None
        try:
            return decoder().grey(descriptor, max_edge=EDGE)
        except PictureError:
            return None
        finally:
            os.close(descriptor)


def compare_pairs(chunk: Chunk) -> None:
    """Do a run's compare chunk: judge its pairs that this version has not judged yet.

    Raises:
        LostLease: the chunk is no longer ours, or its run was paused or ended.
    """
    greys = Greys(chunk.run.library_id)
    judged: list[CandidatePair] = []
    done = 0
    stored = time.monotonic()
    for pair in _open_pairs(chunk):
        done += 1
        left, right = greys.of(pair.left), greys.of(pair.right)
        if left is not None and right is not None:
            _judge(pair, compare(left, right))
            judged.append(pair)
        if time.monotonic() - stored > STORE_SECONDS:
            if _store(chunk, judged, done).run.is_paused:
                raise ledger.LostLease
            judged, done, stored = [], 0, time.monotonic()
    _store(chunk, judged, done)
    _complete(chunk)


def _open_pairs(chunk: Chunk) -> Iterator[CandidatePair]:
    pairs = CandidatePair.objects.filter(pk__in=chunk.pair_ids).exclude(compared_with=VERSION)
    return pairs.select_related("left", "right").order_by("left_id", "right_id").iterator(100)


def _judge(pair: CandidatePair, comparison: Comparison) -> None:
    """What cannot be decided is shown to people, as a near pair."""
    is_lookalike = comparison.verdict == "lookalike"
    pair.tier = Tier.LOOKALIKE if is_lookalike else Tier.NEAR
    pair.score = comparison.score
    pair.transform = comparison.transform.code() if comparison.transform else ""
    pair.evidence = pair.evidence | {"comparison": evidence_of(comparison)}
    pair.compared_with = VERSION


def evidence_of(comparison: Comparison) -> dict[str, Any]:
    """A comparison in whole numbers: shares and places in thousandths of the left picture."""
    return {
        "version": VERSION,
        "verdict": comparison.verdict,
        "reason": comparison.reason,
        "score": comparison.score,
        "transform": comparison.transform.code() if comparison.transform else "",
        "regions": [
            [round(1000 * edge) for edge in (box.left, box.top, box.width, box.height)]
            for box in comparison.regions
        ],
        "worst_tile": round(1000 * comparison.worst_tile),
        "mean_tile": round(1000 * comparison.mean_tile),
        "agreeing_share": round(1000 * comparison.agreeing_share),
    }


@transaction.atomic
def _store(chunk: Chunk, judged: list[CandidatePair], done: int) -> Chunk:
    """Write what was judged so far; the chunk as it stands, whose run may have been paused."""
    current = ledger.hold(chunk)
    CandidatePair.objects.bulk_update(
        sorted(judged, key=lambda pair: pair.pk),
        ["tier", "score", "transform", "evidence", "compared_with"],
    )
    current.pairs_done += done
    current.save(update_fields=["pairs_done", "lease_until"])
    return current


@transaction.atomic
def _complete(chunk: Chunk) -> None:
    current = ledger.hold(chunk)
    current.pairs_done = len(current.pair_ids)
    current.state = Chunk.State.DONE
    current.save(update_fields=["state", "pairs_done", "lease_until"])
