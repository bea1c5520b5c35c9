"""Checks that Django does not make itself (`manage.py check --deploy --database default`)."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice
from django.db import DEFAULT_DB_ALIAS, connection

from dedup_site.audit import grants

MINIMUM_KEY_LENGTH = 50


@register(Tags.security, deploy=True)
def secret_key_is_set(app_configs: Sequence[Any] | None, **_kwargs: Any) -> list[CheckMessage]:
    """Refuse to go live with a short or missing secret key."""
    if len(settings.SECRET_KEY) >= MINIMUM_KEY_LENGTH:
        return []
    return [
        Error(
            "SECRET_KEY is missing or shorter than 50 characters.",
            hint="Set SECRET_KEY or SECRET_KEY_FILE to a long random text.",
            id="second_look.E001",
        )
    ]


@register(Tags.database)
def grants_are_narrow(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Advise against a database role that may do more than the program has to.

    A command that acts as the owner on purpose is not meant.
    """
    usual = settings.DATABASES[DEFAULT_DB_ALIAS]["USER"]
    if DEFAULT_DB_ALIAS not in (databases or ()) or connection.settings_dict["USER"] != usual:
        return []
    return [
        Advice(
            f"The database role of DATABASE_URL is too wide: {reason}.",
            hint="docs/operations.md, “Database roles”. Until then, no file is acted upon.",
            id="second_look.W001",
        )
        for reason in grants.too_wide()
    ]
