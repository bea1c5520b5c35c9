"""Uploads: the service with real files, and the page."""

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import UnreadablePostError
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from scanning.models import Library, LibraryAccess, SourceFile
from scanning.services.uploads import UploadRefused, add_upload, clean_name
from scanning.storage import upload_path
from tests.conftest import make_user
from tests.scanning.pages import assert_guarded

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def shop(admin: User) -> Library:
    """A library of uploaded files whose paths begin with the vendor."""
    shop = Library.objects.create(name="Shop", kind="uploaded", attribute_pattern="{vendor}/…")
    LibraryAccess.objects.create(library=shop, user=admin)
    return shop


@pytest.fixture
def put(shop: Library, admin: User) -> Callable[[str, bytes], SourceFile]:
    def put(name: str, content: bytes) -> SourceFile:
        return add_upload(library=shop, actor=admin, name=name, content=io.BytesIO(content))

    return put


def stored(folder: Path) -> list[str]:
    """The names of all files below the folder for uploads."""
    return sorted(path.name for path in (folder / "uploads").rglob("*") if path.is_file())


# The service


def test_a_file_is_kept_under_its_digest(
    put: Callable[[str, bytes], SourceFile], data_dir: Path
) -> None:
    file = put("Peak/照片.jpg", b"content")
    digest = hashlib.sha256(b"content").digest()
    assert upload_path(digest).read_bytes() == b"content"
    assert stored(data_dir) == [digest.hex()]
    assert (file.path, file.size, file.state) == ("Peak/照片.jpg", 7, "pending")
    assert bytes(file.sha256 or b"") == digest
    assert bytes(file.path_key) == hashlib.sha256("Peak/照片.jpg".encode()).digest()
    assert file.attributes == {"vendor": "Peak"}
    event = AuditEvent.objects.get(action="library.file_uploaded")
    assert json.loads(event.body)["data"] == {"size": 7, "sha256": digest.hex()}
    assert event.target_label == "Peak/照片.jpg"


def test_one_content_is_written_once(
    put: Callable[[str, bytes], SourceFile], data_dir: Path
) -> None:
    first = put("a.jpg", b"same")
    inode = upload_path(bytes(first.sha256 or b"")).stat().st_ino
    second = put("b.jpg", b"same")
    assert first.pk != second.pk
    assert upload_path(bytes(second.sha256 or b"")).stat().st_ino == inode
    assert len(stored(data_dir)) == 1


def test_the_same_file_again_changes_nothing(put: Callable[[str, bytes], SourceFile]) -> None:
    assert put("a.jpg", b"same").pk == put("a.jpg", b"same").pk
    assert AuditEvent.objects.filter(action="library.file_uploaded").count() == 1


def test_other_content_under_a_taken_name_is_kept_beside_it(
    put: Callable[[str, bytes], SourceFile],
) -> None:
    names = [put("x/a.jpg", content).path for content in (b"1", b"2", b"3", b"2")]
    assert names == ["x/a.jpg", "x/a (2).jpg", "x/a (3).jpg", "x/a (2).jpg"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.jpg", "a.jpg"),
        ("/etc//passwd", "etc/passwd"),
        ("./a/./b.jpg", "a/b.jpg"),
        ("C:\\Photos\\a.jpg", "C:/Photos/a.jpg"),
        ("e\u0301.jpg", "é.jpg"),
        ("a\x00\n\u202egpj.exe", "agpj.exe"),
        (" 相 片 / 一.jpg ", "相 片/一.jpg"),
    ],
)
def test_names_are_cleaned(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize("name", ["../a.jpg", "a/../../b.jpg", "", "///", "\x00", "a" * 1001])
def test_names_that_cannot_be_kept_are_refused(name: str) -> None:
    with pytest.raises(UploadRefused):
        clean_name(name)


def test_an_empty_file_is_refused_by_name(
    put: Callable[[str, bytes], SourceFile], data_dir: Path
) -> None:
    with pytest.raises(UploadRefused, match=r"nothing\.jpg.*empty"):
        put("nothing.jpg", b"")
    assert stored(data_dir) == []


def test_a_file_past_the_limit_is_refused_while_it_arrives(
    put: Callable[[str, bytes], SourceFile], settings: Any, data_dir: Path
) -> None:
    settings.UPLOAD_MAX_BYTES = 3
    assert put("small.jpg", b"123").size == 3
    with pytest.raises(UploadRefused, match=r"large\.jpg.*larger"):
        put("large.jpg", b"1234")
    assert len(stored(data_dir)) == 1


def test_an_incomplete_file_is_refused(shop: Library, admin: User, data_dir: Path) -> None:
    with pytest.raises(UploadRefused, match="incomplete"):
        add_upload(
            library=shop,
            actor=admin,
            name="cut.jpg",
            content=io.BytesIO(b"half"),
            expected_size=8,
        )
    assert stored(data_dir) == []
    assert not SourceFile.objects.filter(library=shop).exists()


class BrokenConnection:
    """A body that ends with an error after its first block, as Django reports it."""

    def read(self, _size: int, /) -> bytes:
        self.read = self.fail  # type: ignore[method-assign]  # the second call is another one
        return b"half"

    def fail(self, _size: int, /) -> bytes:
        raise UnreadablePostError("the browser went away")


def test_a_broken_connection_leaves_nothing_behind(
    shop: Library, admin: User, data_dir: Path
) -> None:
    with pytest.raises(UploadRefused, match="incomplete"):
        add_upload(library=shop, actor=admin, name="a.jpg", content=BrokenConnection())
    assert stored(data_dir) == []


def test_a_folder_that_cannot_be_written_is_an_error_that_names_the_file(
    put: Callable[[str, bytes], SourceFile], data_dir: Path
) -> None:
    (data_dir / "uploads").write_text("a file where the folder should be")
    with pytest.raises(UploadRefused, match=r"a\.jpg.*cannot be stored"):
        put("a.jpg", b"content")


# A process of its own with a real limit on the size of files: the disk says no in the middle.
FULL_DISK = """
import io, os, resource, signal, sys
import django
django.setup()
from django.conf import settings
from pathlib import Path
from scanning.services.uploads import UploadRefused, _store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    _store("big.jpg", io.BytesIO(b"x" * 100_000), None)
except UploadRefused as error:
    print(error)
print(sorted(path.name for path in (Path(settings.DATA_DIR) / "uploads" / "tmp").iterdir()))
"""


def test_a_full_disk_names_the_file_and_leaves_nothing_behind() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", FULL_DISK],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "dedup_site.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.splitlines() == [
        "“big.jpg” was not taken: the disk is full. Free some space and upload it again.",
        "[]",
    ]


def test_only_admins_of_the_library_upload(shop: Library, reviewer: User) -> None:
    LibraryAccess.objects.create(library=shop, user=reviewer)
    for person in (reviewer, make_user("other_admin", Role.ADMIN)):
        with pytest.raises(PermissionDenied):
            add_upload(library=shop, actor=person, name="a.jpg", content=io.BytesIO(b"1"))


def test_nothing_is_uploaded_into_a_mounted_folder(library: Library, admin: User) -> None:
    with pytest.raises(UploadRefused, match="Land registry"):
        add_upload(library=library, actor=admin, name="a.jpg", content=io.BytesIO(b"1"))


# Pages


def test_one_request_for_each_file(shop: Library, admin: User, client_as: SignIn) -> None:
    client = client_as(admin)
    url = reverse("scanning:upload_file", args=[shop.pk])

    def send(name: str, content: bytes) -> tuple[int, dict[str, Any]]:
        answer = client.post(
            f"{url}?name={name}",
            data=content,
            content_type="application/octet-stream",
            headers={"Content-Length": str(len(content))},
        )
        return answer.status_code, answer.json()

    assert send("Peak/a.jpg", b"content") == (201, {"path": "Peak/a.jpg", "size": 7})
    status, answer = send("empty.jpg", b"")
    assert status == 422
    assert answer["error"] == "“empty.jpg” was not taken: it is empty (0 bytes)."
    assert send("../b.jpg", b"content")[0] == 422
    assert [file.path for file in shop.files.all()] == ["Peak/a.jpg"]


def test_the_plain_form_takes_many_files(shop: Library, admin: User, client_as: SignIn) -> None:
    files = [
        SimpleUploadedFile("a.jpg", b"1"),
        SimpleUploadedFile("empty.jpg", b""),
        SimpleUploadedFile("b.jpg", b"2"),
    ]
    url = reverse("scanning:upload", args=[shop.pk])
    page = client_as(admin).post(url, {"files": files}, follow=True).content.decode()
    assert "2 files were uploaded." in page
    assert "“empty.jpg” was not taken" in page
    assert "2 files in this library" in page


def test_no_file_chosen(shop: Library, admin: User, client_as: SignIn) -> None:
    url = reverse("scanning:upload", args=[shop.pk])
    page = client_as(admin).post(url, follow=True).content.decode()
    assert "Choose one or more files first" in page


def test_a_mounted_library_has_no_upload_page(
    library: Library, admin: User, client_as: SignIn
) -> None:
    for name in ("upload", "upload_file"):
        url = reverse(f"scanning:{name}", args=[library.pk])
        assert client_as(admin).post(url).status_code == 404


def test_guards(shop: Library, reviewer: User) -> None:
    stranger = make_user("other_admin", Role.ADMIN)
    url = reverse("scanning:upload", args=[shop.pk])
    assert_guarded(url, wrong_role=reviewer, stranger=stranger)
    url = reverse("scanning:upload_file", args=[shop.pk])
    assert_guarded(url, wrong_role=reviewer, stranger=stranger, method="post")
