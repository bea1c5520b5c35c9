"""How a hold ends: a reason, a second person, a delay. Until then everything is held."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.accounts.services import change_activity, change_roles
from dedup_site.audit.models import AuditEvent
from review.models import Hold, HoldRelease, Matter, ReleaseApproval
from review.records.hold_querysets import held_files
from review.services import matters, releases
from review.services.matters import MatterFacts
from review.services.releases import ReleaseRefused
from scanning.models import Library
from tests.conftest import MakePicture, make_user
from tests.review.records import make_file, make_hold, release

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_officer(library: Library) -> User:
    return make_user("second_officer", Role.RECORDS_OFFICER, library)


@pytest.fixture
def hold(officer: User, matter: Matter, make_picture: MakePicture) -> Hold:
    return make_hold(officer, matter, picture=make_picture())


@pytest.fixture
def proposal(officer: User, hold: Hold) -> HoldRelease:
    return releases.propose_release(actor=officer, hold=hold, reason=" Settled on 3 May. ")


def state(proposal: HoldRelease) -> str:
    return HoldRelease.objects.with_state().get(pk=proposal.pk).state


def test_an_approved_release_still_holds_until_its_delay_is_over(
    second_officer: User, hold: Hold, proposal: HoldRelease, settings: Any
) -> None:
    settings.HOLD_RELEASE_DELAY_HOURS = 48
    assert (proposal.reason, state(proposal)) == ("Settled on 3 May.", "proposed")
    assert held_files().count() == 1

    approval = releases.approve_release(actor=second_officer, release=proposal)

    assert approval.effective_at - approval.approved_at == timedelta(hours=48)
    assert state(proposal) == "approved"
    assert held_files().count() == 1
    logged = AuditEvent.objects.filter(action__startswith="hold.release")
    assert [event.action for event in logged] == ["hold.release_approved", "hold.release_proposed"]


def test_a_hold_in_all_libraries_is_ended_by_whoever_sees_them_all(
    officer: User, second_officer: User, matter: Matter, library: Library
) -> None:
    make_file(library, "a.jpg", attributes={"supplier": "X"})
    hold = make_hold(officer, matter, attribute_name="supplier", attribute_value="X")
    with pytest.raises(PermissionDenied):
        releases.propose_release(actor=officer, hold=hold, reason="Settled")
    officer.sees_all_libraries = True
    officer.save()
    proposal = releases.propose_release(actor=officer, hold=hold, reason="Settled")

    with pytest.raises(PermissionDenied):
        releases.approve_release(actor=second_officer, release=proposal)
    releases.withdraw_release(actor=second_officer, release=proposal)

    assert state(proposal) == "withdrawn"


def test_after_the_delay_nothing_is_held_and_the_hold_is_as_it_was(
    officer: User, second_officer: User, hold: Hold
) -> None:
    facts = Hold.objects.filter(pk=hold.pk).values().get()

    proposal = release(hold, officer, second_officer)

    assert state(proposal) == "effective"
    assert not held_files().exists()
    assert Hold.objects.filter(pk=hold.pk).values().get() == facts
    with pytest.raises(ReleaseRefused, match="released already"):
        releases.propose_release(actor=officer, hold=hold, reason="Again")
    with pytest.raises(ReleaseRefused, match="no longer be withdrawn"):
        releases.withdraw_release(actor=officer, release=proposal)


def test_nobody_approves_what_they_proposed(officer: User, proposal: HoldRelease) -> None:
    with pytest.raises(PermissionDenied):
        releases.approve_release(actor=officer, release=proposal)

    assert state(proposal) == "proposed"


def test_postgres_refuses_it_too(officer: User, second_officer: User, hold: Hold) -> None:
    with pytest.raises(DatabaseError, match="another person"), transaction.atomic():
        release(hold, officer, officer)

    proposal = releases.propose_release(actor=officer, hold=hold, reason="Settled")
    releases.withdraw_release(actor=officer, release=proposal)
    with pytest.raises(DatabaseError, match="withdrawn"), transaction.atomic():
        ReleaseApproval.objects.create(
            release=proposal,
            approved_by=second_officer,
            approved_at=proposal.proposed_at,
            effective_at=proposal.proposed_at,
        )


@pytest.mark.parametrize("who", ["reviewer", "admin", "auditor", "outsider"])
def test_others_neither_propose_nor_approve_nor_withdraw(
    who: str, hold: Hold, proposal: HoldRelease, request: pytest.FixtureRequest
) -> None:
    other: User = request.getfixturevalue(who)

    with pytest.raises(PermissionDenied):
        releases.propose_release(actor=other, hold=hold, reason="Please")
    with pytest.raises(PermissionDenied):
        releases.approve_release(actor=other, release=proposal)
    with pytest.raises(PermissionDenied):
        releases.withdraw_release(actor=other, release=proposal)


def test_who_was_demoted_in_between_does_not_approve(
    second_officer: User, proposal: HoldRelease
) -> None:
    assert second_officer.has_perm("accounts.approve_releases")  # as the page has seen it
    change_roles(actor=None, user=second_officer, roles=[Role.REVIEWER])

    with pytest.raises(PermissionDenied):
        releases.approve_release(actor=second_officer, release=proposal)


def test_whose_account_was_closed_in_between_does_not_approve(
    second_officer: User, proposal: HoldRelease
) -> None:
    change_activity(actor=None, user=second_officer, is_active=False)

    with pytest.raises(PermissionDenied):
        releases.approve_release(actor=second_officer, release=proposal)


def test_a_proposal_of_somebody_who_was_demoted_is_not_approved(
    officer: User, second_officer: User, proposal: HoldRelease
) -> None:
    change_roles(actor=None, user=officer, roles=[Role.REVIEWER])

    with pytest.raises(ReleaseRefused, match="no records officer any more"):
        releases.approve_release(actor=second_officer, release=proposal)


def test_an_approved_release_can_be_withdrawn_while_it_waits(
    second_officer: User, hold: Hold, proposal: HoldRelease
) -> None:
    releases.approve_release(actor=second_officer, release=proposal)

    releases.withdraw_release(actor=second_officer, release=proposal, reason="Appealed")

    assert state(proposal) == "withdrawn"
    assert held_files().count() == 1
    with pytest.raises(ReleaseRefused):
        releases.approve_release(actor=second_officer, release=proposal)
    with pytest.raises(ReleaseRefused):
        releases.withdraw_release(actor=second_officer, release=proposal)
    again = releases.propose_release(actor=second_officer, hold=hold, reason="Now it is settled")
    assert state(again) == "proposed"


def test_a_withdrawn_release_never_becomes_effective(
    officer: User, second_officer: User, hold: Hold
) -> None:
    proposal = release(hold, officer, second_officer, hours_ago=-1)
    releases.withdraw_release(actor=officer, release=proposal)
    with connection.cursor() as cursor:  # as after the delay: only its end counts
        cursor.execute("SELECT count(*) FROM review_hold_in_force")
        assert cursor.fetchone() == (1,)


def test_a_release_is_proposed_and_approved_once(
    officer: User, second_officer: User, hold: Hold, proposal: HoldRelease
) -> None:
    with pytest.raises(ReleaseRefused, match="under way"):
        releases.propose_release(actor=second_officer, hold=hold, reason="Me too")
    releases.approve_release(actor=second_officer, release=proposal)
    with pytest.raises(ReleaseRefused, match="does not wait"):
        releases.approve_release(actor=second_officer, release=proposal)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001])
def test_a_release_has_a_reason(officer: User, hold: Hold, reason: str) -> None:
    with pytest.raises(ValidationError):
        releases.propose_release(actor=officer, hold=hold, reason=reason)


def test_other_holds_stand(
    officer: User, second_officer: User, matter: Matter, library: Library, hold: Hold
) -> None:
    make_hold(officer, matter, library=library)

    release(hold, officer, second_officer)

    assert held_files().count() == 1


def test_who_does_not_know_of_the_matter_has_no_part_in_it(
    officer: User, second_officer: User, make_picture: MakePicture
) -> None:
    secret = matters.open_matter(
        actor=officer, facts=MatterFacts("ICAC 7", "Harbour", is_confidential=True)
    )
    hold = make_hold(officer, secret, picture=make_picture("b"))
    proposal = releases.propose_release(actor=officer, hold=hold, reason="Settled")

    with pytest.raises(PermissionDenied):
        releases.approve_release(actor=second_officer, release=proposal)


def test_who_was_not_given_the_library_has_no_part_in_it(proposal: HoldRelease) -> None:
    stranger = make_user("stranger", Role.RECORDS_OFFICER)

    with pytest.raises(PermissionDenied):
        releases.approve_release(actor=stranger, release=proposal)
