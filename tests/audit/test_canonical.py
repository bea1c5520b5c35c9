"""Canonical JSON: one value, one spelling."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.verifier import parse_canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_keys_are_sorted_and_nothing_is_spaced_or_escaped() -> None:
    assert canonical_json({"b": [1, None, True], "a": "土地"}) == '{"a":"土地","b":[1,null,true]}'


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert parse_canonical(text, "text") == value


@given(st.dictionaries(TEXT, VALUES, max_size=6))
def test_the_order_in_which_keys_came_does_not_matter(value: dict[str, Any]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_json(backwards) == canonical_json(value)


@given(VALUES)
def test_it_is_one_line_of_valid_utf_8(value: Any) -> None:
    raw = canonical_json(value).encode("utf-8")
    assert b"\n" not in raw


@pytest.mark.parametrize(
    "value", [0.5, math.nan, {"a": [1.0]}, {1: "a"}, {"a": b"bytes"}, {"a": {1, 2}}]
)
def test_what_has_more_than_one_spelling_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="valid Unicode"):
        canonical_json({"name": "\ud800"})
