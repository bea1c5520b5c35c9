"""A library of 150 pictures, what an undisturbed scan of it leaves behind, and short leases."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.plugin import DjangoDbBlocker

from scanning.models import Library, ScanRun
from scanning.services import ledger, walking
from scanning.services.reading import decoder
from scanning.tasks import work_chunk
from tests import databases
from tests.library_pictures import write_large_library
from tests.scans import Tables, broker, scan, started, tables

LEASE_SECONDS = 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("libraries") / "pictures"
    write_large_library(folder)
    return folder


@pytest.fixture(scope="session")
def undisturbed(
    pictures: Path,
    django_db_setup: None,
    template_database: str,
    django_db_blocker: DjangoDbBlocker,
) -> Tables:
    """The tables after a scan that nothing happened to."""
    before = str(settings.DATABASES["default"]["NAME"])
    with (
        pytest.MonkeyPatch.context() as environment,
        django_db_blocker.unblock(),
        databases.copy_of(
            template_database, f"undisturbed_{databases.WORKER}_{os.getpid()}"
        ) as name,
    ):
        environment.setenv("LIBRARY_ROOTS", str(pictures.parent))
        databases.use(name)
        library = Library.objects.create(name="Pictures", kind="mounted", root=str(pictures))
        assert scan(library).state == ScanRun.State.FINISHED
        found = tables()
        databases.use(before)
        decoder().close()
    return found


@pytest.fixture
def library(
    real_database: str, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Library]:
    """The library in a database of its own, with an empty broker and short leases."""
    monkeypatch.setenv("LIBRARY_ROOTS", str(pictures.parent))
    monkeypatch.setenv("LEASE_SECONDS", str(LEASE_SECONDS))
    # The join is divided, and not that of the undisturbed scan: it must make no difference.
    monkeypatch.setenv("MATCH_SHARE", "40")
    monkeypatch.setattr(ledger, "LEASE", timedelta(seconds=LEASE_SECONDS))
    monkeypatch.setattr(ledger, "REPUBLISH_AFTER", timedelta(seconds=LEASE_SECONDS / 2))
    with broker() as queue:
        queue.flushdb()
        yield Library.objects.create(name="Pictures", kind="mounted", root=str(pictures))
        queue.flushdb()


@pytest.fixture
def listed(library: Library, monkeypatch: pytest.MonkeyPatch) -> ScanRun:
    """A run whose files are listed in chunks of ten, and no worker yet."""
    monkeypatch.setattr(walking, "CHUNK_FILES", 10)
    run = started(library)
    with broker() as queue:
        queue.flushdb()
    work_chunk(run.chunks.get().pk)
    run.refresh_from_db()
    assert run.state == ScanRun.State.READING
    return run
