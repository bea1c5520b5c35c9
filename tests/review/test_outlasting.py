"""A decision outlasts the finding that led to it: nobody's verdict vanishes with a rescan."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from review.models import Decision
from scanning.models import CandidatePair, Finding, Library, SourceFile
from tests.conftest import MakePair

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


def judged(pair: CandidatePair, reviewer: User) -> Decision:
    return Decision.objects.create(
        pair=pair, verdict="duplicate", reason="rescan", reviewer=reviewer, evidence={"v": 1}
    )


def test_a_decision_stays_when_no_scan_finds_its_pair_any_more(
    make_pair: MakePair, reviewer: User, auditor: User, outsider: User, client_as: ClientAs
) -> None:
    pair = make_pair()
    decision = judged(pair, reviewer)
    Finding.objects.all().delete()
    SourceFile.objects.filter(path="b.jpg").update(is_present=False)
    for person in (reviewer, auditor):
        assert list(Decision.objects.visible_to(person)) == [decision]
        page = client_as(person).get(reverse("review:pair", args=[pair.pk]))
        assert page.status_code == 200
    assert not Decision.objects.visible_to(outsider).exists()
    assert client_as(outsider).get(reverse("review:pair", args=[pair.pk])).status_code == 404


def test_an_unjudged_pair_that_no_scan_finds_is_not_there(
    make_pair: MakePair, reviewer: User, client_as: ClientAs
) -> None:
    pair = make_pair()
    Finding.objects.all().delete()
    assert client_as(reviewer).get(reverse("review:pair", args=[pair.pk])).status_code == 404


def test_one_file_does_not_tell_that_another_library_holds_its_copy(
    make_pair: MakePair, reviewer: User, library: Library
) -> None:
    pair = make_pair("logo", "other")
    same = CandidatePair.objects.create(
        left=pair.left, right=pair.left, tier="identical", distance=0, score=1000
    )
    judged(same, reviewer)
    elsewhere = Library.objects.create(name="Elsewhere", kind="mounted", root="/elsewhere")
    SourceFile.objects.create(
        library=elsewhere,
        path="copy.jpg",
        path_key=b"k" * 32,
        size=1,
        modified_ns=0,
        sha256=pair.left.sha256,
        state=SourceFile.State.READ,
    )
    assert not Decision.objects.visible_to(reviewer).filter(pair=same).exists()
