"""Typed readers for the environment, the only place that configuration comes from.

A value that cannot be read stops the program with a message that names the variable: a typing
mistake in the configuration of a records system must never turn into a silent default.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BOOLEANS = {"True": True, "1": True, "False": False, "0": False}


def env_str(name: str, default: str) -> str:
    return os.environ.get(name, default)


def env_bool(name: str, default: bool) -> bool:  # noqa: FBT001 - reads like env_str and env_int
    value = os.environ.get(name)
    if value is None:
        return default
    if value not in BOOLEANS:
        raise ImproperlyConfigured(f"{name} must be True, False, 1 or 0, not {value!r}.")
    return BOOLEANS[value]


def env_int(name: str, default: int) -> int:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def env_list(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list; spaces around the items and empty items do not count."""
    value = os.environ.get(name)
    if value is None:
        return list(default)
    return [item for part in value.split(",") if (item := part.strip())]


def env_secret(name: str, default: str = "") -> str:
    """The value of `name`, or the content of the file that `name`_FILE points to.

    Container platforms hand secrets over as files. Surrounding white space is not part of them.
    """
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    if name in os.environ:
        raise ImproperlyConfigured(f"Set either {name} or {name}_FILE, not both.")
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path} ({error}).") from error
    if not secret:
        raise ImproperlyConfigured(f"{name}_FILE: {path} is empty.")
    return secret
