"""Placing legal holds, and telling beforehand what one would cover. Nothing here lifts a hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from review import reasons
from review.models import Hold, Matter, Verdict
from review.records import record_policies as policies
from review.records.hold_querysets import directly_held_files, held_files
from review.services import matters
from review.services.matters import UNASSIGNED as UNASSIGNED
from scanning.models import Library, Picture, SourceFile


@dataclass(frozen=True, slots=True)
class Target:
    """What a hold is to cover: one picture, one file, or everything that a condition fits.

    A library; with `folder`, what lies in that folder of it; with an attribute, what has that value
    (in `library`, or in all libraries without one).
    """

    picture: Picture | None = None
    source_file: SourceFile | None = None
    library: Library | None = None
    folder: str = ""
    attribute_name: str = ""
    attribute_value: str = ""

    def hold(self, matter: Matter, actor: User) -> Hold:
        """A hold on it, not saved."""
        return Hold(
            matter=matter,
            picture=self.picture,
            source_file=self.source_file,
            library=self.library,
            folder=self.folder.strip("/"),
            attribute_name=self.attribute_name.strip(),
            attribute_value=self.attribute_value.strip(),
            placed_by=actor,
        )


@dataclass(frozen=True, slots=True)
class Covered:
    """How many present files a hold covers in the libraries of a person: itself, with copies."""

    directly: int
    with_copies: int
    libraries: list[tuple[Library, int]]


def stay_held(pictures: Iterable[int], since: datetime) -> None:
    """Before a verdict is taken back that joins these pictures (ids): what was held stays held.

    A hold placed after that verdict, `since`, was placed on both sides of it. One person's second
    thoughts do not lift it: it ends by a release, like any other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO review_heldbefore (hold_id, source_file_id, since)
            SELECT held.hold_id, held.source_file_id, now()
            FROM review_holds_on(ARRAY(
                SELECT file.id FROM scanning_sourcefile file
                JOIN scanning_picture picture ON picture.sha256 = file.sha256
                WHERE picture.id = ANY(%s)
            )) held
            JOIN review_hold hold ON hold.id = held.hold_id
            WHERE hold.placed_at > %s
            ON CONFLICT DO NOTHING
            """,
            [list(pictures), since],
        )


@transaction.atomic
def place_hold(
    *,
    actor: User,
    matter: Matter,
    reason: str,
    note: str = "",
    picture: Picture | None = None,
    target: Target | None = None,
) -> Hold:
    """Hold a picture or another target, and with it every copy, from this moment on.

    Raises:
        PermissionDenied: the person may not place such holds, may not see what it covers, or may
            not know of the matter.
        ValidationError: the reason is not one for holds, the matter is closed, the note is too
            long, or the target is not one thing.
    """
    hold = (target or Target(picture=picture)).hold(matter, actor)
    library_id = _check_scope(actor, hold)
    hold.matter = matters.locked(matter)
    if not policies.knows(actor, hold.matter):
        raise PermissionDenied
    if not hold.matter.is_open:
        raise ValidationError(_("This matter is closed. Open it again, or choose another one."))
    if reason not in reasons.codes(Verdict.LEGAL_HOLD):
        raise ValidationError(_("Choose a reason for the legal hold."))
    hold.reason, hold.note = reason, note
    _check(hold)
    hold.save()
    record(
        "hold.placed",
        actor=actor,
        target=hold,
        library_id=library_id,
        data=_data(hold),
        detail=matters.detail(hold.matter, note=note, covers=hold.covers),
    )
    return hold


@transaction.atomic
def place_holds(
    *, actor: User, matter: Matter, targets: Sequence[Target], reason: str, note: str = ""
) -> list[Hold]:
    """A hold on each of the targets, or none at all. Raises as `place_hold`."""
    return [
        place_hold(actor=actor, matter=matter, target=target, reason=reason, note=note)
        for target in targets
    ]


@transaction.atomic
def preview(*, actor: User, targets: Sequence[Target]) -> Covered:
    """What holds on the targets would cover at this moment, as the person sees it.

    They are placed and taken back again, so that the answer is exact; nothing is written.

    Raises:
        PermissionDenied, ValidationError: as in `place_hold`.
    """
    matter = Matter.objects.get(reference=UNASSIGNED)
    visible = SourceFile.objects.visible_to(actor).present()
    with transaction.atomic():
        placed = [_saved(actor, target, matter) for target in targets]
        holds = Hold.objects.filter(pk__in=[hold.pk for hold in placed])
        covered = visible.filter(pk__in=held_files(holds).order_by().values("pk"))
        directly = visible.filter(pk__in=directly_held_files(holds).order_by().values("pk"))
        counted = covered.order_by().values("library").annotate(files=Count("pk"))
        files = {row["library"]: row["files"] for row in counted}
        libraries = [
            (library, files[library.pk])
            for library in Library.objects.filter(pk__in=files).order_by("name")
        ]
        direct = directly.count()
        transaction.set_rollback(True)
    return Covered(direct, sum(files.values()), libraries)


def _saved(actor: User, target: Target, matter: Matter) -> Hold:
    hold = target.hold(matter, actor)
    _check_scope(actor, hold)
    hold.reason = reasons.codes(Verdict.LEGAL_HOLD)[0]
    _check(hold)
    hold.save()
    return hold


def _check(hold: Hold) -> None:
    """Raise ValidationError unless the hold is complete and covers one thing."""
    if hold.kind == Hold.Kind.ATTRIBUTE and not hold.attribute_value:
        raise ValidationError(_("Say which value of the attribute is held."))
    fields = ["picture", "source_file", "library", "folder", "attribute_name", "attribute_value"]
    hold.full_clean(exclude=[name for name in fields if not getattr(hold, name)])
    hold.validate_constraints()


def _check_scope(actor: User, hold: Hold) -> int | None:
    """The library that the audit event belongs to; None for a hold in all libraries."""
    if not policies.may_place(actor, hold.kind):
        raise PermissionDenied(policies.ONE_THING)
    if not policies.may_reach(actor, hold):
        raise PermissionDenied(policies.EVERYWHERE)
    if hold.kind == Hold.Kind.ATTRIBUTE and hold.library is None:
        return None
    library_id = library_of(hold, actor)
    if library_id is None:
        raise PermissionDenied
    return library_id


def library_of(hold: Hold, user: User) -> int | None:
    """The first library of what is held that the person may see."""
    if hold.picture is not None:
        seen = SourceFile.objects.visible_to(user).filter(sha256=hold.picture.sha256)
        return seen.order_by("pk").values_list("library_id", flat=True).first()
    if hold.source_file is not None:
        seen = SourceFile.objects.visible_to(user).filter(pk=hold.source_file.pk)
        return seen.values_list("library_id", flat=True).first()
    if hold.library is None:
        return None
    given = Library.objects.visible_to(user).filter(pk=hold.library.pk)
    return given.values_list("pk", flat=True).first()


def _data(hold: Hold) -> dict[str, str | int | None]:
    """Ids and codes of what is held; names, folders and values stand in the detail."""
    data: dict[str, str | int | None] = {
        "hold": hold.pk,
        "matter": hold.matter_id,
        "kind": hold.kind,
        "reason": hold.reason,
    }
    if hold.picture is not None:
        data |= {"picture": hold.picture.pk, "sha256": hold.picture.digest}
    if hold.source_file is not None:
        data |= {"file": hold.source_file.pk}
    if hold.library is not None:
        data |= {"library": hold.library.pk}
    return data
