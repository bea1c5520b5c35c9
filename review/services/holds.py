"""Legal holds: matters are opened, and holds are placed under them. Nothing here lifts a hold."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.models import REASONS, Hold, Matter, Verdict
from scanning.models import Picture, SourceFile

# Holds whose case has no matter yet go under this one, which the database is born with.
UNASSIGNED = "UNASSIGNED"


@transaction.atomic
def open_matter(*, actor: User, reference: str, title: str) -> Matter:
    """Open a matter.

    Raises:
        PermissionDenied: the person may not open matters.
        ValidationError: the reference is taken, or something is missing or too long.
    """
    if not actor.may(Can.MANAGE_MATTERS):
        raise PermissionDenied
    matter = Matter(reference=reference.strip(), title=title.strip(), opened_by=actor)
    matter.full_clean()
    matter.save()
    record(
        "matter.opened",
        actor=actor,
        target=matter,
        data={"matter": matter.pk},
        detail={"reference": matter.reference, "title": matter.title},
    )
    return matter


@transaction.atomic
def place_hold(
    *, actor: User, matter: Matter, picture: Picture, reason: str, note: str = ""
) -> Hold:
    """Hold a picture, and with it every file of that content, from this moment on.

    Raises:
        PermissionDenied: the person may not place holds, or may not see the picture.
        ValidationError: the reason is not one for holds, or the note is too long.
    """
    if not actor.may(Can.PLACE_HOLDS):
        raise PermissionDenied
    files = SourceFile.objects.visible_to(actor).filter(sha256=picture.sha256)
    library_id = files.order_by("pk").values_list("library_id", flat=True).first()
    if library_id is None:
        raise PermissionDenied
    if reason not in REASONS[Verdict.LEGAL_HOLD]:
        raise ValidationError(_("Choose a reason for the legal hold."))
    hold = Hold(matter=matter, picture=picture, reason=reason, note=note, placed_by=actor)
    hold.full_clean(exclude=["source_file", "library"])
    hold.save()
    record(
        "hold.placed",
        actor=actor,
        target=hold,
        library_id=library_id,
        data={
            "hold": hold.pk,
            "matter": matter.pk,
            "picture": picture.pk,
            "sha256": picture.digest,
            "reason": reason,
        },
        detail={"note": note, "matter": str(matter)},
    )
    return hold
