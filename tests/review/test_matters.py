"""Matters: opened, changed, closed; confidential ones keep their names."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from review.models import Hold, Matter
from review.records.hold_querysets import tell
from review.services import holds, matters, releases
from review.services.matters import MatterFacts, MatterRefused
from scanning.models import Library
from tests.conftest import MakePicture, make_user
from tests.review.records import make_hold, release

pytestmark = pytest.mark.django_db

OPEN = MatterFacts(
    "HCA 12/2026", "Chan v. Bank", basis="Order of 3 May", scope="All plans", custodian="Ms Ho"
)
SECRET = MatterFacts("ICAC 7/2026", "Operation Harbour", scope="Bids", is_confidential=True)


@pytest.fixture
def second_officer(library: Library) -> User:
    return make_user("second_officer", Role.RECORDS_OFFICER, library)


def everything_logged() -> str:
    return " ".join(f"{event.body} {event.detail}" for event in AuditEvent.objects.all())


def test_an_officer_opens_a_matter(officer: User) -> None:
    matter = matters.open_matter(actor=officer, facts=OPEN)

    assert str(matter) == "HCA 12/2026 Chan v. Bank"
    assert (matter.opened_by, matter.custodian, matter.is_open) == (officer, "Ms Ho", True)
    event = AuditEvent.objects.get(action="matter.opened")
    assert (event.actor_id, event.detail["basis"]) == (officer.pk, "Order of 3 May")


def test_a_matter_has_a_reference_of_its_own(officer: User) -> None:
    matters.open_matter(actor=officer, facts=MatterFacts(" A ", "First"))

    for reference, title in (("A", "Second"), ("", "No reference"), ("B", "")):
        with pytest.raises(ValidationError):
            matters.open_matter(actor=officer, facts=MatterFacts(reference, title))


@pytest.mark.parametrize("who", ["reviewer", "admin", "auditor"])
def test_others_open_change_and_close_no_matter(
    who: str, officer: User, request: pytest.FixtureRequest
) -> None:
    matter = matters.open_matter(actor=officer, facts=OPEN)
    other: User = request.getfixturevalue(who)

    with pytest.raises(PermissionDenied):
        matters.open_matter(actor=other, facts=MatterFacts("A", "B"))
    with pytest.raises(PermissionDenied):
        matters.change_matter(actor=other, matter=matter, facts=OPEN)
    for change in (matters.close_matter, matters.reopen_matter):
        with pytest.raises(PermissionDenied):
            change(actor=other, matter=matter)


def test_a_confidential_matter_is_known_to_those_who_are_named(
    officer: User, second_officer: User, auditor: User
) -> None:
    matter = matters.open_matter(actor=officer, facts=SECRET)

    def known(user: User) -> bool:
        return Matter.objects.known_to(user).filter(pk=matter.pk).exists()

    assert (known(officer), known(second_officer), known(auditor)) == (True, False, False)
    with pytest.raises(PermissionDenied):
        matters.change_matter(actor=second_officer, matter=matter, facts=OPEN)

    named = MatterFacts("ICAC 7/2026", "Operation Harbour", is_confidential=True, readers=[auditor])
    matters.change_matter(actor=officer, matter=matter, facts=named)
    assert (known(officer), known(second_officer), known(auditor)) == (True, False, True)


def test_its_names_are_masked_wherever_nobody_has_asked(
    officer: User, second_officer: User, make_picture: MakePicture
) -> None:
    matter = matters.open_matter(actor=officer, facts=SECRET)
    hold = make_hold(officer, matter, picture=make_picture())
    fresh = Hold.objects.select_related("matter").get(pk=hold.pk)

    masked = f"Confidential matter {matter.pk}"
    assert (str(fresh.matter), fresh.matter.shown_reference) == (masked, masked)
    assert str(fresh).startswith(masked)
    assert str(tell([fresh], second_officer)[0].matter) == masked
    assert str(tell([fresh], officer)[0].matter) == "ICAC 7/2026 Operation Harbour"


def test_its_names_never_reach_the_log(
    officer: User, second_officer: User, make_picture: MakePicture
) -> None:
    matter = matters.open_matter(actor=officer, facts=SECRET)
    matters.change_matter(actor=officer, matter=matter, facts=SECRET)
    told = Matter.objects.open_for(officer)[0]
    hold = holds.place_hold(
        actor=officer, matter=told, picture=make_picture(), reason="regulator", note="of Harbour"
    )
    proposal = releases.propose_release(actor=officer, hold=hold, reason="Harbour is over")
    releases.withdraw_release(actor=officer, release=proposal, reason="Harbour goes on")

    for secret in ("ICAC", "Harbour", "Bids"):
        assert secret not in everything_logged()


def test_nobody_holds_under_a_matter_that_they_do_not_know(
    officer: User, second_officer: User, make_picture: MakePicture
) -> None:
    matter = matters.open_matter(actor=officer, facts=SECRET)

    with pytest.raises(PermissionDenied):
        holds.place_hold(
            actor=second_officer, matter=matter, picture=make_picture(), reason="regulator"
        )


def test_a_matter_closes_once_nothing_is_held(
    officer: User, second_officer: User, make_picture: MakePicture
) -> None:
    matter = matters.open_matter(actor=officer, facts=OPEN)
    hold = make_hold(officer, matter, picture=make_picture())

    with pytest.raises(MatterRefused, match="still holds"):
        matters.close_matter(actor=officer, matter=matter)
    release(hold, officer, second_officer)
    closed = matters.close_matter(actor=officer, matter=matter)

    assert not closed.is_open
    assert closed.closed_at is not None
    with pytest.raises(MatterRefused, match="closed already"):
        matters.close_matter(actor=officer, matter=matter)
    assert matters.reopen_matter(actor=officer, matter=matter).is_open
    with pytest.raises(MatterRefused, match="open already"):
        matters.reopen_matter(actor=officer, matter=matter)


def test_the_matter_for_unassigned_holds_stays_open_and_known(
    officer: User, matter: Matter
) -> None:
    with pytest.raises(MatterRefused):
        matters.close_matter(actor=officer, matter=matter)

    changed = matters.change_matter(actor=officer, matter=matter, facts=SECRET)
    assert (changed.reference, changed.is_confidential) == ("UNASSIGNED", False)
