"""The pages about people: works, signed out, wrong role, library not given; and the services."""

import json
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from dedup_site.accounts.models import User
from dedup_site.accounts.services import held_roles
from dedup_site.audit.models import AuditEvent
from scanning.models import Library
from scanning.services.access import grant_library, revoke_library

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def other_library(db: None) -> Library:
    return Library.objects.create(name="Hospital", kind="uploaded")


def sees(user: User, library: Library) -> bool:
    return Library.objects.visible_to(user).filter(pk=library.pk).exists()


# Services


def test_a_library_is_given_once_and_taken_back_once(
    admin: User, outsider: User, library: Library
) -> None:
    grant_library(actor=admin, user=outsider, library=library)
    grant_library(actor=admin, user=outsider, library=library)
    assert sees(outsider, library)
    revoke_library(actor=admin, user=outsider, library=library)
    revoke_library(actor=admin, user=outsider, library=library)
    assert not sees(outsider, library)
    events = AuditEvent.objects.order_by("id")
    assert [event.action for event in events] == [
        "library.access_granted",
        "library.access_revoked",
    ]
    assert {event.library_id for event in events} == {library.pk}
    assert json.loads(events[0].body)["data"] == {"user": outsider.pk}


def test_nobody_gives_what_they_were_not_given(admin: User, other_library: Library) -> None:
    with pytest.raises(PermissionDenied):
        grant_library(actor=admin, user=admin, library=other_library)
    assert not sees(admin, other_library)


@pytest.mark.parametrize("role", ["reviewer", "officer", "auditor"])
def test_only_admins_give_libraries(
    request: pytest.FixtureRequest, outsider: User, library: Library, role: str
) -> None:
    with pytest.raises(PermissionDenied):
        grant_library(actor=request.getfixturevalue(role), user=outsider, library=library)
    assert not sees(outsider, library)


# Pages


def test_the_list_shows_people_with_the_libraries_that_the_admin_sees(
    client_as: SignIn, admin: User, auditor: User, other_library: Library
) -> None:
    grant_library(actor=None, user=auditor, library=other_library)
    page = client_as(admin).get("/people/").content.decode()
    assert "auditor" in page
    assert "Land registry" in page
    assert "Hospital" not in page


def test_the_list_is_searched_by_name(client_as: SignIn, admin: User, auditor: User) -> None:
    auditor.first_name = "陳大文"
    auditor.save()
    rows = client_as(admin).get("/people/", {"text": "大文"}).context["rows"]
    assert [row["person"] for row in rows] == [auditor]
    assert "Nobody has this name" in client_as(admin).get("/people/?text=x").content.decode()


def test_a_new_account_comes_with_a_link_that_is_shown_once(client_as: SignIn, admin: User) -> None:
    sent = {"username": "chan", "first_name": "陳大文", "roles": ["reviewer"]}
    page = client_as(admin).post("/people/new/", sent)
    user = User.objects.get(username="chan")
    assert (user.first_name, held_roles(user)) == ("陳大文", ["reviewer"])
    link = page.context["link"]
    assert link.startswith("http://testserver/password/")
    assert link in page.content.decode()
    assert link.rsplit("/", 2)[1] not in "".join(event.body for event in AuditEvent.objects.all())


def test_a_name_that_is_taken_says_so(client_as: SignIn, admin: User, reviewer: User) -> None:
    page = client_as(admin).post("/people/new/", {"username": "Reviewer"}).content.decode()
    assert "There is already an account with this user name." in page


def test_an_admin_who_does_not_see_all_cannot_tick_that_others_do(
    client_as: SignIn, admin: User
) -> None:
    client = client_as(admin)
    assert "sees_all_libraries" not in client.get("/people/new/").content.decode()
    client.post("/people/new/", {"username": "chan", "sees_all_libraries": "on"})
    assert not User.objects.get(username="chan").sees_all_libraries


def test_a_persons_page_offers_only_libraries_that_the_admin_sees(
    client_as: SignIn, admin: User, outsider: User, other_library: Library
) -> None:
    page = client_as(admin).get(f"/people/{outsider.pk}/").content.decode()
    assert "Land registry" in page
    assert "Hospital" not in page


def test_libraries_are_given_and_taken_back_on_the_page(
    client_as: SignIn, admin: User, outsider: User, library: Library
) -> None:
    client, address = client_as(admin), f"/people/{outsider.pk}/library/"
    client.post(address, {"library": library.pk, "change": "grant"})
    assert sees(outsider, library)
    client.post(address, {"library": library.pk, "change": "revoke"})
    assert not sees(outsider, library)


@pytest.mark.parametrize("number", ["", "x", "²", "999999999"])
def test_a_library_that_is_not_there_is_not_found(
    client_as: SignIn, admin: User, outsider: User, number: str
) -> None:
    answer = client_as(admin).post(f"/people/{outsider.pk}/library/", {"library": number})
    assert answer.status_code == 404


def test_a_library_not_given_is_not_found(
    client_as: SignIn, admin: User, outsider: User, other_library: Library
) -> None:
    address = f"/people/{outsider.pk}/library/"
    answer = client_as(admin).post(address, {"library": other_library.pk, "change": "grant"})
    assert answer.status_code == 404
    assert not sees(outsider, other_library)


def test_roles_are_saved(client_as: SignIn, admin: User, outsider: User) -> None:
    address = f"/people/{outsider.pk}/roles/"
    client_as(admin).post(address, {"roles": ["auditor", "records officer"]})
    assert held_roles(outsider) == ["records officer", "auditor"]
    client_as(admin).post(address, {"roles": ["emperor"]})
    assert held_roles(outsider) == ["records officer", "auditor"]


def test_dropping_ones_own_admin_role_is_explained(client_as: SignIn, admin: User) -> None:
    answer = client_as(admin).post(f"/people/{admin.pk}/roles/", {"roles": []}, follow=True)
    assert "You cannot take away your own admin role." in answer.content.decode()
    assert held_roles(admin) == ["admin"]


def test_the_scope_is_widened_only_by_who_has_it(
    client_as: SignIn, admin: User, outsider: User
) -> None:
    client, address = client_as(admin), f"/people/{outsider.pk}/scope/"
    assert client.post(address, {"all": "yes"}).status_code == 403
    User.objects.filter(pk=admin.pk).update(sees_all_libraries=True)
    assert client.post(address, {"all": "yes"}).status_code == 302
    outsider.refresh_from_db()
    assert outsider.sees_all_libraries


def test_accounts_are_closed_and_opened_again(
    client_as: SignIn, admin: User, outsider: User
) -> None:
    client, address = client_as(admin), f"/people/{outsider.pk}/activity/"
    for active, is_active in (("no", False), ("yes", True)):
        client.post(address, {"active": active})
        outsider.refresh_from_db()
        assert outsider.is_active is is_active
    assert client.post(f"/people/{admin.pk}/activity/", {"active": "no"}).status_code == 403


def test_a_new_link_ends_the_old_password(client_as: SignIn, admin: User, outsider: User) -> None:
    answer = client_as(admin).post(f"/people/{outsider.pk}/link/")
    outsider.refresh_from_db()
    assert not outsider.has_usable_password()
    assert answer.context["link"].startswith("http://testserver/password/")
    assert client_as(admin).post(f"/people/{admin.pk}/link/").status_code == 403


def test_a_link_does_not_open_libraries_that_the_admin_was_not_given(
    client_as: SignIn, admin: User, reviewer: User, other_library: Library
) -> None:
    grant_library(actor=None, user=reviewer, library=other_library)
    reviewer.set_password("correct horse battery")
    reviewer.save()
    client, address = client_as(admin), f"/people/{reviewer.pk}/link/"
    assert client.post(address).status_code == 403
    reviewer.refresh_from_db()
    assert reviewer.has_usable_password()
    grant_library(actor=None, user=admin, library=other_library)
    assert client.post(address).status_code == 200


# Who may not

GETS = ["/people/", "/people/new/", "/people/1/"]
POSTS = [
    "/people/new/",
    *(f"/people/1/{what}/" for what in ("roles", "scope", "library", "activity", "link")),
]


@pytest.mark.parametrize("address", GETS)
def test_signed_out_people_sign_in_first(client: Client, address: str) -> None:
    assert client.get(address).headers["Location"] == f"/sign-in/?next={address}"


@pytest.mark.parametrize("address", POSTS)
def test_signed_out_people_change_nothing(client: Client, address: str) -> None:
    assert client.post(address).headers["Location"] == f"/sign-in/?next={address}"


@pytest.mark.parametrize("role", ["reviewer", "officer", "auditor"])
def test_other_roles_may_not(request: pytest.FixtureRequest, client_as: SignIn, role: str) -> None:
    client = client_as(request.getfixturevalue(role))
    assert {client.get(address).status_code for address in GETS} == {403}
    assert {client.post(address).status_code for address in POSTS} == {403}


@pytest.mark.parametrize("address", POSTS[1:])
def test_nothing_is_changed_by_a_link(client_as: SignIn, admin: User, address: str) -> None:
    assert client_as(admin).get(address).status_code == 405
