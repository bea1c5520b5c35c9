"""The fixtures that all tests share: databases, the cast of users, a library with pictures."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from scanning.models import (
    CandidatePair,
    Finding,
    Fingerprint,
    Library,
    LibraryAccess,
    Picture,
    ScanJob,
    ScanRun,
    SourceFile,
)
from tests import databases


def pytest_configure() -> None:
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def template_database(django_db_blocker: DjangoDbBlocker) -> str:
    """The name of the migrated database that all others are copied from."""
    with django_db_blocker.unblock():
        return databases.ensure_template()


@pytest.fixture(scope="session")
def django_db_setup(template_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Each parallel worker has a copy; each test runs in a transaction that is rolled back."""
    with (
        django_db_blocker.unblock(),
        databases.copy_of(template_database, f"test_{databases.WORKER}_{os.getpid()}") as name,
    ):
        databases.use(name)
        yield


@pytest.fixture
def real_database(
    django_db_setup: None, template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """A database of its own for tests in which other processes or threads take part."""
    before = str(django_settings.DATABASES["default"]["NAME"])
    with (
        django_db_blocker.unblock(),
        databases.copy_of(template_database, f"real_{databases.WORKER}_{os.getpid()}") as name,
    ):
        databases.use(name)
        yield databases.url_of(name)
        databases.use(before)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A page in Chinese leaves its language behind in the thread; the next test starts anew."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Uploads and renditions of a test go to its own folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    settings.DATA_DIR = folder
    settings.AUDIT_STATE_DIR = folder / "audit"
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.setenv("LIBRARY_ROOTS", str(tmp_path))
    return folder


def make_user(name: str, role: Role, *libraries: Library) -> User:
    user = User.objects.create_user(name, password="correct horse battery")
    user.groups.add(Group.objects.get(name=role.value))
    for library in libraries:
        LibraryAccess.objects.create(library=library, user=user)
    return user


@pytest.fixture
def library(tmp_path: Path) -> Library:
    root = tmp_path / "library"
    root.mkdir()
    return Library.objects.create(name="Land registry", kind="mounted", root=str(root))


@pytest.fixture
def reviewer(library: Library) -> User:
    return make_user("reviewer", Role.REVIEWER, library)


@pytest.fixture
def second_reviewer(library: Library) -> User:
    return make_user("second_reviewer", Role.REVIEWER, library)


@pytest.fixture
def admin(library: Library) -> User:
    return make_user("admin", Role.ADMIN, library)


@pytest.fixture
def officer(library: Library) -> User:
    return make_user("officer", Role.RECORDS_OFFICER, library)


@pytest.fixture
def auditor(library: Library) -> User:
    return make_user("auditor", Role.AUDITOR, library)


@pytest.fixture
def outsider(db: None) -> User:
    """A reviewer who was given no library."""
    return make_user("outsider", Role.REVIEWER)


@pytest.fixture
def client_as() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def run(library: Library) -> ScanRun:
    """A finished scan of the library."""
    job = ScanJob.objects.create(library=library, name="Everything")
    return ScanRun.objects.create(
        job=job, library=library, state=ScanRun.State.FINISHED, configuration={"near_radius": 64}
    )


class MakePicture(Protocol):
    def __call__(self, name: str = "a", **fields: Any) -> Picture: ...


class MakePair(Protocol):
    def __call__(
        self,
        left: str = "a",
        right: str = "b",
        tier: str = "near",
        distance: int | None = 10,
        score: int = 900,
    ) -> CandidatePair: ...


@pytest.fixture
def make_picture(library: Library) -> MakePicture:
    """A picture called `name` with one source file, `name.jpg`, in the library."""

    def make(name: str = "a", **fields: Any) -> Picture:
        content = f"content of {name}".encode()
        sha256 = hashlib.sha256(content).digest()
        path = f"{name}.jpg"
        (Path(library.root) / path).write_bytes(content)
        SourceFile.objects.get_or_create(
            library=library,
            path_key=hashlib.sha256(path.encode()).digest(),
            defaults={
                "path": path,
                "size": len(content),
                "modified_ns": 1_700_000_000_000_000_000,
                "sha256": sha256,
                "state": SourceFile.State.READ,
            },
        )
        picture, created = Picture.objects.get_or_create(
            sha256=sha256,
            page=0,
            defaults={
                "byte_size": len(content),
                "format": "JPEG",
                "mode": "RGB",
                "width": 800,
                "height": 600,
                **fields,
            },
        )
        if created:
            Fingerprint.objects.create(
                picture=picture, algorithm="phash256", version="test", code=sha256
            )
        return picture

    return make


@pytest.fixture
def make_pair(library: Library, run: ScanRun, make_picture: MakePicture) -> MakePair:
    """A candidate pair that the scan found in the library."""

    def make(
        left: str = "a",
        right: str = "b",
        tier: str = "near",
        distance: int | None = 10,
        score: int = 900,
    ) -> CandidatePair:
        first, second = sorted(
            (make_picture(left), make_picture(right)), key=lambda picture: bytes(picture.sha256)
        )
        pair = CandidatePair.objects.create(
            left=first, right=second, tier=tier, distance=distance, score=score
        )
        Finding.objects.create(pair=pair, library=library, job=run.job, run=run)
        return pair

    return make
