"""Setting up libraries."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.db import transaction

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from scanning.attributes import parse_pattern
from scanning.models import Library, LibraryAccess
from scanning.services.changes import apply_changes, check
from scanning.storage import checked_root


@dataclass(frozen=True, slots=True, kw_only=True)
class LibrarySettings:
    """What can be changed about a library at any time. Its kind and its folder stay."""

    name: str
    attribute_pattern: str = ""
    manifest_path: str = ""
    price_per_gb_month: Decimal = Decimal("0.200")
    is_sensitive: bool = False


def require_manager(actor: User | None, library: Library | None = None) -> None:
    """Only those who set up libraries, and only in libraries that they were given.

    None is the operator at the command line.

    Raises:
        PermissionDenied
    """
    if actor is None:
        return
    if not actor.may(Can.MANAGE_LIBRARIES):
        raise PermissionDenied
    if library and not Library.objects.visible_to(actor).filter(pk=library.pk).exists():
        raise PermissionDenied


@transaction.atomic
def create_library(
    *, actor: User | None, kind: str, settings: LibrarySettings, root: str = ""
) -> Library:
    """Make a library; whoever makes it is given it.

    Raises:
        PermissionDenied: the actor may not set up libraries, or the folder holds files of a library
            that the actor was not given.
        RootRefused: `root` is no folder that may be mounted.
        PatternError: the attribute pattern cannot be understood.
        ValidationError: the name is taken, or a value is out of range.
    """
    require_manager(actor)
    parse_pattern(settings.attribute_pattern)
    library = Library(kind=kind, created_by=actor, **asdict(settings))
    if kind == Library.Kind.MOUNTED:
        library.root = str(checked_root(root))
        _check_overlap(actor, Path(library.root))
    check(library)
    library.save()
    record(
        "library.created",
        actor=actor,
        target=library,
        library_id=library.pk,
        data={"kind": kind, "is_sensitive": library.is_sensitive},
        detail={"root": library.root, "settings": {k: str(v) for k, v in asdict(settings).items()}},
    )
    if actor and not actor.sees_all_libraries:
        LibraryAccess.objects.create(library=library, user=actor, granted_by=actor)
        record(
            "library.access_granted",
            actor=actor,
            target=library,
            library_id=library.pk,
            data={"user": actor.pk},
            detail={"user": actor.get_username()},
        )
    return library


def _check_overlap(actor: User | None, root: Path) -> None:
    """To mount the folder of a library not given, or one above or below, would be a way into it."""
    if actor is None:
        return
    given = Library.objects.visible_to(actor).values("pk")
    others = Library.objects.filter(kind=Library.Kind.MOUNTED).exclude(pk__in=given)
    for text in others.values_list("root", flat=True):
        other = Path(text)
        if root.is_relative_to(other) or other.is_relative_to(root):
            raise PermissionDenied


@transaction.atomic
def change_library(*, actor: User | None, library: Library, settings: LibrarySettings) -> Library:
    """Change a library's settings. New attributes are read from the paths by the next scan.

    Raises:
        PermissionDenied, PatternError, ValidationError: as for `create_library`.
    """
    require_manager(actor, library)
    parse_pattern(settings.attribute_pattern)
    locked = Library.objects.select_for_update(no_key=True).get(pk=library.pk)
    changes = apply_changes(locked, asdict(settings))
    if changes:
        record(
            "library.changed",
            actor=actor,
            target=locked,
            library_id=locked.pk,
            data={"fields": sorted(changes)},
            detail={"changes": changes},
        )
    return locked
