"""Verdicts: who may give them, what they keep, and what is refused."""

from hashlib import sha256
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from dedup_site.accounts.models import User
from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.models import AuditEvent
from review.models import Decision, Hold, Matter, PairReview, Skip, Verdict
from review.services import decisions, leases
from review.services.refusals import AlreadyDecided, LeaseLost, Refused
from scanning.models import CandidatePair, Fingerprint, Library, SourceFile
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db


def test_a_verdict_is_kept_with_reason_note_and_author(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()

    decision = judge(reviewer, pair, reason="derivative", note="Smaller copy.")

    review = PairReview.objects.get(pk=pair.pk)
    assert (decision.verdict, decision.reason) == ("duplicate", "derivative")
    assert (decision.note, decision.reviewer) == ("Smaller copy.", reviewer)
    assert decision.supersedes is None
    assert (review.decision, review.verdict) == (decision, "duplicate")
    assert review.lease_holder is None


def test_the_evidence_is_the_pair_as_it_was(
    reviewer: User, library: Library, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair("a", "b", distance=12, score=953)
    CandidatePair.objects.filter(pk=pair.pk).update(evidence={"tiles": [0.98, 1]})
    SourceFile.objects.filter(path="a.jpg").update(attributes={"supplier": "A12"})
    pair.refresh_from_db()

    kept = judge(reviewer, pair).evidence

    canonical_json(kept)  # integers and text only
    assert (kept["tier"], kept["distance"], kept["score"]) == ("near", 12, 953)
    assert kept["comparison"] == {"tiles": ["0.98", 1]}
    assert {kept["left"]["sha256"], kept["right"]["sha256"]} == {
        pair.left.digest,
        pair.right.digest,
    }
    assert kept["left"]["fingerprints"] == [
        {"algorithm": "phash256", "version": "test", "code": pair.left.digest}
    ]
    assert [found["library"] for found in kept["found_by"]] == [library.pk]
    assert kept["found_by"][0]["configuration"] == {"near_radius": 64}
    files = {file["path"]: file for side in ("left", "right") for file in kept[side]["files"]}
    assert sorted(files) == ["a.jpg", "b.jpg"]
    assert files["a.jpg"]["attributes"] == {"supplier": "A12"}


def test_of_a_long_code_the_evidence_keeps_the_digest(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    Fingerprint.objects.create(
        picture=pair.left, algorithm="raster", version="2", code=bytes(64 * 64)
    )

    known = judge(reviewer, pair).evidence["left"]["fingerprints"]

    assert known[1] == {
        "algorithm": "raster",
        "version": "2",
        "code_sha256": sha256(bytes(64 * 64)).hexdigest(),
    }


def test_the_evidence_holds_no_files_that_the_reviewer_may_not_see(
    reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    hidden = Library.objects.create(name="Hidden", kind="uploaded")
    SourceFile.objects.create(
        library=hidden,
        path_key=b"x" * 32,
        path="secret.jpg",
        size=1,
        modified_ns=0,
        sha256=pair.left.sha256,
        state="read",
    )

    assert "secret.jpg" not in canonical_json(judge(reviewer, pair).evidence)


def test_a_verdict_is_an_audit_event(
    reviewer: User, library: Library, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    decision = judge(reviewer, pair, note="Seen twice.")

    event = AuditEvent.objects.get(action="decision.made")
    assert (event.actor_id, event.library_id) == (reviewer.pk, library.pk)
    assert event.target_id == str(pair.pk)
    assert f'"decision":{decision.pk}' in event.body
    assert event.detail["note"] == "Seen twice."
    assert "Seen twice." not in event.body


def test_without_the_lease_an_answer_is_refused(
    reviewer: User, second_reviewer: User, make_pair: MakePair
) -> None:
    pair = make_pair()
    leases.take(actor=second_reviewer, pair=pair)

    with pytest.raises(LeaseLost, match="second_reviewer has this pair until"):
        decisions.decide(
            actor=reviewer, pair=pair, verdict="duplicate", reason="same_picture", token=1
        )

    assert not Decision.objects.exists()


def test_an_answer_with_an_old_token_is_refused(reviewer: User, make_pair: MakePair) -> None:
    pair = make_pair()
    lease = leases.take(actor=reviewer, pair=pair)
    leases.release(actor=reviewer, pair=pair)
    leases.take(actor=reviewer, pair=pair)

    assert lease is not None
    with pytest.raises(LeaseLost, match="Your answer was not saved"):
        decisions.decide(
            actor=reviewer, pair=pair, verdict="duplicate", reason="same_picture", token=lease.token
        )


def test_a_pair_that_somebody_else_decided_is_refused(
    reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    judge(second_reviewer, pair)

    with pytest.raises(AlreadyDecided, match="second_reviewer has judged this pair"):
        decisions.decide(
            actor=reviewer, pair=pair, verdict="not_duplicate", reason="similar_scene", token=1
        )


def test_the_same_answer_sent_twice_is_one_decision(reviewer: User, make_pair: MakePair) -> None:
    pair = make_pair()
    lease = leases.take(actor=reviewer, pair=pair)
    assert lease is not None
    answer: dict[str, Any] = {
        "verdict": "duplicate",
        "reason": "same_picture",
        "token": lease.token,
    }

    first = decisions.decide(actor=reviewer, pair=pair, **answer)
    second = decisions.decide(actor=reviewer, pair=pair, **answer)

    assert first == second
    assert Decision.objects.count() == 1


def test_a_decision_is_changed_only_by_naming_it(
    reviewer: User, second_reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    first = judge(reviewer, pair)

    second = decisions.decide(
        actor=second_reviewer,
        pair=pair,
        verdict="not_duplicate",
        reason="other_record",
        supersedes=first.pk,
    )

    assert second.supersedes == first
    assert PairReview.objects.get(pk=pair.pk).decision == second
    with pytest.raises(AlreadyDecided):
        decisions.decide(
            actor=reviewer,
            pair=pair,
            verdict="duplicate",
            reason="rescan",
            supersedes=first.pk,
        )


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [("duplicate", "litigation"), ("not_duplicate", ""), ("withdrawn", ""), ("maybe", "rescan")],
)
def test_the_reason_belongs_to_the_verdict(
    reviewer: User, make_pair: MakePair, judge: Judge, verdict: str, reason: str
) -> None:
    with pytest.raises(ValidationError, match="Choose a reason"):
        judge(reviewer, make_pair(), verdict, reason)


def test_a_note_has_an_end(reviewer: User, make_pair: MakePair, judge: Judge) -> None:
    with pytest.raises(ValidationError, match="longer than 2000 characters"):
        judge(reviewer, make_pair(), note="x" * 2001)


def test_who_may_give_which_verdict(
    reviewer: User,
    officer: User,
    auditor: User,
    admin: User,
    outsider: User,
    make_pair: MakePair,
    matter: Matter,
) -> None:
    pair = make_pair()
    allowed = set()
    for person in (reviewer, officer, auditor, admin, outsider):
        for verdict, reason in (("duplicate", "rescan"), ("legal_hold", "regulator")):
            try:
                decisions.decide(
                    actor=person, pair=pair, verdict=verdict, reason=reason, matter=matter
                )
            except PermissionDenied:
                continue
            except Refused:  # allowed, only without a lease here
                allowed.add((person.username, verdict))

    assert allowed == {
        ("reviewer", "duplicate"),
        ("reviewer", "legal_hold"),
        ("officer", "legal_hold"),
    }


def test_a_legal_hold_holds_both_pictures_at_once(
    reviewer: User, make_pair: MakePair, judge: Judge, matter: Matter
) -> None:
    pair = make_pair()

    judge(reviewer, pair, Verdict.LEGAL_HOLD, "litigation", matter=matter, note="HCA 1/2026")

    held = Hold.objects.values_list("matter", "picture", "reason", "note", "placed_by")
    assert sorted(held) == sorted(
        (matter.pk, picture, "litigation", "HCA 1/2026", reviewer.pk)
        for picture in (pair.left_id, pair.right_id)
    )
    assert AuditEvent.objects.filter(action="hold.placed").count() == 2


def test_an_identical_pair_is_one_picture_and_one_hold(
    reviewer: User, make_pair: MakePair, judge: Judge, matter: Matter
) -> None:
    pair = make_pair("a", "a", tier="identical")

    judge(reviewer, pair, Verdict.LEGAL_HOLD, "regulator", matter=matter)

    assert Hold.objects.get().picture == pair.left


def test_a_hold_needs_its_matter(reviewer: User, make_pair: MakePair, judge: Judge) -> None:
    with pytest.raises(ValidationError, match="Choose the matter"):
        judge(reviewer, make_pair(), Verdict.LEGAL_HOLD, "litigation")


def test_skipping_puts_the_pair_off_and_gives_it_back(
    reviewer: User, second_reviewer: User, outsider: User, make_pair: MakePair, judge: Judge
) -> None:
    pair = make_pair()
    leases.take(actor=reviewer, pair=pair)

    decisions.skip(actor=reviewer, pair=pair)
    decisions.skip(actor=reviewer, pair=pair)

    assert Skip.objects.get().user == reviewer
    assert leases.take(actor=second_reviewer, pair=pair) is not None
    with pytest.raises(PermissionDenied):
        decisions.skip(actor=outsider, pair=pair)
    judge(second_reviewer, pair)
    assert Skip.objects.count() == 1
