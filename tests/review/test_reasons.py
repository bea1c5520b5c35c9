"""Reasons are data: in two languages, in versions, never lost."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.utils import translation

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review import reasons
from review.models import Decision, ReasonCode, ReasonVersion
from review.services.reasons import ReasonChange, change
from tests.conftest import MakePair
from tests.review.conftest import Judge

pytestmark = pytest.mark.django_db

SHIPPED = {
    "duplicate": ["same_picture", "derivative", "rescan"],
    "not_duplicate": [
        *("other_record", "similar_scene", "other_film"),
        *("legitimate_reuse", "suspected_misuse", "wrong_record"),
    ],
    "legal_hold": ["litigation", "investigation", "regulator"],
}


def keys(verdict: str) -> list[tuple[int, str]]:
    return [(reason.number, reason.code) for reason in reasons.of(verdict)]


def reword(words: str, place: int = 1, **more: object) -> ReasonChange:
    return ReasonChange("same_picture", "duplicate", words, "字", place, **more)  # type: ignore[arg-type]  # by name


def test_these_are_shipped() -> None:
    for verdict, codes in SHIPPED.items():
        assert keys(verdict) == list(enumerate(codes, start=1))


def test_both_languages() -> None:
    first = reasons.of("duplicate")[0]

    assert (first.words, first.wording.other) == ("Same picture", "同一圖片")
    with translation.override("zh-hant"):
        assert (first.words, first.wording.other) == ("同一圖片", "Same picture")


def test_an_old_decision_keeps_the_words_it_was_given_under(
    admin: User, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    old = judge(reviewer, make_pair("a", "b"))
    change(actor=admin, wanted=reword("The very same picture"))
    new = judge(reviewer, make_pair("c", "d"))

    old.refresh_from_db()
    new.refresh_from_db()
    assert old.get_reason_display() == "Same picture"
    assert new.get_reason_display() == "The very same picture"
    assert [
        version.number for version in ReasonVersion.objects.filter(reason__code=new.reason)
    ] == [
        2,
        1,
    ]


def test_a_decision_from_before_there_were_versions_has_the_first_words() -> None:
    assert reasons.words(None, "suspected_misuse") == "Same picture, suspected misuse"
    assert reasons.of("not_duplicate")[4].words == "Same picture, suspected misuse, referred"
    assert reasons.words(None, "") == ""


def test_a_change_is_an_audit_event_with_the_words(admin: User) -> None:
    change(actor=admin, wanted=reword("The very same picture"))

    event = AuditEvent.objects.get(action="reason.changed")
    assert '"words":"The very same picture"' in event.body


def test_a_new_place_moves_the_others_and_the_same_again_writes_nothing(admin: User) -> None:
    first = change(actor=admin, wanted=reword("Same picture", 3))

    assert keys("duplicate") == [(1, "derivative"), (2, "rescan"), (3, "same_picture")]
    assert len(first) == 3
    assert change(actor=admin, wanted=reword("Same picture", 3)) == []


def test_a_retired_reason_is_no_longer_offered_but_keeps_its_code(
    admin: User, reviewer: User, make_pair: MakePair, judge: Judge
) -> None:
    old = judge(reviewer, make_pair("a", "b"))
    change(actor=admin, wanted=reword("Same picture", is_retired=True))

    assert keys("duplicate") == [(1, "derivative"), (2, "rescan")]
    with pytest.raises(ValidationError, match="belongs to the verdict"):
        judge(reviewer, make_pair("c", "d"))
    assert ReasonCode.objects.filter(code="same_picture").exists()
    old.refresh_from_db()
    assert old.get_reason_display() == "Same picture"


def test_a_new_reason_has_the_last_key(admin: User) -> None:
    change(actor=admin, wanted=ReasonChange("crest", "duplicate", "Same crest", "同一徽章", 9))

    assert keys("duplicate")[-1] == (4, "crest")


def test_what_cannot_be(admin: User, reviewer: User) -> None:
    with pytest.raises(PermissionDenied):
        change(actor=reviewer, wanted=reword("Mine"))
    with pytest.raises(ValidationError, match="both languages"):
        change(actor=admin, wanted=reword("  "))
    with pytest.raises(ValidationError, match="another verdict"):
        change(actor=admin, wanted=ReasonChange("rescan", "legal_hold", "Again", "再", 1))
    for code in ("litigation", "investigation"):
        change(actor=admin, wanted=ReasonChange(code, "legal_hold", "x", "字", 1, is_retired=True))
    with pytest.raises(ValidationError, match="at least one reason"):
        change(
            actor=admin,
            wanted=ReasonChange("regulator", "legal_hold", "x", "字", 1, is_retired=True),
        )
    for number in range(6):
        change(actor=admin, wanted=ReasonChange(f"r{number}", "duplicate", "x", "字", 9))
    with pytest.raises(ValidationError, match="nine reasons"):
        change(actor=admin, wanted=ReasonChange("r9", "duplicate", "x", "字", 9))


def test_postgres_refuses_a_reason_of_another_verdict(reviewer: User, make_pair: MakePair) -> None:
    for reason in ("litigation", "made_up", ""):
        with pytest.raises(DatabaseError, match="there is no reason"), transaction.atomic():
            Decision.objects.create(
                pair=make_pair(f"a{reason}", f"b{reason}"),
                verdict="duplicate",
                reason=reason,
                reviewer=reviewer,
                evidence={},
            )


def test_versions_and_codes_are_append_only() -> None:
    for rows in (ReasonVersion.objects.all(), ReasonCode.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows._raw_delete("default")
