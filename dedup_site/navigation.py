"""What every page shows around its content: the menu that fits the person, and where they are."""

import tomllib
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can, Role


class Place(NamedTuple):
    """One entry of the main menu: the page it opens and who may open it."""

    label: str | Promise
    url_name: str
    cans: tuple[Can, ...]


PLACES = (
    Place(_("Overview"), "home", ()),
    Place(_("Review"), "review:queue", (Can.REVIEW, Can.READ_PAIRS)),
    Place(_("Decisions"), "review:history", (Can.READ_PAIRS,)),
    Place(
        _("Legal holds"), "review:matters", (Can.PLACE_HOLDS, Can.MANAGE_MATTERS, Can.READ_AUDIT)
    ),
    Place(_("Retention"), "review:retention", (Can.MANAGE_RETENTION, Can.READ_AUDIT)),
    Place(_("Quality"), "review:quality", (Can.ADJUDICATE, Can.MANAGE_LIBRARIES, Can.READ_AUDIT)),
    Place(_("Action plans"), "review:plans", (Can.MAKE_PLANS, Can.APPROVE_PLANS, Can.READ_AUDIT)),
    Place(_("Libraries"), "scanning:libraries", (Can.READ_PAIRS, Can.MANAGE_LIBRARIES)),
    Place(_("Scans"), "scanning:runs", (Can.RUN_SCANS, Can.MANAGE_LIBRARIES)),
    Place(_("People"), "people", (Can.MANAGE_ACCESS,)),
    Place(_("Audit log"), "audit:events", (Can.READ_AUDIT,)),
)


class Item(NamedTuple):
    """A menu entry as the page shows it."""

    label: str | Promise
    url: str
    current_kind: str

    @property
    def is_current(self) -> bool:
        return bool(self.current_kind)


@cache
def product_version() -> str:
    """The version in pyproject.toml, its only home."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def url_or_nothing(name: str) -> str:
    """The address of a named page, or "" where this installation has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def items_for(user: User, path: str) -> list[Item]:
    """The places that `user` may open; of those that lead to `path`, the closest is current."""
    places = [
        (place.label, url)
        for place in PLACES
        if (not place.cans or any(user.may(can) for can in place.cans))
        and (url := url_or_nothing(place.url_name))
    ]
    root = url_or_nothing("home")
    urls = [url for _label, url in places]
    leading = [url for url in urls if path == url or (url != root and path.startswith(url))]
    closest = max(leading, key=len, default="")

    def kind(url: str) -> str:
        """`page` is this very page, `true` is the part of the site that it belongs to."""
        return ("page" if path == url else "true") if url == closest else ""

    return [Item(label, url, kind(url)) for label, url in places]


def roles_of(user: User) -> list[str]:
    """The person's roles in words."""
    held = set(user.groups.values_list("name", flat=True))
    return [str(role.label) for role in Role if role.value in held]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Pages that nobody signed in to see have no menu."""
    user: User | AnonymousUser = getattr(request, "user", AnonymousUser())
    context: dict[str, Any] = {
        "product_version": product_version(),
        "language_url": url_or_nothing("set_language"),
        "password_url": url_or_nothing("accounts:change_password"),
        "sign_out_url": url_or_nothing("accounts:sign_out"),
        "navigation": [],
    }
    if user.is_authenticated:
        context["navigation"] = SimpleLazyObject(lambda: items_for(user, request.path))
        context["user_roles"] = SimpleLazyObject(lambda: roles_of(user))
    return context
