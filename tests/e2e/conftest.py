"""Each test has a library, a scan and people of its own; site, worker and browser are shared.

Nobody sees a library that they were not given, so that tests cannot disturb each other.
"""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.contrib.auth.models import Group
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.plugin import DjangoDbBlocker

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.run import DEMO_LIBRARY
from scanning.models import CandidatePair, Library, LibraryAccess, ScanJob, ScanRun
from scanning.services.runs import start_run
from tests import databases
from tests.e2e import browser as browsers
from tests.e2e import stack
from tests.e2e.browser import Complaints
from tests.e2e.pictures import write_pair
from tests.e2e.viewer import BOXES, SAME, compared
from tests.scans import until

PASSWORD = "correct horse battery"
PAIRS = 4

_numbers = count(1)

MakePerson = Callable[..., User]
SignIn = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="package")
def database(
    django_db_setup: None, template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A database that test, site and worker share; what a test writes is seen at once."""
    before = os.environ["DATABASE_URL"].partition("?")[0].rpartition("/")[2]
    name = f"e2e_{databases.WORKER}_{os.getpid()}"
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as environment,
        databases.copy_of(template_database, name),
    ):
        # Playwright's loop runs in this thread, though nothing here is asynchronous.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        databases.use(name)
        yield
        databases.use(before)


@pytest.fixture(scope="package")
def site(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running web site."""
    folders = (tmp_path_factory.getbasetemp(), DEMO_LIBRARY)
    with stack.running(tmp_path_factory.mktemp("site"), *folders) as address:
        yield address


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Without a Chromium the test is skipped, but fails where it has to run."""
    path = browsers.chromium_path()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(browsers.MISSING)
        pytest.skip(browsers.MISSING)
    with browsers.chromium(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def password_hash() -> str:
    """Of PASSWORD, as the site makes it; it takes a while, so once for all."""
    return make_password(PASSWORD, hasher=PBKDF2PasswordHasher())


@pytest.fixture
def make_person(database: None, password_hash: str) -> MakePerson:
    """A new person with a role, who was given the libraries."""

    def make(role: Role, *libraries: Library, sees_all_libraries: bool = False) -> User:
        name = f"{role.value.replace(' ', '-')}-{next(_numbers)}"
        user = User.objects.create(
            username=name, password=password_hash, sees_all_libraries=sees_all_libraries
        )
        user.groups.add(Group.objects.get(name=role.value))
        for library in libraries:
            LibraryAccess.objects.create(library=library, user=user)
        return user

    return make


def scan(library: Library) -> None:
    """Scan a library to the end, by the worker."""
    run = start_run(job=ScanJob.objects.create(library=library, name="Everything"), actor=None)
    finished = ScanRun.objects.filter(pk=run.pk, state=ScanRun.State.FINISHED)
    until(finished.exists, "the scan to finish")


@pytest.fixture(scope="package")
def demo(site: str) -> Library:
    """The demo library, scanned: pictures, names and numbers as people will meet them."""
    library = Library.objects.create(
        name="Demo library",
        kind=Library.Kind.MOUNTED,
        root=str(DEMO_LIBRARY),
        manifest_path="manifest.csv",
        attribute_pattern="registry/{district}/…",
    )
    scan(library)
    return library


@pytest.fixture
def library(site: str, tmp_path: Path) -> Library:
    """A mounted folder with a few pairs of two suppliers, scanned."""
    root = tmp_path / "library"
    root.mkdir()
    for number in range(1, PAIRS + 1):
        write_pair(root, f"photo {number}")
    library = Library.objects.create(
        name=f"Tender {next(_numbers)}",
        kind=Library.Kind.MOUNTED,
        root=str(root),
        attribute_pattern="{supplier}/…",
    )
    scan(library)
    return library


@pytest.fixture
def pair(library: Library) -> CandidatePair:
    """One photograph at 640 × 480 and at 320 × 240; whichever is on the left."""
    pair = CandidatePair.objects.filter(findings__library=library).order_by("pk").first()
    assert pair is not None
    compared(pair, placement=SAME, **BOXES)
    return pair


@pytest.fixture
def reviewer(make_person: MakePerson, library: Library) -> User:
    return make_person(Role.REVIEWER, library)


@pytest.fixture
def second_reviewer(make_person: MakePerson, library: Library) -> User:
    return make_person(Role.REVIEWER, library)


@pytest.fixture
def admin(make_person: MakePerson, library: Library) -> User:
    return make_person(Role.ADMIN, library)


@pytest.fixture
def officer(make_person: MakePerson, library: Library) -> User:
    return make_person(Role.RECORDS_OFFICER, library)


@pytest.fixture
def auditor(make_person: MakePerson, library: Library) -> User:
    return make_person(Role.AUDITOR, library)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What pages report; a test fails by anything that it did not `allow`."""
    complaints = Complaints()
    yield complaints
    assert complaints.unexpected == []


@pytest.fixture
def open_page(site: str, chromium: Browser, complaints: Complaints) -> Iterator[SignIn]:
    """A page in a browser context of its own, signed in as somebody or as nobody.

    Options are those of Playwright's `new_context`: viewport, color_scheme and so on.
    """
    contexts = []

    def open_(user: User | None = None, **options: object) -> Page:
        context = chromium.new_context(base_url=site, **options)  # type: ignore[arg-type]  # free
        contexts.append(context)
        complaints.listen(context)
        context.set_default_timeout(browsers.PATIENCE)
        if user is not None:
            cookies = session(user).items()
            context.add_cookies(
                [{"name": name, "value": value, "url": site} for name, value in cookies]
            )
        return context.new_page()

    yield open_
    for context in contexts:
        context.close()


def session(user: User) -> dict[str, str]:
    """The cookie of somebody who has signed in."""
    client = Client()
    client.force_login(user)
    return {name: morsel.value for name, morsel in client.cookies.items()}
