"""Changing accounts: who may, what is written down, and that an admin always remains."""

import io
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client

from dedup_site.accounts import services
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can, Role
from dedup_site.audit.models import AuditEvent

pytestmark = pytest.mark.django_db


def data_of(action: str) -> dict[str, object]:
    """What the one event of this action says."""
    data: dict[str, object] = json.loads(AuditEvent.objects.get(action=action).body)["data"]
    return data


def test_a_new_account_has_its_roles_and_no_password(admin: User) -> None:
    user = services.create_account(
        actor=admin, username="chan", name="陳大文", roles=[Role.REVIEWER, Role.AUDITOR]
    )
    assert user.display_name == "陳大文"
    assert (user.may(Can.REVIEW), user.may(Can.READ_AUDIT)) == (True, True)
    assert not user.may(Can.MANAGE_ACCESS)
    assert not user.has_usable_password()
    assert data_of("account.created") == {
        "roles": ["reviewer", "auditor"],
        "sees_all_libraries": False,
    }


def test_roles_are_exactly_those_given(admin: User, reviewer: User) -> None:
    services.change_roles(actor=admin, user=reviewer, roles=[Role.AUDITOR])
    assert services.held_roles(reviewer) == ["auditor"]
    assert data_of("account.roles_changed") == {"before": ["reviewer"], "after": ["auditor"]}


def test_giving_the_same_roles_again_is_no_event(admin: User, reviewer: User) -> None:
    services.change_roles(actor=admin, user=reviewer, roles=[Role.REVIEWER])
    assert not AuditEvent.objects.filter(action="account.roles_changed").exists()


def test_an_admin_cannot_drop_their_own_admin_role(admin: User) -> None:
    with pytest.raises(services.CannotShutOneselfOut):
        services.change_roles(actor=admin, user=admin, roles=[Role.REVIEWER])
    services.change_roles(actor=admin, user=admin, roles=[Role.ADMIN, Role.REVIEWER])
    assert services.held_roles(admin) == ["reviewer", "admin"]


def test_an_admin_cannot_close_their_own_account(admin: User) -> None:
    with pytest.raises(services.CannotShutOneselfOut):
        services.change_activity(actor=admin, user=admin, is_active=False)


def test_an_admin_who_was_removed_a_moment_ago_can_do_nothing_more(
    admin: User, reviewer: User
) -> None:
    """Two admins remove each other: the second sees, behind the lock, what the first has done."""
    services.change_roles(actor=admin, user=reviewer, roles=[Role.ADMIN])
    stale = User.objects.get(pk=admin.pk)
    assert stale.may(Can.MANAGE_ACCESS)
    services.change_roles(actor=reviewer, user=admin, roles=[])
    with pytest.raises(PermissionDenied):
        services.change_activity(actor=stale, user=reviewer, is_active=False)


def test_closing_an_account_ends_its_sessions(admin: User, reviewer: User) -> None:
    client = Client()
    client.force_login(reviewer)
    services.change_activity(actor=admin, user=reviewer, is_active=False)
    assert client.get("/password/").status_code == 302
    services.change_activity(actor=admin, user=reviewer, is_active=True)
    assert [event.action for event in AuditEvent.objects.order_by("id")[1:]] == [
        "account.deactivated",
        "account.reactivated",
    ]


def test_only_who_sees_every_library_lets_others_see_every_library(
    admin: User, reviewer: User
) -> None:
    with pytest.raises(PermissionDenied):
        services.change_scope(actor=admin, user=reviewer, sees_all_libraries=True)
    with pytest.raises(PermissionDenied):
        services.change_scope(actor=admin, user=admin, sees_all_libraries=True)
    with pytest.raises(PermissionDenied):
        services.create_account(actor=admin, username="new", sees_all_libraries=True)
    User.objects.filter(pk=admin.pk).update(sees_all_libraries=True)
    services.change_scope(actor=admin, user=reviewer, sees_all_libraries=True)
    reviewer.refresh_from_db()
    assert reviewer.sees_all_libraries
    assert data_of("account.scope_changed") == {"sees_all_libraries": True}


def test_a_link_to_a_wider_account_would_be_a_way_round(admin: User, auditor: User) -> None:
    User.objects.filter(pk=auditor.pk).update(sees_all_libraries=True)
    auditor.refresh_from_db()
    with pytest.raises(PermissionDenied):
        services.issue_link(actor=admin, user=auditor)


def test_a_link_for_oneself_is_refused(admin: User) -> None:
    with pytest.raises(services.CannotShutOneselfOut):
        services.issue_link(actor=admin, user=admin)


@pytest.mark.parametrize("role", ["reviewer", "officer", "auditor"])
def test_other_roles_change_nothing(
    request: pytest.FixtureRequest, second_reviewer: User, role: str
) -> None:
    actor: User = request.getfixturevalue(role)
    with pytest.raises(PermissionDenied):
        services.create_account(actor=actor, username="friend")
    with pytest.raises(PermissionDenied):
        services.change_roles(actor=actor, user=actor, roles=[Role.ADMIN])
    with pytest.raises(PermissionDenied):
        services.change_scope(actor=actor, user=actor, sees_all_libraries=True)
    with pytest.raises(PermissionDenied):
        services.change_activity(actor=actor, user=second_reviewer, is_active=False)
    with pytest.raises(PermissionDenied):
        services.issue_link(actor=actor, user=second_reviewer)
    assert not AuditEvent.objects.exists()


def test_the_first_admin_comes_from_the_command_line(client: Client) -> None:
    out = io.StringIO()
    call_command("create_admin", "first", stdout=out)
    user = User.objects.get(username="first")
    assert user.may(Can.MANAGE_ACCESS)
    assert user.sees_all_libraries
    assert client.get(out.getvalue().strip()).status_code == 302
    with pytest.raises(CommandError, match="already an account called First"):
        call_command("create_admin", "First")
