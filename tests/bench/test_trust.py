"""The measurement of the log itself works; its million is for `python -m tests.bench.trust`."""

import re

import pytest

from tests.bench.trust import section


@pytest.mark.long
def test_a_hundred_thousand_decisions_are_exported_and_checked() -> None:
    """Memory stays bounded; seconds are for docs/benchmark.md, not for a test."""
    report = section(decisions=100_000, seconds=5)
    assert "WITH GAPS" not in report
    memory = [int(number) for number in re.findall(r"(\d+) MB \|", report)]
    exported, bundle, database = memory[:3]
    assert exported < 200
    assert bundle < 500
    assert database < 500
