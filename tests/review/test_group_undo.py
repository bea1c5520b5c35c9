"""Taking back a verdict on a group: everything at once, and only one's own of today."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dedup_site.accounts.models import User
from review.models import Decision
from review.services import decisions, group_decisions
from review.services.refusals import TooLate
from tests.review.conftest import MakeGroup, all_duplicates, verdicts

pytestmark = pytest.mark.django_db


def test_undo_takes_everything_back_at_once(reviewer: User, make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    withdrawal = group_decisions.undo(actor=reviewer, given=given)

    assert (withdrawal.verdict, withdrawal.supersedes) == ("withdrawn", given)
    assert verdicts() == {}
    assert list(Decision.objects.in_force()) == []
    assert withdrawal.decisions.count() == 3
    assert {each.supersedes for each in withdrawal.decisions.all()} == set(given.decisions.all())
    with pytest.raises(TooLate):
        group_decisions.undo(actor=reviewer, given=given)

    again = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    assert again.decisions.count() == 3
    assert len(verdicts()) == 3


def test_undo_leaves_what_was_decided_anew(
    reviewer: User, second_reviewer: User, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    changed = given.decisions.earliest("pk")
    later = decisions.decide(
        actor=second_reviewer,
        pair=changed.pair,
        verdict="not_duplicate",
        reason="similar_scene",
        supersedes=changed.pk,
    )

    withdrawal = group_decisions.undo(actor=reviewer, given=given)

    assert withdrawal.decisions.count() == 2
    assert list(Decision.objects.in_force()) == [later]


def test_only_ones_own_group_decisions_of_today_are_undone(
    reviewer: User,
    second_reviewer: User,
    make_group: MakeGroup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    with pytest.raises(PermissionDenied):
        group_decisions.undo(actor=second_reviewer, given=given)
    tomorrow = timezone.localdate() + timedelta(days=1)
    monkeypatch.setattr(
        timezone,
        "localdate",
        lambda moment=None: tomorrow if moment is None else timezone.localtime(moment).date(),
    )
    with pytest.raises(TooLate, match="Only decisions of today"):
        group_decisions.undo(actor=reviewer, given=given)


def test_somebody_who_lost_the_library_undoes_nothing(
    reviewer: User, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    reviewer.accesses.all().delete()

    with pytest.raises(PermissionDenied):
        group_decisions.undo(actor=reviewer, given=given)
