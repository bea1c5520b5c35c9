"""Signing in, out, and the passwords in between."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dedup_site.accounts import services, throttle
from dedup_site.accounts.models import User
from dedup_site.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PASSWORD = "correct horse battery"
WRONG = "The user name or the password is not right."
TOO_MANY = "Too many failed attempts."


def attempt(
    client: Client, name: str, password: str, address: str = "198.51.100.7", to: str = ""
) -> str:
    """Where the answer leads, or else the page."""
    sent = {"username": name, "password": password, "next": to}
    answer = client.post("/sign-in/", sent, REMOTE_ADDR=address)
    return str(answer.headers.get("Location", "")) or answer.content.decode()


def test_the_right_password_opens_the_overview(client: Client, reviewer: User) -> None:
    assert attempt(client, "reviewer", PASSWORD) == "/"
    event = AuditEvent.objects.get(action="account.signed_in")
    assert event.actor_id == reviewer.pk
    assert event.detail["address"] == "198.51.100.7"


def test_next_leads_to_the_page_that_was_asked_for(client: Client, reviewer: User) -> None:
    assert attempt(client, "reviewer", PASSWORD, to="/review/") == "/review/"


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_next_never_leads_to_another_site(client: Client, reviewer: User, to: str) -> None:
    assert attempt(client, "reviewer", PASSWORD, to=to) == "/"


def test_signing_in_starts_a_new_session(client: Client, reviewer: User) -> None:
    client.session["before"] = True
    before = client.session.session_key
    attempt(client, "reviewer", PASSWORD)
    assert client.session.session_key != before


def test_the_answer_does_not_tell_which_part_was_wrong(
    client: Client, reviewer: User, second_reviewer: User
) -> None:
    second_reviewer.is_active = False
    second_reviewer.save()
    assert WRONG in attempt(client, "reviewer", "wrong")
    assert WRONG in attempt(client, "nobody", PASSWORD)
    assert WRONG in attempt(client, "second_reviewer", PASSWORD)


def test_a_failure_is_logged_without_the_name_that_was_typed(
    client: Client, reviewer: User
) -> None:
    attempt(client, "my secret passphrase", "wrong")
    event = AuditEvent.objects.get(action="account.sign_in_failed")
    assert json.loads(event.body)["data"] == {"name_length": 20}
    assert "secret" not in event.body + json.dumps(event.detail)


@pytest.mark.parametrize("name", ["reviewer", "nobody"])
def test_five_failures_close_the_door_for_this_name_and_address(
    client: Client, reviewer: User, name: str
) -> None:
    for _attempt in range(throttle.FAILURES_PER_NAME):
        assert WRONG in attempt(client, name, "wrong")
    assert TOO_MANY in attempt(client, name, PASSWORD)
    assert TOO_MANY in attempt(client, name.upper(), PASSWORD)


def test_nobody_can_lock_a_colleague_out_from_elsewhere(client: Client, reviewer: User) -> None:
    for _attempt in range(throttle.FAILURES_PER_NAME):
        attempt(client, "reviewer", "wrong", address="203.0.113.9")
    assert attempt(client, "reviewer", PASSWORD) == "/"


def test_one_address_cannot_try_one_password_on_everybody(client: Client, reviewer: User) -> None:
    for number in range(throttle.FAILURES_PER_ADDRESS):
        assert WRONG in attempt(client, f"user{number}", "Spring2026!!")
    assert TOO_MANY in attempt(client, "reviewer", PASSWORD)


def test_after_a_quarter_of_an_hour_the_door_opens_again(
    client: Client, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _attempt in range(throttle.FAILURES_PER_NAME):
        attempt(client, "reviewer", "wrong")
    later = timezone.now() + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert attempt(client, "reviewer", PASSWORD) == "/"


def test_behind_the_proxy_its_word_on_the_address_counts(rf, settings) -> None:  # type: ignore[no-untyped-def]  # fixtures of pytest-django
    request = rf.get("/", headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.7"})
    assert throttle.client_address(request) == "127.0.0.1"
    settings.BEHIND_TLS = True
    assert throttle.client_address(request) == "198.51.100.7"


def test_signing_out_ends_the_session_and_clears_the_browser(
    client_as: SignIn, reviewer: User
) -> None:
    client = client_as(reviewer)
    answer = client.post("/sign-out/")
    assert answer.headers["Location"] == "/sign-in/"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/password/").status_code == 302
    assert AuditEvent.objects.filter(action="account.signed_out", actor_id=reviewer.pk).exists()


def test_a_link_cannot_sign_anybody_out(client_as: SignIn, reviewer: User) -> None:
    assert client_as(reviewer).get("/sign-out/").status_code == 405


def test_changing_the_password_keeps_this_session_and_ends_the_others(
    client_as: SignIn, reviewer: User
) -> None:
    here, elsewhere = client_as(reviewer), client_as(reviewer)
    new = "look twice then decide"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/password/", sent).headers["Location"] == "/"
    assert here.get("/password/").status_code == 200
    assert elsewhere.get("/password/").status_code == 302
    event = AuditEvent.objects.get(action="account.password_set")
    assert (event.actor_id, event.target_id) == (reviewer.pk, str(reviewer.pk))


@pytest.mark.parametrize(
    ("old", "new", "again", "error"),
    [
        ("wrong", "look twice then decide", "look twice then decide", "old password"),
        (PASSWORD, "short", "short", "at least 12 characters"),
        (PASSWORD, "look twice then decide", "look twice", "match"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(
    client_as: SignIn, reviewer: User, old: str, new: str, again: str, error: str
) -> None:
    sent = {"old_password": old, "new_password1": new, "new_password2": again}
    page = client_as(reviewer).post("/password/", sent).content.decode()
    assert "There is a problem" in page
    assert error in page
    reviewer.refresh_from_db()
    assert reviewer.check_password(PASSWORD)


def test_signed_out_people_change_no_password(client: Client) -> None:
    assert client.get("/password/").headers["Location"] == "/sign-in/?next=/password/"


def test_a_one_time_link_sets_a_password_once(client: Client, admin: User) -> None:
    user = services.create_account(actor=admin, username="newcomer")
    uid, token = services.issue_link(actor=admin, user=user)
    address = client.get(f"/password/{uid}/{token}/").headers["Location"]
    assert token not in address
    assert "newcomer" in client.get(address).content.decode()
    sent = {"new_password1": "look twice then decide", "new_password2": "look twice then decide"}
    assert client.post(address, sent).headers["Location"] == "/sign-in/"
    assert attempt(client, "newcomer", "look twice then decide") == "/"
    again = Client().get(f"/password/{uid}/{token}/")
    assert "This link no longer works" in again.content.decode()


def test_a_newer_link_does_not_revive_the_old_password(client: Client, reviewer: User) -> None:
    services.issue_link(actor=None, user=reviewer)
    assert WRONG in attempt(client, "reviewer", PASSWORD)
