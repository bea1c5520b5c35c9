"""The measurement of the log itself works; its million is for `make test-long`."""

import re

import pytest

from tests.bench.trust import section


@pytest.mark.long
def test_a_million_entries_are_exported_and_checked() -> None:
    """Memory stays bounded; seconds are for docs/benchmark.md, not for a test."""
    report = section(decisions=1_000_000, seconds=10)
    assert "WITH GAPS" not in report
    memory = [int(number) for number in re.findall(r"(\d+) MB \|", report)]
    exported, bundle, database = memory[:3]
    assert exported < 200
    assert bundle < 500
    assert database < 500
