"""Several uploads at the same moment, over connections of their own."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from scanning.models import Library, SourceFile
from scanning.services.uploads import add_upload

NAMES = ["a (2).jpg", "a (3).jpg", "a (4).jpg", "a (5).jpg", "a (6).jpg", "a.jpg"]


@pytest.fixture
def shop(real_database: str) -> Library:
    return Library.objects.create(name="Shop", kind="uploaded")


def put(library: Library, content: bytes) -> str:
    try:
        file = add_upload(library=library, actor=None, name="a.jpg", content=io.BytesIO(content))
        return file.path
    finally:
        connection.close()


def test_no_two_uploads_take_one_name(shop: Library) -> None:
    with ThreadPoolExecutor(6) as threads:
        paths = list(threads.map(lambda number: put(shop, b"%d" % number), range(6)))
    assert sorted(paths) == NAMES
    assert list(SourceFile.objects.values_list("path", flat=True).order_by("path")) == NAMES


def test_one_file_sent_six_times_is_one_file(shop: Library) -> None:
    with ThreadPoolExecutor(6) as threads:
        paths = list(threads.map(lambda _number: put(shop, b"same"), range(6)))
    assert set(paths) == {"a.jpg"}
    assert SourceFile.objects.count() == 1
