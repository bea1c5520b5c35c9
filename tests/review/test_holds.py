"""Placing holds, and telling beforehand what they would cover."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent
from review.models import Hold, Matter
from review.records.hold_querysets import held_files, held_pictures
from review.services import holds, matters
from review.services.holds import Target
from review.services.matters import MatterFacts
from scanning.models import Library, LibraryAccess, SourceFile
from tests.conftest import MakePicture
from tests.review.records import make_file, make_hold

pytestmark = pytest.mark.django_db


def held_ids() -> set[int]:
    return set(held_pictures().values_list("pk", flat=True))


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


def test_what_holds_many_files_is_for_records_officers(
    reviewer: User, officer: User, library: Library, make_picture: MakePicture, matter: Matter
) -> None:
    make_picture("a")
    file = SourceFile.objects.get()
    holds.place_hold(
        actor=reviewer, matter=matter, target=Target(source_file=file), reason="regulator"
    )
    for target in (
        Target(library=library),
        Target(library=library, folder="in"),
        Target(library=library, attribute_name="supplier", attribute_value="X"),
    ):
        with pytest.raises(PermissionDenied):
            holds.place_hold(actor=reviewer, matter=matter, target=target, reason="regulator")
        holds.place_hold(actor=officer, matter=matter, target=target, reason="regulator")

    assert [hold.kind for hold in Hold.objects.order_by("pk")] == [
        *("file", "library", "folder", "attribute")
    ]


def test_a_hold_in_all_libraries_is_for_those_who_see_all(officer: User, matter: Matter) -> None:
    target = Target(attribute_name="supplier", attribute_value="X")
    with pytest.raises(PermissionDenied):
        holds.place_hold(actor=officer, matter=matter, target=target, reason="regulator")

    officer.sees_all_libraries = True
    officer.save()
    hold = holds.place_hold(actor=officer, matter=matter, target=target, reason="regulator")

    assert (hold.library, hold.covers) == (None, "supplier=X")


def test_nobody_holds_what_they_were_not_given(officer: User, matter: Matter) -> None:
    other = Library.objects.create(name="Tenders", kind="uploaded")
    for target in (Target(library=other), Target(source_file=make_file(other, "a.jpg"))):
        with pytest.raises(PermissionDenied):
            holds.place_hold(actor=officer, matter=matter, target=target, reason="regulator")


def test_incomplete_targets_are_refused(officer: User, library: Library, matter: Matter) -> None:
    for target in (
        Target(library=library, attribute_name="supplier"),
        Target(library=library, folder="in", attribute_name="a", attribute_value="b"),
    ):
        with pytest.raises(ValidationError):
            holds.place_hold(actor=officer, matter=matter, target=target, reason="regulator")


def test_several_targets_are_held_together_or_not_at_all(
    officer: User, library: Library, matter: Matter
) -> None:
    other = Library.objects.create(name="Tenders", kind="uploaded")
    targets = [
        Target(library=each, attribute_name="supplier", attribute_value="X")
        for each in (library, other)
    ]
    with pytest.raises(PermissionDenied):
        holds.place_holds(actor=officer, matter=matter, targets=targets, reason="regulator")
    assert not Hold.objects.exists()

    LibraryAccess.objects.create(library=other, user=officer)
    placed = holds.place_holds(actor=officer, matter=matter, targets=targets, reason="regulator")
    assert [hold.library for hold in placed] == [library, other]


def test_the_preview_is_what_the_hold_covers_and_writes_nothing(
    officer: User, library: Library, matter: Matter
) -> None:
    other = Library.objects.create(name="Another", kind="uploaded")
    hidden = Library.objects.create(name="Hidden", kind="uploaded")
    LibraryAccess.objects.create(library=other, user=officer)
    make_file(library, "in/a.jpg", b"\1" * 32)
    make_file(library, "in/gone.jpg", is_present=False)
    make_file(library, "b.jpg", b"\1" * 32)
    make_file(other, "c.jpg", b"\1" * 32)
    make_file(hidden, "d.jpg", b"\1" * 32)
    target = Target(library=library, folder="/in/")

    covered = holds.preview(actor=officer, targets=[target])

    assert (covered.directly, covered.with_copies) == (1, 3)
    assert covered.libraries == [(other, 1), (library, 2)]
    assert not Hold.objects.exists()
    assert not AuditEvent.objects.filter(action="hold.placed").exists()

    holds.place_hold(actor=officer, matter=matter, target=target, reason="regulator")
    seen = held_files().filter(pk__in=SourceFile.objects.visible_to(officer), is_present=True)
    assert seen.count() == covered.with_copies


def test_nothing_is_held_under_a_closed_matter(
    officer: User, make_picture: MakePicture, matter: Matter
) -> None:
    closed = matters.open_matter(actor=officer, facts=MatterFacts("HCA 1/2026", "Chan v. Bank"))
    matters.close_matter(actor=officer, matter=closed)

    with pytest.raises(ValidationError, match="closed"):
        holds.place_hold(actor=officer, matter=closed, picture=make_picture(), reason="regulator")


def test_one_sees_the_holds_on_what_one_sees(
    officer: User, outsider: User, library: Library, make_picture: MakePicture, matter: Matter
) -> None:
    make_file(library, "b.jpg", attributes={"supplier": "X"})
    placed = [
        make_hold(officer, matter, **covers)
        for covers in (
            {"picture": make_picture()},
            {"source_file": SourceFile.objects.get(path="b.jpg")},
            {"library": library},
            {"library": library, "folder": "in"},
            {"attribute_name": "supplier", "attribute_value": "X"},
        )
    ]
    nobody_fits = make_hold(officer, matter, attribute_name="supplier", attribute_value="Y")

    assert list(Hold.objects.visible_to(officer).order_by("pk")) == [*placed, nobody_fits]
    assert list(Hold.objects.visible_to(outsider)) == []
    LibraryAccess.objects.create(library=library, user=outsider)
    assert list(Hold.objects.visible_to(outsider).order_by("pk")) == placed
