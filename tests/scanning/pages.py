"""The three refusals that every page about libraries must know."""

from django.test import Client

from dedup_site.accounts.models import User


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def assert_guarded(
    url: str, *, wrong_role: User, stranger: User | None, method: str = "get"
) -> None:
    """Signed out: sent to sign in. Wrong role: 403. The right role without the library: 404."""
    answer = getattr(Client(), method)(url)
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/")
    assert getattr(signed_in(wrong_role), method)(url).status_code == 403
    if stranger is not None:
        assert getattr(signed_in(stranger), method)(url).status_code == 404
