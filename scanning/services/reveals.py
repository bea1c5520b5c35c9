"""Revealing sensitive pictures: for a purpose and a while, by people who were given the library."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from scanning.models import LibraryAccess, Picture, Purpose, Reveal, SourceFile

# A picture stays sharp for so long, and a purpose need not be given again within it.
LASTS = timedelta(minutes=15)
MOST_NOTE = 500
NOT_GIVEN = gettext_lazy(
    "These pictures are sensitive, and only people who were given their library by name may "
    "reveal them. Ask an admin to give you the library."
)


@dataclass(frozen=True, slots=True)
class Concealed:
    """Which pictures a person sees only as blurs, and what it takes to see more.

    pictures: their ids. to_reveal: those of them that the person may reveal.
    needs_purpose: no purpose is in force for one of their libraries.
    """

    pictures: frozenset[int] = frozenset()
    to_reveal: tuple[int, ...] = ()
    needs_purpose: bool = False

    def __bool__(self) -> bool:
        return bool(self.pictures)


def session_of(request: HttpRequest) -> str:
    """Names the browser's session without giving its key away."""
    return hashlib.sha256((request.session.session_key or "").encode()).hexdigest()


def in_force(*, user: User, session: str, picture: Picture) -> Reveal | None:
    """The reveal by which the person may see the picture now; it needs the library still."""
    mine = Reveal.objects.filter(user=user, session=session, library__accesses__user=user)
    return mine.filter(picture=picture, until__gt=timezone.now()).first()


def concealed(*, user: User, session: str, pictures: Iterable[Picture]) -> Concealed:
    """Which of the pictures the person sees only as blurs; one query where none is sensitive."""
    by_id = {picture.pk: bytes(picture.sha256) for picture in pictures}
    libraries = _sensitive_libraries(user, by_id.values())
    if not libraries:
        return Concealed()
    given = _given(user, {pk for found in libraries.values() for pk in found})
    sharp = set(
        Reveal.objects.filter(
            user=user, session=session, picture__in=by_id, until__gt=timezone.now()
        )
        .filter(library__in=given)
        .values_list("picture", flat=True)
    )
    hidden = {
        pk: libraries[sha256]
        for pk, sha256 in by_id.items()
        if sha256 in libraries and pk not in sharp
    }
    open_ones = {pk: min(found & given) for pk, found in hidden.items() if found & given}
    remembered = _purposes(user, session, set(open_ones.values()))
    return Concealed(
        frozenset(hidden),
        tuple(sorted(open_ones)),
        not set(open_ones.values()) <= remembered.keys(),
    )


@transaction.atomic
def reveal(
    *, actor: User, session: str, pictures: Iterable[Picture], purpose: str = "", note: str = ""
) -> list[Reveal]:
    """Let the person see sensitive pictures sharply for LASTS, in this session.

    purpose: one of `Purpose`; empty where one was given for the library within LASTS.
    Pictures that are not sensitive, or whose files are gone, need no reveal and get none.

    Raises:
        PermissionDenied: a picture whose library the person was not given by name.
        ValidationError: no purpose, or another purpose without saying which.
    """
    _check_purpose(purpose, note)
    by_id = {picture.pk: picture for picture in pictures}
    digests = {bytes(picture.sha256) for picture in by_id.values()}
    libraries = _sensitive_libraries(actor, digests)
    given = _given(actor, {pk for found in libraries.values() for pk in found})
    remembered = _purposes(actor, session, given)
    now = timezone.now()
    reveals = []
    for picture in by_id.values():
        found = libraries.get(bytes(picture.sha256))
        if found is None:
            continue
        if not found & given:
            raise PermissionDenied(NOT_GIVEN)
        library = min(found & given)
        why = (purpose, note) if purpose else remembered.get(library)
        if why is None:
            raise ValidationError(_("Say why you need to see these pictures."))
        reveals.append(
            Reveal(
                user=actor,
                session=session,
                library_id=library,
                picture=picture,
                purpose=why[0],
                note=why[1],
                at=now,
                until=now + LASTS,
            )
        )
    _keep(actor, reveals)
    return reveals


def _keep(actor: User, reveals: list[Reveal]) -> None:
    now = timezone.now()
    Reveal.objects.filter(user=actor, until__lte=now).delete()
    Reveal.objects.bulk_create(
        reveals,
        update_conflicts=True,
        unique_fields=["user", "session", "picture"],
        update_fields=["library", "purpose", "note", "at", "until"],
    )
    for made in reveals:
        record(
            "picture.revealed",
            actor=actor,
            target=made.picture,
            library_id=made.library_id,
            data={
                "picture": made.picture_id,
                "sha256": made.picture.digest,
                "purpose": made.purpose,
                "seconds": int(LASTS.total_seconds()),
            },
            detail={"note": made.note} if made.note else None,
        )


def _check_purpose(purpose: str, note: str) -> None:
    if purpose and purpose not in Purpose.values:
        raise ValidationError(_("Choose a purpose of the list."))
    if purpose == Purpose.OTHER and not note:
        raise ValidationError(_("Write down which other purpose it is."))
    if len(note) > MOST_NOTE:
        raise ValidationError(
            _("The note is longer than %(number)d characters. Shorten it.") % {"number": MOST_NOTE}
        )


def _sensitive_libraries(user: User, digests: Iterable[bytes]) -> dict[bytes, set[int]]:
    """By content: the sensitive libraries in which the person sees a present file of it."""
    files = (
        SourceFile.objects.visible_to(user)
        .present()
        .filter(sha256__in=set(digests), library__is_sensitive=True)
        .values_list("sha256", "library")
    )
    found: dict[bytes, set[int]] = {}
    for sha256, library in files:
        found.setdefault(bytes(sha256 or b""), set()).add(library)
    return found


def _given(user: User, libraries: set[int]) -> set[int]:
    """Those of the libraries that the person was given by name: to see all is not enough."""
    given = LibraryAccess.objects.filter(user=user, library__in=libraries)
    return set(given.values_list("library", flat=True))


def _purposes(user: User, session: str, libraries: set[int]) -> dict[int, tuple[str, str]]:
    """By library: purpose and note of the person's latest reveal there that is in force."""
    latest = Reveal.objects.filter(
        user=user, session=session, library__in=libraries, until__gt=timezone.now()
    ).order_by("at", "pk")
    return {
        library: (purpose, note)
        for library, purpose, note in latest.values_list("library", "purpose", "note")
    }
