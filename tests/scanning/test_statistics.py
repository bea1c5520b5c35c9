"""What a scan tells Postgres of the tables that it has filled."""

from pathlib import Path

import pytest
from django.db import connection
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from dedup_site.database_roles import DatabaseRole
from scanning.models import Library
from scanning.services import statistics
from tests.conftest import MakePicture
from tests.databases import acting_as
from tests.scans import scan

pytestmark = pytest.mark.django_db


def believed() -> dict[str, float]:
    """How many rows Postgres takes each of the tables to have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples FROM pg_class WHERE oid = ANY (%s::regclass[])",
            [list(statistics.TABLES)],
        )
        return dict(cursor.fetchall())


def test_the_application_may_let_postgres_look_again(make_picture: MakePicture) -> None:
    make_picture("a")
    make_picture("b")
    with acting_as(DatabaseRole.APPLICATION):
        statistics.renew()
    assert believed()["scanning_sourcefile"] == 2
    assert believed()["scanning_picture"] == 2


def test_a_scan_does_so_after_each_phase(
    library: Library, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    Image.new("RGB", (40, 30), "red").save(Path(library.root) / "a.png")
    with django_capture_on_commit_callbacks() as callbacks:
        scan(library)
    assert callbacks.count(statistics.renew) == 3
