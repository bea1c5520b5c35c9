"""Verdicts on whole groups: what they settle, what they leave, and that they can be taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.verifier import digest_of
from review.grouping.groups import live
from review.models import Decision, Group, GroupDecision, Matter, PairReview, Skip, Verdict
from review.services import decisions, group_decisions, grouping, holds, leases
from review.services.refusals import GroupChanged, NothingOpen, Refused
from scanning.models import CandidatePair, Library
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import Judge, MakeGroup, all_duplicates, verdicts

pytestmark = pytest.mark.django_db


def test_all_duplicates_settles_every_pair_and_each_is_a_decision_of_its_own(
    reviewer: User, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c", "d")

    given = group_decisions.judge(
        actor=reviewer, group=group, answer=all_duplicates(group, note="One logo.")
    )

    made = list(Decision.objects.order_by("pair"))
    assert len(made) == 6
    assert {decision.verdict for decision in made} == {"duplicate"}
    assert {decision.reason for decision in made} == {"same_picture"}
    assert {decision.implied_by for decision in made} == {given}
    assert {decision.note for decision in made} == {"One logo."}
    assert set(verdicts().values()) == {"duplicate"}
    assert (given.reviewer, given.group_number, given.library) == (
        reviewer,
        group.pk,
        group.library,
    )
    group.refresh_from_db()
    assert group.open_pairs == 0


def test_identical_files_of_its_pictures_are_settled_too(
    reviewer: User, make_group: MakeGroup, make_pair: MakePair
) -> None:
    identical = make_pair("a", "a", tier="identical")
    group = make_group("a", "b", "c")

    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    assert PairReview.objects.get(pk=identical.pk).verdict == "duplicate"


def test_all_but_these(reviewer: User, make_group: MakeGroup, make_picture: MakePicture) -> None:
    group = make_group("a", "b", "c", "d")
    a, b, c, d = (make_picture(name).pk for name in "abcd")
    answer = all_duplicates(
        group, verdict="part", apart=frozenset({c, d}), reason_apart="similar_scene"
    )

    group_decisions.judge(actor=reviewer, group=group, answer=answer)

    assert verdicts() == {
        (a, b): "duplicate",
        (a, c): "not_duplicate",
        (a, d): "not_duplicate",
        (b, c): "not_duplicate",
        (b, d): "not_duplicate",
    }  # nothing was said about c and d
    assert set(Decision.objects.filter(verdict="not_duplicate").values_list("reason")) == {
        ("similar_scene",)
    }
    assert live(group).members == (a, b)
    grouping.bring_up_to_date()
    assert sorted(Group.objects.values_list("size", "open_pairs")) == [(2, 0), (2, 1)]


def test_not_duplicates_say_nothing_about_identical_files(
    reviewer: User, make_group: MakeGroup, make_pair: MakePair
) -> None:
    identical = make_pair("a", "a", tier="identical")
    group = make_group("a", "b", "c")
    answer = all_duplicates(group, verdict="not_duplicate", reason="", reason_apart="other_record")

    group_decisions.judge(actor=reviewer, group=group, answer=answer)

    assert Decision.objects.filter(verdict="not_duplicate").count() == 3
    assert not Decision.objects.filter(pair=identical).exists()
    assert live(group).members == ()


def test_what_stands_in_the_way_is_left_and_told(
    reviewer: User,
    second_reviewer: User,
    make_group: MakeGroup,
    make_picture: MakePicture,
    judge: Judge,
    matter: Matter,
) -> None:
    group = make_group("a", "b", "c", "d")
    pairs = {frozenset((pair.left_id, pair.right_id)): pair for pair in CandidatePair.objects.all()}
    a, b, c, d = (make_picture(name) for name in "abcd")
    leased = pairs[frozenset((a.pk, b.pk))]
    decided = pairs[frozenset((b.pk, c.pk))]
    leases.take(actor=second_reviewer, pair=leased)
    first = judge(second_reviewer, decided, reason="rescan")
    holds.place_hold(actor=reviewer, matter=matter, picture=d, reason="litigation")

    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    # Of the six pairs: one leased, one decided, three of the held picture d.
    held = sorted(pair.pk for pair in CandidatePair.objects.all() if d.pk in
                  (pair.left_id, pair.right_id))  # fmt: skip
    assert given.evidence["left_out"] == {"on_hold": held, "with_somebody_else": [leased.pk]}
    assert given.evidence["decided_before"] == 1
    assert given.evidence["settled"] == {"duplicate": 1}
    assert list(given.decisions.values_list("pair", flat=True)) == [
        pairs[frozenset((a.pk, c.pk))].pk
    ]
    assert PairReview.objects.get(pk=decided.pk).decision == first
    assert PairReview.objects.get(pk=leased.pk).lease_holder == second_reviewer
    group.refresh_from_db()
    assert group.open_pairs == 4


def test_a_lease_of_ones_own_or_one_that_ran_out_does_not_matter(
    reviewer: User, second_reviewer: User, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    mine, theirs, _rest = CandidatePair.objects.order_by("pk")
    leases.take(actor=reviewer, pair=mine)
    lease = leases.take(actor=second_reviewer, pair=theirs)
    PairReview.objects.filter(pk=theirs.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )

    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    assert len(verdicts()) == 3
    assert lease is not None
    with pytest.raises(Refused):
        decisions.decide(
            actor=second_reviewer,
            pair=theirs,
            verdict="not_duplicate",
            reason="similar_scene",
            token=lease.token,
        )


def test_the_same_answer_sent_twice_counts_once(reviewer: User, make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")
    answer = all_duplicates(group)

    first = group_decisions.judge(actor=reviewer, group=group, answer=answer)
    second = group_decisions.judge(actor=reviewer, group=group, answer=answer)

    assert first == second
    assert Decision.objects.count() == 3


def test_a_second_person_finds_nothing_left(
    reviewer: User, second_reviewer: User, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    theirs = all_duplicates(group)
    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    with pytest.raises(NothingOpen, match="judged already"):
        group_decisions.judge(actor=second_reviewer, group=group, answer=theirs)


def test_a_group_that_has_changed_is_looked_at_again(
    reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    make_pair("a", "b", score=950)
    pair = make_pair("b", "c", score=700)
    grouping.bring_up_to_date()
    group = Group.objects.get()
    answer = all_duplicates(group)
    judge(second_reviewer, pair, Verdict.NOT_DUPLICATE, "similar_scene")

    with pytest.raises(GroupChanged, match="Nothing was saved"):
        group_decisions.judge(actor=reviewer, group=group, answer=answer)

    assert Decision.objects.count() == 1


def test_a_group_that_is_gone(reviewer: User, make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")
    answer = all_duplicates(group)
    gone = Group.objects.get()
    Group.objects.all().delete()

    with pytest.raises(PermissionDenied):
        group_decisions.judge(actor=reviewer, group=gone, answer=answer)


def test_who_may_judge(
    make_group: MakeGroup, officer: User, auditor: User, admin: User, outsider: User
) -> None:
    group = make_group("a", "b", "c")

    for person in (officer, auditor, admin, outsider):
        with pytest.raises(PermissionDenied):
            group_decisions.judge(actor=person, group=group, answer=all_duplicates(group))
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "maybe"}, "Choose a verdict"),
        ({"verdict": "withdrawn"}, "Choose a verdict"),
        ({"reason": ""}, "Choose a reason"),
        ({"reason": "similar_scene"}, "Choose a reason"),
        ({"reason_apart": "similar_scene"}, "Choose a reason"),
        ({"verdict": "not_duplicate", "reason": "rescan"}, "Choose a reason"),
        ({"verdict": "part", "reason_apart": "other_film"}, "Choose the pictures"),
        ({"verdict": "part", "reason_apart": "other_film", "apart": {-1}}, "of this group"),
        ({"note": "x" * 2001}, "longer than 2000"),
    ],
)
def test_answers_that_make_no_sense(
    reviewer: User, make_group: MakeGroup, change: dict[str, object], words: str
) -> None:
    group = make_group("a", "b", "c")
    if isinstance(apart := change.get("apart"), set):
        change = {**change, "apart": frozenset(apart)}

    with pytest.raises(ValidationError, match=words):
        group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group, **change))


def test_not_all_pictures_can_be_left_out(reviewer: User, make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")
    answer = all_duplicates(
        group, verdict="part", apart=frozenset(live(group).members), reason_apart="other_film"
    )

    with pytest.raises(ValidationError, match="not all of them"):
        group_decisions.judge(actor=reviewer, group=group, answer=answer)


def test_the_log_tells_the_verdict_and_every_pair(
    reviewer: User, library: Library, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")

    given = group_decisions.judge(
        actor=reviewer, group=group, answer=all_duplicates(group, note="A logo.")
    )

    event = AuditEvent.objects.get(action="decision.group_made")
    assert (event.actor_id, event.library_id, event.target_id) == (
        reviewer.pk,
        library.pk,
        str(given.pk),
    )
    assert f'"evidence_sha256":"{digest_of(given.evidence)}"' in event.body
    assert event.detail["note"] == "A logo."
    made = AuditEvent.objects.filter(action="decision.made").order_by("pk")
    for event, decision in zip(made, given.decisions.order_by("pk"), strict=True):
        assert f'"decision":{decision.pk}' in event.body
        assert f'"implied_by":{given.pk}' in event.body
        assert f'"evidence_sha256":"{digest_of(decision.evidence)}"' in event.body


def test_the_evidence_names_pictures_files_and_pairs(reviewer: User, make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")

    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    canonical_json(given.evidence)
    paths = [file["path"] for each in given.evidence["pictures"] for file in each["files"]]
    assert sorted(paths) == ["a.jpg", "b.jpg", "c.jpg"]
    decision = given.decisions.earliest("pk")
    canonical_json(decision.evidence)
    assert decision.evidence["left"]["sha256"] == decision.pair.left.digest
    assert decision.evidence["group_decision"] == given.pk
    assert (decision.evidence["tier"], decision.evidence["score"]) == ("near", 900)


def test_a_new_picture_opens_a_judged_group_again_and_nothing_else(
    reviewer: User, library: Library, make_group: MakeGroup, make_pair: MakePair
) -> None:
    group = make_group("a", "b", "c")
    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))
    grouping.regroup(library)
    group.refresh_from_db()
    assert (group.open_pairs, group.is_confirmed) == (0, True)

    new = make_pair("c", "d")
    grouping.regroup(library)

    group.refresh_from_db()
    assert (group.size, group.open_pairs) == (4, 1)
    assert [link.pair for link in live(group).open] == [new.pk]


def test_not_duplicates_survive_a_rescan(
    reviewer: User, library: Library, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    answer = all_duplicates(group, verdict="not_duplicate", reason="", reason_apart="other_record")
    group_decisions.judge(actor=reviewer, group=group, answer=answer)

    grouping.regroup(library)

    assert not Group.objects.exists()


def test_skips_of_settled_pairs_are_gone(reviewer: User, make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")
    decisions.skip(actor=reviewer, pair=CandidatePair.objects.earliest("pk"))

    group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    assert not Skip.objects.exists()


def test_postgres_refuses_to_change_a_group_decision(reviewer: User, make_group: MakeGroup) -> None:
    group = make_group("a", "b", "c")
    given = group_decisions.judge(actor=reviewer, group=group, answer=all_duplicates(group))

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        GroupDecision.objects.filter(pk=given.pk).update(note="Other.")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        GroupDecision.objects.filter(pk=given.pk)._raw_delete("default")


def test_a_nonce_of_somebody_else_gives_nothing_away(
    reviewer: User, second_reviewer: User, make_group: MakeGroup
) -> None:
    group = make_group("a", "b", "c")
    answer = all_duplicates(group)
    group_decisions.judge(actor=reviewer, group=group, answer=answer)

    with pytest.raises(NothingOpen):
        group_decisions.judge(
            actor=second_reviewer, group=group, answer=replace(answer, note="Mine.")
        )
