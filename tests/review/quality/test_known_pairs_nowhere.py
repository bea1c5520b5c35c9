"""Where hidden known pairs must never turn up: exports, groups, plans, counts, the queue's page."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.counts import queue_counts
from review.filters import pair_filter
from review.models import Decision, KnownPair, Membership, PairReview, PlanItem, QueuePlace
from review.quality.figures import figures_of
from review.services import grouping, known_verdicts, plans
from scanning.models import CandidatePair, Library, Picture, SourceFile
from tests.audit.logs import sequence_all
from tests.conftest import MakePair
from tests.review.bundles import exported, lines_of
from tests.review.conftest import Judge
from tests.review.plans import free_to_act
from tests.review.quality.known import made

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


@pytest.fixture
def judged(admin: User, reviewer: User, library: Library) -> KnownPair:
    """A known pair that somebody called a duplicate."""
    known = made(admin, library)
    known_verdicts.judge(
        actor=reviewer, known=known, verdict="duplicate", reason="same_picture", note="twins"
    )
    return known


def test_it_is_no_row_of_the_scan(judged: KnownPair) -> None:
    assert not CandidatePair.objects.exists()
    assert not QueuePlace.objects.exists()
    assert (Picture.objects.count(), SourceFile.objects.count()) == (1, 1)
    assert judged.copy is not None


def test_not_in_the_export_of_candidates(
    judged: KnownPair, library: Library, make_pair: MakePair, tmp_path: Path
) -> None:
    make_pair()
    output = tmp_path / "candidates.csv"
    call_command(
        *("export_candidates", library.name, "--output", str(output)),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    lines = output.read_text(encoding="utf-8").splitlines()
    assert lines == ["left,right,tier,score,distance,transform", "a.jpg,b.jpg,near,0.900,10,"]
    assert judged.truth == "duplicate"


def test_not_a_decision_in_a_bundle(
    judged: KnownPair, reviewer: User, make_pair: MakePair, judge: Judge, tmp_path: Path
) -> None:
    pair = make_pair()
    judge(reviewer, pair)
    sequence_all()
    bundle = exported(tmp_path / "bundle")
    (line,) = lines_of(bundle / "decisions.jsonl")
    assert line["evidence"]["pair"] == pair.pk
    assert line["note"] == ""
    assert judged.verdicts.count() == 1


def test_in_no_group(judged: KnownPair, library: Library, make_pair: MakePair) -> None:
    pair = make_pair()
    grouping.regroup(library)
    members = set(Membership.objects.values_list("picture", flat=True))
    assert members == {pair.left_id, pair.right_id}
    assert judged.verdicts.count() == 1


def test_in_no_plan(
    judged: KnownPair, admin: User, officer: User, reviewer: User, library: Library,
    make_pair: MakePair, judge: Judge,
) -> None:  # fmt: skip
    free_to_act(library, officer)
    judge(reviewer, make_pair())
    grouping.regroup(library)
    plans.make_plan(actor=admin, library=library, action="delete")
    items = PlanItem.objects.values_list("source_file__path", "keeper__path")
    assert list(items) == [("b.jpg", "a.jpg")]
    assert judged.verdicts.count() == 1


def test_in_no_count(
    judged: KnownPair, reviewer: User, library: Library, client_as: ClientAs
) -> None:
    page = client_as(reviewer).get(reverse("review:queue"))
    counts = queue_counts(pair_filter(page.wsgi_request))
    assert {state: str(count) for state, count in counts.by_state.items()} == dict.fromkeys(
        counts.by_state, "0"
    )
    figures = figures_of(library)
    assert (figures.bands, figures.seconds, figures.overall.pairs) == ([], None, 0)
    assert not Decision.objects.exists()
    assert not PairReview.objects.exists()
    assert judged.verdicts.count() == 1
