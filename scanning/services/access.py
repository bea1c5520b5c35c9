"""Which libraries a person was given. Nobody gives away, or takes, what they were not given."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from dedup_site.accounts import services
from dedup_site.accounts.models import User
from dedup_site.accounts.services import locked
from dedup_site.audit.services import record
from scanning.models import Library, LibraryAccess


@transaction.atomic
def grant_library(*, actor: User | None, user: User, library: Library) -> None:
    """Give a person a library; giving it twice changes nothing.

    Raises:
        PermissionDenied: the actor does not manage access, or does not see the library.
    """
    user = _checked(actor, user, library)
    _access, is_new = LibraryAccess.objects.get_or_create(
        library=library, user=user, defaults={"granted_by": actor}
    )
    if is_new:
        _record("library.access_granted", actor, user, library)


@transaction.atomic
def revoke_library(*, actor: User | None, user: User, library: Library) -> None:
    """Take a library back from a person. Raises PermissionDenied as for `grant_library`."""
    user = _checked(actor, user, library)
    count, _by_model = LibraryAccess.objects.filter(library=library, user=user).delete()
    if count:
        _record("library.access_revoked", actor, user, library)


@transaction.atomic
def issue_link(*, actor: User, user: User) -> tuple[str, str]:
    """A one-time link as `dedup_site.accounts.services.issue_link` makes it: (uid, token).

    Whoever has the link sees what the person sees. Raises PermissionDenied where that is a library
    that the actor was not given, and CannotShutOneselfOut.
    """
    user = locked(actor, user)
    seen = Library.objects.visible_to(actor).values("pk")
    if LibraryAccess.objects.filter(user=user).exclude(library__in=seen).exists():
        raise PermissionDenied(
            _(
                "This person was given a library that you were not given, so that you cannot make "
                "a link for them. Ask an admin who was given it."
            )
        )
    return services.issue_link(actor=actor, user=user)


def _checked(actor: User | None, user: User, library: Library) -> User:
    user = locked(actor, user)
    if actor and not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied
    return user


def _record(action: str, actor: User | None, user: User, library: Library) -> None:
    record(
        action,
        actor=actor,
        target=library,
        library_id=library.pk,
        data={"user": user.pk},
        detail={"user": user.get_username()},
    )
