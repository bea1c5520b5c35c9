"""What the tests of scanning share."""

from collections.abc import Iterator

import pytest

from scanning.services.reading import decoder


@pytest.fixture(scope="session", autouse=True)
def decoding_child() -> Iterator[None]:
    """Scans in this process share one decoding child; it is ended with the last test."""
    yield
    decoder().close()
