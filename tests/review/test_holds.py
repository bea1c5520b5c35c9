"""Matters and holds."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.models import Hold, Matter
from review.querysets import held_pictures
from review.services import holds
from scanning.models import Library, SourceFile
from tests.conftest import MakePicture

pytestmark = pytest.mark.django_db


def held_ids() -> set[int]:
    return {row["picture"] for row in held_pictures()}


def test_an_officer_opens_a_matter(officer: User) -> None:
    matter = holds.open_matter(actor=officer, reference=" HCA 12/2026 ", title="Chan v. Bank")

    assert str(matter) == "HCA 12/2026 Chan v. Bank"
    assert matter.opened_by == officer
    assert AuditEvent.objects.get(action="matter.opened").actor_id == officer.pk


def test_a_matter_has_a_reference_of_its_own(officer: User) -> None:
    holds.open_matter(actor=officer, reference="A", title="First")

    for reference, title in (("A", "Second"), ("", "No reference"), ("B", "")):
        with pytest.raises(ValidationError):
            holds.open_matter(actor=officer, reference=reference, title=title)


@pytest.mark.parametrize("who", ["reviewer", "admin", "auditor"])
def test_others_open_no_matter(who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(PermissionDenied):
        holds.open_matter(actor=request.getfixturevalue(who), reference="A", title="B")


def test_a_picture_may_be_held_many_times(
    reviewer: User, officer: User, library: Library, make_picture: MakePicture, matter: Matter
) -> None:
    picture = make_picture()

    for person in (reviewer, officer):
        holds.place_hold(actor=person, matter=matter, picture=picture, reason="litigation")

    assert Hold.objects.filter(picture=picture).count() == 2
    assert held_ids() == {picture.pk}
    event = AuditEvent.objects.filter(action="hold.placed").latest("pk")
    assert (event.actor_id, event.library_id) == (officer.pk, library.pk)


@pytest.mark.parametrize("who", ["auditor", "admin", "outsider"])
def test_others_place_no_hold(
    who: str, make_picture: MakePicture, matter: Matter, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(PermissionDenied):
        holds.place_hold(
            actor=request.getfixturevalue(who),
            matter=matter,
            picture=make_picture(),
            reason="litigation",
        )


def test_a_hold_has_a_reason_for_holds(
    reviewer: User, make_picture: MakePicture, matter: Matter
) -> None:
    with pytest.raises(ValidationError, match="Choose a reason"):
        holds.place_hold(
            actor=reviewer, matter=matter, picture=make_picture(), reason="same_picture"
        )


def test_a_hold_on_a_file_or_a_library_holds_their_pictures(
    officer: User, library: Library, make_picture: MakePicture, matter: Matter
) -> None:
    first, second = make_picture("a"), make_picture("b")
    common = {"matter": matter, "reason": "regulator", "placed_by": officer}

    Hold.objects.create(source_file=SourceFile.objects.get(path="a.jpg"), **common)
    assert held_ids() == {first.pk}
    Hold.objects.create(library=library, **common)
    assert held_ids() == {first.pk, second.pk}


def test_one_sees_the_holds_on_what_one_sees(
    officer: User, outsider: User, make_picture: MakePicture, matter: Matter
) -> None:
    hold = holds.place_hold(
        actor=officer, matter=matter, picture=make_picture(), reason="investigation"
    )

    assert list(Hold.objects.visible_to(officer)) == [hold]
    assert list(Hold.objects.visible_to(outsider)) == []
