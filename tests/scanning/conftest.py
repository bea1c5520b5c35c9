"""What the tests of scanning share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from scanning.models import Library
from scanning.services.reading import decoder


@pytest.fixture(scope="session", autouse=True)
def decoding_child() -> Iterator[None]:
    """Scans in this process share one decoding child; it is ended with the last test."""
    yield
    decoder().close()


@pytest.fixture
def broker_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody listens where the broker should be."""

    def forget_connections() -> None:
        app: Any = current_app
        app.amqp._producer_pool = app._pool = None

    options = {"max_retries": 1, "interval_start": 0}
    monkeypatch.setenv("CELERY_BROKER_URL", f"redis+socket://{tmp_path}/nobody.sock")
    monkeypatch.setitem(
        current_app.conf,
        "broker_transport_options",
        {**current_app.conf.broker_transport_options, **options},
    )
    forget_connections()
    yield
    monkeypatch.undo()
    forget_connections()


@pytest.fixture
def root(library: Library) -> Path:
    return Path(library.root)


@pytest.fixture
def tenders(library: Library, root: Path) -> Path:
    """Suppliers hand in photos for tenders; the folders say which."""
    Library.objects.update(attribute_pattern="{tender}/{supplier}/…")
    return root
