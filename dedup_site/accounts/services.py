"""Changing accounts: each change is one function, one transaction and one audit event.

`actor` is who changes something; None is the system itself (set-up commands). Nobody can shut
themselves out, so that at least one admin always remains.
"""

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can, Role
from dedup_site.audit.services import record


class CannotShutOneselfOut(Exception):
    """An admin tried to take away their own admin role or account."""


@transaction.atomic
def create_account(
    *,
    actor: User | None,
    username: str,
    name: str = "",
    roles: Collection[Role] = (),
    sees_all_libraries: bool = False,
) -> User:
    """A new account that cannot sign in before its owner has followed a one-time link."""
    _check(actor, widens_scope=sees_all_libraries)
    user = User(username=username, first_name=name, sees_all_libraries=sees_all_libraries)
    user.set_unusable_password()
    user.save()
    user.groups.set(_groups(roles))
    data = {"roles": _names(roles), "sees_all_libraries": sees_all_libraries}
    record("account.created", actor=actor, target=user, data=data)
    return user


@transaction.atomic
def change_roles(*, actor: User | None, user: User, roles: Collection[Role]) -> None:
    """Give the person exactly these roles. Raises CannotShutOneselfOut."""
    user = locked(actor, user)
    if actor == user and Role.ADMIN not in roles and not user.is_superuser:
        raise CannotShutOneselfOut
    before, after = held_roles(user), _names(roles)
    if before != after:
        user.groups.set(_groups(roles))
        data = {"before": before, "after": after}
        record("account.roles_changed", actor=actor, target=user, data=data)


@transaction.atomic
def change_scope(*, actor: User | None, user: User, sees_all_libraries: bool) -> None:
    """Widen the person's scope to every library, or narrow it to those given by name."""
    user = locked(actor, user, widens_scope=sees_all_libraries)
    if user.sees_all_libraries != sees_all_libraries:
        user.sees_all_libraries = sees_all_libraries
        user.save(update_fields=["sees_all_libraries"])
        data = {"sees_all_libraries": sees_all_libraries}
        record("account.scope_changed", actor=actor, target=user, data=data)


@transaction.atomic
def change_activity(*, actor: User | None, user: User, is_active: bool) -> None:
    """Close an account (its sessions end at once) or open it again. Raises CannotShutOneselfOut."""
    user = locked(actor, user)
    if actor == user:
        raise CannotShutOneselfOut
    if user.is_active != is_active:
        user.is_active = is_active
        user.save(update_fields=["is_active"])
        action = "account.reactivated" if is_active else "account.deactivated"
        record(action, actor=actor, target=user)


@transaction.atomic
def issue_link(*, actor: User | None, user: User) -> tuple[str, str]:
    """End the person's password and sessions; return (uid, token) for a new password.

    The token works once and for `PASSWORD_RESET_TIMEOUT` seconds; nobody else ever knows the
    password. Whoever has the link has the account: for somebody who sees every library only such a
    person can make one. Raises CannotShutOneselfOut: for oneself there is "Change password".
    """
    user = locked(actor, user, widens_scope=user.sees_all_libraries)
    if actor == user:
        raise CannotShutOneselfOut
    user.set_unusable_password()
    user.save(update_fields=["password"])
    record("account.link_issued", actor=actor, target=user)
    return urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)


@transaction.atomic
def set_own_password(*, user: User, password: str) -> None:
    """The person's own new password. Their other sessions end."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record("account.password_set", actor=user, target=user)


def held_roles(user: User) -> list[str]:
    """The values of the person's roles, in the order of `Role`."""
    held = set(user.groups.values_list("name", flat=True))
    return _names([role for role in Role if role.value in held])


def locked(actor: User | None, user: User, *, widens_scope: bool = False) -> User:
    """`user` as it is now, after the policy check.

    Both rows are locked in one order, so that two admins who close each other's accounts at the
    same time cannot both succeed.
    """
    wanted = {user.pk} if actor is None else {user.pk, actor.pk}
    rows = {
        row.pk: row for row in User.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    }
    _check(rows[actor.pk] if actor else None, widens_scope=widens_scope)
    return rows[user.pk]


def _check(actor: User | None, *, widens_scope: bool) -> None:
    """Only who manages access may; only who sees every library may let others see every library."""
    if actor is None:
        return
    if not actor.may(Can.MANAGE_ACCESS):
        raise PermissionDenied
    if widens_scope and not actor.sees_all_libraries:
        raise PermissionDenied(
            _("Only who sees all libraries may let others see them all. Ask such an admin.")
        )


def _groups(roles: Collection[Role]) -> list[Group]:
    return list(Group.objects.filter(name__in=_names(roles)))


def _names(roles: Collection[Role]) -> list[str]:
    return [role.value for role in Role if role in roles]
