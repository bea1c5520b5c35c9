"""Canonical JSON: the same value is always the same bytes, in every language and version.

A subset of RFC 8785: keys sorted by code point, no spaces, UTF-8, integers only (a float has more
than one spelling, so it is refused), no lone surrogates.
"""

import json
from typing import Any


def canonical_json(value: Any) -> str:
    """`value` as canonical JSON text.

    Raises:
        TypeError: a float, a non-string key, or something that JSON does not know.
        ValueError: text that is not valid Unicode.
    """
    _refuse_ambiguity(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("Canonical JSON holds valid Unicode only.") from error
    return text


def _refuse_ambiguity(value: Any) -> None:
    match value:
        case float():
            raise TypeError(f"Canonical JSON holds no floats: {value!r}. Use an integer or text.")
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"Canonical JSON keys are text: {key!r}.")
                _refuse_ambiguity(inner)
        case list() | tuple():
            for inner in value:
                _refuse_ambiguity(inner)
        case str() | int() | None:
            return
        case _:
            raise TypeError(f"Canonical JSON does not know {type(value).__name__}.")
