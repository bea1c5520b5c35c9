"""Stored groups follow scans and verdicts."""

import pytest

from dedup_site.accounts.models import User
from review.grouping.groups import live, of_pair
from review.models import Group, Grouping, Membership, PairReview, Verdict
from review.services import decisions, grouping
from scanning.models import CandidatePair, Finding, Library, Picture, ScanJob, ScanRun
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import Judge, MakeGroup

pytestmark = pytest.mark.django_db


def members(group: Group) -> set[int]:
    return set(group.memberships.values_list("picture", flat=True))


def ids(*pictures: Picture) -> set[int]:
    return {picture.pk for picture in pictures}


def test_pictures_that_pairs_join_are_a_group(make_pair: MakePair, library: Library) -> None:
    make_pair("a", "b", score=950)
    weakest = make_pair("b", "c", score=700)
    alone = make_pair("x", "y", score=800)

    grouping.bring_up_to_date()

    large, small = Group.objects.all()
    assert (large.size, large.open_pairs, large.weakest) == (3, 2, weakest)
    assert not large.is_confirmed
    assert (small.size, small.weakest) == (2, alone)
    assert members(small) == {alone.left_id, alone.right_id}
    assert Grouping.objects.get().library == library


def test_a_group_never_joins_two_that_their_comparison_calls_lookalikes(
    make_pair: MakePair, make_picture: MakePicture
) -> None:
    make_pair("a", "b", score=950)
    make_pair("b", "c", score=700)
    make_pair("a", "c", tier="lookalike", score=100)

    grouping.bring_up_to_date()

    assert members(Group.objects.get()) == ids(make_picture("a"), make_picture("b"))


def test_identical_files_are_one_picture(make_pair: MakePair) -> None:
    make_pair("a", "a", tier="identical")

    grouping.bring_up_to_date()

    assert not Group.objects.exists()


def test_nothing_is_grouped_twice_for_one_scan(make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")
    Group.objects.filter(pk=group.pk).update(size=99)

    grouping.bring_up_to_date()

    assert Group.objects.get().size == 99


def test_a_later_scan_brings_its_library_up_to_date_and_numbers_stay(
    make_group: MakeGroup, make_pair: MakePair, run: ScanRun
) -> None:
    group = make_group("a", "b", "c")
    make_pair("c", "d")
    Finding.objects.filter(pair=make_pair("x", "y")).delete()
    later = ScanRun.objects.create(
        job=run.job, library=run.library, state=ScanRun.State.FINISHED, configuration={}
    )

    grouping.bring_up_to_date()

    group.refresh_from_db()
    assert (group.size, Grouping.objects.get().run) == (4, later)


def test_a_running_scan_does_not_count(make_group: MakeGroup, run: ScanRun) -> None:
    make_group()
    ScanRun.objects.create(
        job=run.job, library=run.library, state=ScanRun.State.COMPARING, configuration={}
    )

    grouping.bring_up_to_date()

    assert Grouping.objects.get().run == run


def test_not_a_duplicate_takes_a_group_apart_and_undo_joins_it_again(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    make_pair("a", "b", score=950)
    pair = make_pair("b", "c", score=700)
    grouping.bring_up_to_date()

    said = judge(reviewer, pair, Verdict.NOT_DUPLICATE, "similar_scene")
    grouping.bring_up_to_date()

    group = Group.objects.get()
    assert group.size == 2
    assert not PairReview.objects.filter(regroup=True).exists()

    decisions.undo(actor=reviewer, decision=said)
    grouping.bring_up_to_date()

    group.refresh_from_db()
    assert group.size == 3


def test_a_confirmed_pair_joins_what_the_comparison_called_lookalikes(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    make_pair("a", "b")
    pair = make_pair("c", "d", tier="lookalike")
    grouping.bring_up_to_date()
    assert Group.objects.count() == 1

    judge(reviewer, pair)
    grouping.bring_up_to_date()

    confirmed = Group.objects.get(is_confirmed=True)
    assert members(confirmed) == {pair.left_id, pair.right_id}
    assert confirmed.open_pairs == 0


def test_a_verdict_lowers_the_number_of_open_pairs(
    reviewer: User, make_group: MakeGroup, judge: Judge
) -> None:
    group = make_group("a", "b", "c")

    judge(reviewer, CandidatePair.objects.earliest("pk"))
    grouping.bring_up_to_date()

    group.refresh_from_db()
    assert (group.open_pairs, group.size, group.is_confirmed) == (2, 3, False)


def test_two_groups_that_a_verdict_joins_keep_the_number_of_the_larger(
    reviewer: User, make_group: MakeGroup, make_pair: MakePair, judge: Judge
) -> None:
    large = make_group("a", "b", "c")
    make_group("x", "y")
    bridge = make_pair("c", "x", tier="lookalike")

    judge(reviewer, bridge)
    grouping.bring_up_to_date()

    assert Group.objects.get().pk == large.pk
    assert Group.objects.get().size == 5


def test_a_separation_outlasts_the_finding(
    reviewer: User, library: Library, make_pair: MakePair, judge: Judge
) -> None:
    make_pair("a", "b", score=950)
    make_pair("b", "c", score=700)
    pair = make_pair("a", "c", score=600)
    judge(reviewer, pair, Verdict.NOT_DUPLICATE, "other_record")
    Finding.objects.filter(pair=pair).delete()

    grouping.regroup(library)

    assert Group.objects.get().size == 2


def test_each_library_has_its_own_groups(make_group: MakeGroup, run: ScanRun) -> None:
    group = make_group("a", "b", "c")
    other = Library.objects.create(name="Other", kind="uploaded")
    job = ScanJob.objects.create(library=other, name="Everything")
    theirs = ScanRun.objects.create(
        job=job, library=other, state=ScanRun.State.FINISHED, configuration={}
    )
    pair = CandidatePair.objects.earliest("pk")
    Finding.objects.create(pair=pair, library=other, job=job, run=theirs)

    grouping.bring_up_to_date()

    assert Group.objects.get(library=other).size == 2
    assert members(group) == set(
        Membership.objects.filter(library=run.library).values_list("picture", flat=True)
    )


def test_a_group_that_nothing_joins_any_more_is_gone(
    make_group: MakeGroup, library: Library
) -> None:
    make_group("a", "b", "c")
    Finding.objects.all().delete()

    grouping.regroup(library)

    assert not Group.objects.exists()
    assert not Membership.objects.exists()


def test_the_page_knows_a_verdict_before_the_stored_group_does(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    make_pair("a", "b", score=950)
    pair = make_pair("b", "c", score=700)
    grouping.bring_up_to_date()
    group = Group.objects.get()

    judge(reviewer, pair, Verdict.NOT_DUPLICATE, "similar_scene")

    now = live(group)
    assert (len(now.members), len(now.apart)) == (2, 1)
    assert now.weakest is not None
    assert now.weakest.score == 950


def test_a_pair_knows_its_group(
    reviewer: User, outsider: User, make_group: MakeGroup, make_pair: MakePair
) -> None:
    group = make_group("a", "b", "c")
    pair = CandidatePair.objects.earliest("pk")
    make_group("x", "y")

    assert of_pair(pair, reviewer) == group
    assert of_pair(pair, outsider) is None
    assert of_pair(CandidatePair.objects.latest("pk"), reviewer) is None
