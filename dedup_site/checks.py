"""Deployment checks that Django does not make itself (`manage.py check --deploy`)."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

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
