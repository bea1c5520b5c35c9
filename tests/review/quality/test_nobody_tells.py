"""No detour tells one of two judges of the other, and nobody settles what they judged."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group as RoleGroup
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import SecondReview
from review.services import decisions, group_decisions, grouping, leases, quality_samples, referrals
from review.services.quality_adjudication import adjudicate, disputes_for
from scanning.models import CandidatePair, Library, Upload
from tests.conftest import MakePair
from tests.review.conftest import Judge, MakeGroup
from tests.review.quality.conftest import SetRule
from tests.review.quality.test_groups_twice import answer
from tests.review.quality.test_second_review import apart
from tests.review.test_leases import claim

pytestmark = pytest.mark.django_db

ClientAs = Callable[[User], Client]


@pytest.fixture
def pair(set_rule: SetRule, make_pair: MakePair) -> CandidatePair:
    """A pair of a library in which everything is judged twice."""
    set_rule()
    return make_pair()


def test_the_first_judge_cannot_take_it_over_from_the_second(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge
) -> None:
    judge(reviewer, pair)
    lease = leases.take(actor=second_reviewer, pair=pair)
    assert lease is not None
    assert leases.take_over(actor=reviewer, pair=pair) is None
    kept = leases.take(actor=second_reviewer, pair=pair)
    assert kept is not None
    assert kept.token == lease.token


def test_the_first_judge_is_not_told_who_looks_at_it_now(
    pair: CandidatePair, reviewer: User, second_reviewer: User, judge: Judge, client_as: ClientAs
) -> None:
    judge(reviewer, pair)
    leases.take(actor=second_reviewer, pair=pair)
    client = client_as(reviewer)
    own = client.get(reverse("review:pair", args=[pair.pk]))
    listed = client.get(reverse("review:queue"), {"state": "duplicate"})
    assert "second_reviewer" not in own.content.decode()
    assert "second_reviewer" not in listed.content.decode()
    assert '<span class="badge badge--duplicate">Duplicate</span>' in listed.content.decode()


def test_a_question_put_to_the_first_judge_holds_nobody_up(
    pair: CandidatePair,
    reviewer: User,
    second_reviewer: User,
    third_reviewer: User,
    judge: Judge,
    client_as: ClientAs,
) -> None:
    judge(reviewer, pair)
    lease = leases.take(actor=second_reviewer, pair=pair)
    assert lease is not None
    referrals.refer(actor=second_reviewer, pair=pair, to=reviewer, token=lease.token)
    shown = client_as(reviewer).get(reverse("review:pair", args=[pair.pk]))
    assert "second_reviewer" not in shown.content.decode()
    assert claim(reviewer) is None
    assert claim(third_reviewer) == pair


def test_two_roles_do_not_show_the_second_person_the_first_verdict(
    pair: CandidatePair,
    reviewer: User,
    second_reviewer: User,
    auditor: User,
    judge: Judge,
    client_as: ClientAs,
) -> None:
    second_reviewer.groups.add(RoleGroup.objects.get(name=Role.AUDITOR.value))
    judge(reviewer, pair, note="Same stamp")
    decided = reverse("review:history")
    assert "Same stamp" not in client_as(second_reviewer).get(decided).content.decode()
    assert "Same stamp" in client_as(auditor).get(decided).content.decode()
    judge(second_reviewer, pair)
    assert "Same stamp" in client_as(second_reviewer).get(decided).content.decode()


def test_nobody_settles_a_pair_of_their_own_upload(
    pair: CandidatePair, reviewer: User, second_reviewer: User, third_reviewer: User, judge: Judge
) -> None:
    judge(reviewer, pair)
    apart(judge, second_reviewer, pair)
    Upload.objects.create(user=third_reviewer, sha256=pair.left.sha256)
    assert list(disputes_for(third_reviewer)) == []


def test_nobody_settles_a_pair_that_they_judged_and_took_back(
    pair: CandidatePair, reviewer: User, second_reviewer: User, third_reviewer: User, judge: Judge
) -> None:
    decisions.undo(actor=third_reviewer, decision=judge(third_reviewer, pair))
    leases.release(actor=third_reviewer, pair=pair)
    judge(reviewer, pair)
    apart(judge, second_reviewer, pair)
    assert list(disputes_for(third_reviewer)) == []
    dispute = SecondReview.objects.get(ended=False)
    with pytest.raises(PermissionDenied):
        adjudicate(actor=third_reviewer, review=dispute, verdict="duplicate", reason="rescan")


def test_a_group_that_waits_for_others_is_judged_for_whoever_judged_it(
    set_rule: SetRule,
    make_group: MakeGroup,
    reviewer: User,
    second_reviewer: User,
    client_as: ClientAs,
) -> None:
    set_rule()
    group = make_group("a", "b", "c")
    group_decisions.judge(actor=reviewer, group=group, answer=answer(group, reviewer))
    grouping.bring_up_to_date()
    here = reverse("review:groups")
    own, theirs = (client_as(user).get(here) for user in (reviewer, second_reviewer))
    assert (own.context["rows"], own.context["tabs"][0][3]) == ([], 0)
    assert [row.open_pairs for row in theirs.context["rows"]] == [3]
    done = client_as(reviewer).get(here, {"state": "done"})
    assert [row.open_pairs for row in done.context["rows"]] == [0]


def test_no_list_tells_which_pairs_were_rejected(
    make_pair: MakePair,
    reviewer: User,
    second_reviewer: User,
    admin: User,
    library: Library,
    judge: Judge,
    client_as: ClientAs,
) -> None:
    rejected, other = make_pair("a", "b", score=900), make_pair("c", "d", score=800)
    apart(judge, reviewer, rejected)
    sample = quality_samples.draw(actor=admin, library=library, kind="rejected", size=1)
    client = client_as(second_reviewer)
    assert client.get(reverse("review:quality")).context["samples"] == []
    listed = client.get(reverse("review:queue"), {"sample": sample.pk}).context["rows"]
    assert listed == []
    everything = client.get(reverse("review:queue")).context["rows"]
    assert [row.pair for row in everything] == [rejected, other]


def test_what_cannot_be_kept_is_refused_in_words(
    pair: CandidatePair,
    reviewer: User,
    second_reviewer: User,
    third_reviewer: User,
    judge: Judge,
    client_as: ClientAs,
) -> None:
    judge(reviewer, pair)
    apart(judge, second_reviewer, pair)
    dispute = SecondReview.objects.get()
    address = reverse("review:quality_settle", args=[dispute.pk])
    answered = client_as(third_reviewer).post(
        address, {"answer": "duplicate:rescan", "note": "a\0b"}, follow=True
    )
    assert "Null characters are not allowed." in answered.content.decode()
    dispute.refresh_from_db()
    assert dispute.settled is None
