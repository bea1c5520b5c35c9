"""The main menu: what each role may open, and where one is."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from dedup_site.accounts.models import User
from dedup_site.navigation import items_for, product_version, url_or_nothing

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        ("reviewer", ["Overview", "Review", "Decisions", "Legal holds", "Quality", "Libraries"]),
        (
            "admin",
            [
                *("Overview", "Review", "Decisions", "Retention", "Quality", "Action plans"),
                *("Libraries", "Scans", "People"),
            ],
        ),
        (
            "officer",
            [
                *("Overview", "Review", "Decisions", "Legal holds", "Retention", "Action plans"),
                "Libraries",
            ],
        ),
        (
            "auditor",
            [
                *("Overview", "Review", "Decisions", "Legal holds", "Retention", "Quality"),
                *("Action plans", "Libraries", "Audit log"),
            ],
        ),
    ],
)
def test_the_menu_holds_what_the_person_may_open(
    request: pytest.FixtureRequest, role: str, labels: list[str]
) -> None:
    user: User = request.getfixturevalue(role)
    assert [str(item.label) for item in items_for(user, "/")] == labels


def test_every_entry_opens_for_those_who_see_it(
    request: pytest.FixtureRequest, client_as: SignIn
) -> None:
    for role in ("reviewer", "admin", "officer", "auditor"):
        user: User = request.getfixturevalue(role)
        client = client_as(user)
        for item in items_for(user, "/"):
            assert client.get(item.url).status_code == 200, (role, item.url)


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/people/", ("People", "page")),
        ("/people/7/", ("People", "true")),
        ("/", ("Overview", "page")),
        ("/password/", None),
    ],
)
def test_the_current_place_is_marked(
    admin: User, path: str, current: tuple[str, str] | None
) -> None:
    marked = [
        (str(item.label), item.current_kind) for item in items_for(admin, path) if item.is_current
    ]
    assert marked == ([current] if current else [])


def test_a_page_that_does_not_exist_has_no_address() -> None:
    assert url_or_nothing("tea:kitchen") == ""


def test_the_frame_of_a_page(client_as: SignIn, admin: User) -> None:
    page = client_as(admin).get("/people/").content.decode()
    assert '<a class="skip-link" href="#content">' in page
    assert '<a href="/people/" aria-current="page">People</a>' in page
    assert f"Second Look {product_version()}" in page
    assert 'action="/sign-out/" method="post"' in page
    assert '<button class="link-button" name="language" value="zh-hant"' in page


def test_signed_out_people_see_no_menu(client: Client) -> None:
    page = client.get("/sign-in/").content.decode()
    assert "<nav" not in page
    assert "Sign out" not in page


@pytest.mark.parametrize("address", ["/sign-in/", "/people/", "/nothing-here/", "/audit/"])
def test_pages_hold_no_inline_code(client_as: SignIn, admin: User, address: str) -> None:
    page = client_as(admin).get(address, follow=True).content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", page)


def test_what_is_not_there_is_said_kindly(client: Client) -> None:
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()


def test_a_page_that_was_open_too_long_is_explained(reviewer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in/", {"username": "reviewer", "password": "x"})
    assert answer.status_code == 403
    assert "Nothing was saved: please try again" in answer.content.decode()
