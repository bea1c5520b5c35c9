"""Matters: opened, changed, closed. What a confidential one is called never reaches the log."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit.services import record
from review.models import Matter
from review.records import record_policies as policies
from review.services.refusals import Refused

# Holds whose case has no matter yet go under this one, which the database is born with.
UNASSIGNED = "UNASSIGNED"


class MatterRefused(Refused):
    """The matter is not in a state for this."""


@dataclass(frozen=True, slots=True)
class MatterFacts:
    """What a matter says. `readers`: who may know of a confidential one besides its opener."""

    reference: str
    title: str
    basis: str = ""
    scope: str = ""
    custodian: str = ""
    is_confidential: bool = False
    readers: Collection[User] = ()


@transaction.atomic
def open_matter(*, actor: User, facts: MatterFacts) -> Matter:
    """Open a matter. Whoever opens a confidential one may know of it.

    Raises:
        PermissionDenied: the person may not open matters.
        ValidationError: the reference is taken, or something is missing or too long.
    """
    if not actor.may(Can.MANAGE_MATTERS):
        raise PermissionDenied
    matter = Matter(opened_by=actor)
    _write(matter, facts, actor)
    _record("matter.opened", matter, actor)
    return matter


@transaction.atomic
def change_matter(*, actor: User, matter: Matter, facts: MatterFacts) -> Matter:
    """Write a matter's facts anew. What the log says of it stays.

    Raises:
        PermissionDenied: the person may not manage matters, or may not know of this one.
        ValidationError: as in `open_matter`, or the matter for unassigned holds.
    """
    matter = _locked(actor, matter)
    _write(matter, facts, actor)
    _record("matter.changed", matter, actor)
    return matter


@transaction.atomic
def close_matter(*, actor: User, matter: Matter) -> Matter:
    """Close a matter: nothing more is held under it. Its holds must have been released before.

    Raises:
        PermissionDenied: as in `change_matter`.
        MatterRefused: it is closed, something is still held, or it is the unassigned one.
    """
    matter = _locked(actor, matter)
    if not matter.is_open:
        raise MatterRefused(_("This matter is closed already."))
    if matter.reference == UNASSIGNED:
        raise MatterRefused(_("Holds must always find this matter: it stays open."))
    if matter.holds.in_force().exists():
        raise MatterRefused(_("There are still holds in force. Release them first."))
    matter.state, matter.closed_at = Matter.State.CLOSED, timezone.now()
    matter.save(update_fields=["state", "closed_at"])
    _record("matter.closed", matter, actor)
    return matter


@transaction.atomic
def reopen_matter(*, actor: User, matter: Matter) -> Matter:
    """Open a closed matter again.

    Raises:
        PermissionDenied: as in `change_matter`.
        MatterRefused: it is open.
    """
    matter = _locked(actor, matter)
    if matter.is_open:
        raise MatterRefused(_("This matter is open already."))
    matter.state, matter.closed_at = Matter.State.OPEN, None
    matter.save(update_fields=["state", "closed_at"])
    _record("matter.reopened", matter, actor)
    return matter


def locked(matter: Matter) -> Matter:
    """The matter as it is now, locked; its names are masked again."""
    return Matter.objects.select_for_update(no_key=True).get(pk=matter.pk)


def detail(matter: Matter, **texts: str) -> dict[str, str]:
    """What the log says beside ids: of a confidential matter no free text, only what is held."""
    shown = {name: text for name, text in texts.items() if text}
    if matter.is_confidential:
        shown = {name: text for name, text in shown.items() if name == "covers"}
    return {"matter": str(_masked(matter)), **shown}


def _locked(actor: User, matter: Matter) -> Matter:
    if not actor.may(Can.MANAGE_MATTERS):
        raise PermissionDenied
    matter = locked(matter)
    if not policies.knows(actor, matter):
        raise PermissionDenied
    return matter


def _write(matter: Matter, facts: MatterFacts, actor: User) -> None:
    is_unassigned = matter.reference == UNASSIGNED
    matter.reference = matter.reference if is_unassigned else facts.reference.strip()
    matter.title, matter.basis = facts.title.strip(), facts.basis.strip()
    matter.scope, matter.custodian = facts.scope.strip(), facts.custodian.strip()
    matter.is_confidential = facts.is_confidential and not is_unassigned
    matter.full_clean(exclude=["opened_by", "closed_at"])
    matter.save()
    readers = {user.pk for user in facts.readers} | {actor.pk}
    matter.readers.set(readers if matter.is_confidential else ())


def _record(action: str, matter: Matter, actor: User) -> None:
    """Names only of matters that everybody may know: many people read the log."""
    data: dict[str, Any] = {
        "matter": matter.pk,
        "state": matter.state,
        "confidential": int(matter.is_confidential),
        "readers": sorted(matter.readers.values_list("pk", flat=True)),
    }
    names = ("reference", "title", "basis", "scope", "custodian")
    texts = {name: str(getattr(matter, name)) for name in names}
    record(action, actor=actor, target=_masked(matter), data=data, detail=detail(matter, **texts))


def _masked(matter: Matter) -> Matter:
    matter.is_known = False
    return matter
