"""Django's events that concern us: sign-ins become audit events, migrations make the roles."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.http import HttpRequest

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import CAPABILITIES
from dedup_site.accounts.throttle import attempt_key, client_address
from dedup_site.audit.services import record


def keep_roles(**_kwargs: Any) -> None:
    """After migrations: each role's group holds exactly the permissions that roles.py names."""
    for role, capabilities in CAPABILITIES.items():
        group, _created = Group.objects.get_or_create(name=role.value)
        group.permissions.set(
            Permission.objects.filter(
                content_type__app_label="accounts", codename__in=[can.value for can in capabilities]
            )
        )


def connect() -> None:
    """Listen to Django's sign-in events."""
    user_logged_in.connect(_signed_in, dispatch_uid="audit sign-in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit sign-out")
    user_login_failed.connect(_sign_in_failed, dispatch_uid="audit failed sign-in")


@transaction.atomic
def _signed_in(user: User, request: HttpRequest | None = None, **_kwargs: Any) -> None:
    detail = {"address": client_address(request)}
    record("account.signed_in", actor=user, target=user, detail=detail)


@transaction.atomic
def _signed_out(user: User | None, **_kwargs: Any) -> None:
    if user is not None:
        record("account.signed_out", actor=user, target=user)


@transaction.atomic
def _sign_in_failed(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any
) -> None:
    """The name that was tried may be a mistyped password: its length and a keyed hash are kept."""
    name = str(credentials.get("username", ""))
    address = client_address(request)
    record(
        "account.sign_in_failed",
        actor=None,
        target=User.objects.filter(username=name).first(),
        data={"name_length": len(name)},
        detail={"address": address, "attempt": attempt_key(name, address)},
    )
