"""Changing retention: what could free a file takes two people and shows what it frees."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.accounts.services import change_roles
from dedup_site.audit.models import AuditEvent
from review.models import (
    LibraryScheme,
    Matter,
    RetentionAnswer,
    RetentionRule,
    RetentionRuleVersion,
)
from review.services import retention
from review.services.retention import RetentionRefused, RuleFacts, SchemeFacts
from review.services.retention_preview import effect_of
from scanning.models import Library
from tests.conftest import make_user
from tests.review.records import file_is, make_file, make_hold, make_rule, make_scheme

pytestmark = pytest.mark.django_db

SEVEN = RuleFacts(
    title="Seven years",
    citation="Cap. 112 s.51C",
    classes=("business",),
    event_source="attribute",
    event_name="event",
    period="P7Y",
)
FIVE = replace(SEVEN, title="Five years", period="P5Y")
NINE = replace(SEVEN, title="Nine years", period="P9Y")
SIX_YEARS_AGO = f"{timezone.now() - timedelta(days=6 * 366):%Y-%m-%d}"


@pytest.fixture
def second_officer(library: Library) -> User:
    return make_user("second_officer", Role.RECORDS_OFFICER, library)


@pytest.fixture
def rule(library: Library) -> RetentionRuleVersion:
    """Seven years, for a library with one file of six years ago and one of today."""
    RetentionRuleVersion.objects.in_force()
    make_scheme(library, record_class="own")
    make_file(library, "old.jpg", b"\1" * 32, attributes={"event": SIX_YEARS_AGO})
    make_file(library, "new.jpg", b"\2" * 32, attributes={"event": f"{timezone.now():%Y-%m-%d}"})
    return make_rule("own-rule", "own", period="P7Y")


@pytest.fixture(autouse=True)
def own_class(db: None, officer: User) -> None:
    retention.make_class(actor=officer, code="own", name="Own records")


def change(actor: User, facts: RuleFacts) -> RetentionRuleVersion:
    own = replace(facts, classes=("own",))
    return retention.change_rule(actor=actor, code="own-rule", facts=own, reason="New advice")


def in_force() -> RetentionRuleVersion:
    return RetentionRuleVersion.objects.in_force().get(rule__code="own-rule")


def free(path: str) -> bool:
    from scanning.models import SourceFile

    return not file_is("review_file_is_retained", SourceFile.objects.get(path=path))


def test_lengthening_takes_one(admin: User, rule: RetentionRuleVersion) -> None:
    version = change(admin, NINE)

    assert not version.needs_approval
    assert in_force() == version
    assert version.number == 2
    assert AuditEvent.objects.latest("pk").action == "retention.changed"


def test_shortening_takes_two_and_tells_what_it_frees(
    admin: User, officer: User, library: Library, rule: RetentionRuleVersion
) -> None:
    version = change(admin, FIVE)

    assert version.needs_approval
    assert in_force() == rule
    assert not free("old.jpg")
    (effect,) = effect_of(version)
    assert (effect.library, effect.frees, effect.keeps) == (library, 1, 0)

    retention.answer(actor=officer, version=version, is_approved=True, note="Agreed")

    assert in_force() == version
    assert free("old.jpg")
    assert not free("new.jpg")
    assert '"frees":{"' in AuditEvent.objects.get(action="retention.approved").body


def test_the_preview_tells_the_same_and_writes_nothing(
    admin: User, officer: User, matter: Matter, library: Library, rule: RetentionRuleVersion
) -> None:
    make_hold(officer, matter, library=library)
    facts = replace(FIVE, classes=("own",))

    needs_approval, effect = retention.preview_rule(actor=admin, code="own-rule", facts=facts)

    assert needs_approval
    assert [(line.library, line.frees, line.of_these_held) for line in effect] == [(library, 1, 1)]
    assert RetentionRuleVersion.objects.filter(rule=rule.rule).count() == 1


def test_removing_a_rule_takes_two(admin: User, officer: User, rule: RetentionRuleVersion) -> None:
    version = change(admin, replace(SEVEN, is_retired=True))
    assert version.needs_approval

    retention.answer(actor=officer, version=version, is_approved=True)

    assert in_force().is_retired
    assert not free("old.jpg")  # a class without a rule blocks


def test_a_first_rule_for_a_class_takes_two(admin: User, library: Library) -> None:
    make_scheme(library, record_class="own")

    assert change(admin, SEVEN).needs_approval


def test_a_second_rule_for_a_class_takes_one(admin: User, rule: RetentionRuleVersion) -> None:
    facts = replace(FIVE, classes=("own",))
    version = retention.change_rule(actor=admin, code="another-rule", facts=facts)

    assert not version.needs_approval
    assert not free("old.jpg")  # the longest wins


def test_nobody_approves_their_own(officer: User, rule: RetentionRuleVersion) -> None:
    version = change(officer, FIVE)

    with pytest.raises(PermissionDenied):
        retention.answer(actor=officer, version=version, is_approved=True)
    with pytest.raises(DatabaseError, match="another person"), transaction.atomic():
        RetentionAnswer.objects.create(rule_version=version, is_approved=True, given_by=officer)

    retention.answer(actor=officer, version=version, is_approved=False)
    assert in_force() == rule


@pytest.mark.parametrize("who", ["reviewer", "auditor", "outsider"])
def test_others_change_nothing(
    who: str, library: Library, rule: RetentionRuleVersion, request: pytest.FixtureRequest
) -> None:
    other: User = request.getfixturevalue(who)

    with pytest.raises(PermissionDenied):
        change(other, NINE)
    with pytest.raises(PermissionDenied):
        retention.change_scheme(actor=other, library=library, facts=SchemeFacts())
    with pytest.raises(PermissionDenied):
        retention.make_class(actor=other, code="x", name="X")


@pytest.mark.parametrize("who", ["admin", "reviewer", "auditor"])
def test_others_approve_nothing(
    who: str, officer: User, rule: RetentionRuleVersion, request: pytest.FixtureRequest
) -> None:
    version = change(officer, FIVE)

    with pytest.raises(PermissionDenied):
        retention.answer(actor=request.getfixturevalue(who), version=version, is_approved=True)


def test_who_was_demoted_in_between_does_not_approve(
    admin: User, officer: User, rule: RetentionRuleVersion
) -> None:
    version = change(admin, FIVE)
    assert officer.has_perm("accounts.approve_retention")
    change_roles(actor=None, user=officer, roles=[Role.REVIEWER])

    with pytest.raises(PermissionDenied):
        retention.answer(actor=officer, version=version, is_approved=True)


def test_a_change_of_somebody_who_was_demoted_is_not_approved(
    admin: User, officer: User, rule: RetentionRuleVersion
) -> None:
    version = change(admin, FIVE)
    change_roles(actor=None, user=admin, roles=[Role.REVIEWER])

    with pytest.raises(RetentionRefused, match="any more"):
        retention.answer(actor=officer, version=version, is_approved=True)


def test_who_was_not_given_a_library_does_not_free_its_files(
    admin: User, rule: RetentionRuleVersion
) -> None:
    stranger = make_user("stranger", Role.RECORDS_OFFICER)
    version = change(admin, FIVE)

    with pytest.raises(RetentionRefused, match="were not given"):
        retention.answer(actor=stranger, version=version, is_approved=True)


def test_an_answer_is_given_once_and_one_change_waits_at_a_time(
    admin: User, officer: User, second_officer: User, rule: RetentionRuleVersion
) -> None:
    version = change(admin, FIVE)
    with pytest.raises(RetentionRefused, match="already waits"):
        change(officer, NINE)
    retention.answer(actor=officer, version=version, is_approved=False)

    with pytest.raises(RetentionRefused, match="does not wait"):
        retention.answer(actor=second_officer, version=version, is_approved=True)
    assert change(officer, NINE) == in_force()


def test_a_change_of_what_has_changed_since_is_void(
    admin: User, officer: User, rule: RetentionRuleVersion
) -> None:
    version = change(admin, FIVE)
    RetentionRuleVersion.objects.create(  # a second window of time, which the service closes
        rule=rule.rule,
        number=9,
        title="Nine",
        citation="Cap. 1",
        classes=["own"],
        event_source="attribute",
        event_name="event",
        period="P9Y",
        needs_approval=False,
        based_on=rule,
    )

    with pytest.raises(RetentionRefused, match="changed since"):
        retention.answer(actor=officer, version=version, is_approved=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": "seven years"},
        {"period": "PT1H"},
        {"event_name": ""},
        {"title": ""},
        {"citation": ""},
        {"event_source": "moon"},
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(
    admin: User, rule: RetentionRuleVersion, wrong: dict[str, str]
) -> None:
    with pytest.raises(ValidationError):
        change(admin, replace(NINE, **wrong))  # type: ignore[arg-type]  # text fields only


def test_a_class_that_is_not_known_is_refused(admin: User, library: Library) -> None:
    with pytest.raises(ValidationError, match="no record class"):
        retention.change_rule(
            actor=admin, code="new", facts=replace(SEVEN, classes=("unheard-of",))
        )
    with pytest.raises(ValidationError, match="no record class"):
        retention.change_scheme(
            actor=admin, library=library, facts=SchemeFacts(record_class="unheard-of")
        )
    assert not RetentionRule.objects.filter(code="new").exists()


def test_a_change_of_class_takes_two_and_a_customer_attribute_one(
    admin: User, officer: User, library: Library, rule: RetentionRuleVersion
) -> None:
    same = SchemeFacts(record_class="own", customer_attribute="customer")
    assert not retention.change_scheme(actor=admin, library=library, facts=same).needs_approval

    other = replace(same, record_class="no-duty")
    needs_approval, effect = retention.preview_scheme(actor=admin, library=library, facts=other)
    assert needs_approval
    assert [(line.frees, line.keeps) for line in effect] == [(2, 0)]

    scheme = retention.change_scheme(actor=admin, library=library, facts=other)
    assert not free("old.jpg")
    retention.answer(actor=officer, version=scheme, is_approved=True)
    assert free("old.jpg")
    assert LibraryScheme.objects.in_force().get() == scheme


def test_a_library_is_classed_one_way(admin: User, library: Library) -> None:
    with pytest.raises(ValidationError, match="not both"):
        retention.change_scheme(
            actor=admin,
            library=library,
            facts=SchemeFacts(record_class="own", class_attribute="kind"),
        )


def test_nobody_classes_a_library_that_they_were_not_given(officer: User) -> None:
    other = Library.objects.create(name="Tenders", kind="uploaded")

    with pytest.raises(PermissionDenied):
        retention.change_scheme(actor=officer, library=other, facts=SchemeFacts(record_class="own"))
