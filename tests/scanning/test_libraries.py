"""Libraries: the services, and the pages about them."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from scanning import overview
from scanning.attributes import PatternError
from scanning.models import Library, LibraryAccess, ScanRun, SourceFile
from scanning.services.libraries import LibrarySettings, change_library, create_library
from scanning.storage import RootRefused
from tests.conftest import MakePair, make_user
from tests.scanning.pages import assert_guarded

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def nobody(library: Library) -> User:
    """A person who was given the library, but no role."""
    user = User.objects.create_user("nobody")
    LibraryAccess.objects.create(library=library, user=user)
    return user


@pytest.fixture
def other_admin(db: None) -> User:
    """An admin who was given no library."""
    return make_user("other_admin", Role.ADMIN)


# Services


def test_a_new_library_is_given_to_its_maker(admin: User, tmp_path: Path) -> None:
    (tmp_path / "tenders").mkdir()
    library = create_library(
        actor=admin,
        kind="mounted",
        root=str(tmp_path / "tenders"),
        settings=LibrarySettings(name="Tenders", attribute_pattern="{tender}/{supplier}/…"),
    )
    assert library.root == str(tmp_path / "tenders")
    assert library.price_per_gb_month == Decimal("0.200")
    assert Library.objects.visible_to(admin).contains(library)
    events = AuditEvent.objects.filter(library_id=library.pk).order_by("id")
    assert [event.action for event in events] == ["library.created", "library.access_granted"]
    assert json.loads(events[0].body)["data"] == {"kind": "mounted", "is_sensitive": False}
    assert events[0].detail["settings"]["attribute_pattern"] == "{tender}/{supplier}/…"
    assert json.loads(events[1].body)["data"] == {"user": admin.pk}


def test_who_sees_all_libraries_is_given_none(admin: User) -> None:
    admin.sees_all_libraries = True
    library = create_library(actor=admin, kind="uploaded", settings=LibrarySettings(name="Shop"))
    assert not LibraryAccess.objects.filter(library=library).exists()


def test_the_command_line_may_make_libraries_that_nobody_sees(db: None) -> None:
    library = create_library(actor=None, kind="uploaded", settings=LibrarySettings(name="Shop"))
    assert library.created_by is None
    assert not LibraryAccess.objects.filter(library=library).exists()


def test_a_root_outside_is_refused_and_nothing_is_left_behind(admin: User) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(RootRefused, match="LIBRARY_ROOTS"):
        create_library(
            actor=admin, kind="mounted", root="/etc", settings=LibrarySettings(name="System")
        )
    assert not Library.objects.filter(name="System").exists()
    assert AuditEvent.objects.count() == before


def test_a_link_that_leads_outside_is_refused(admin: User, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(RootRefused):
        create_library(
            actor=admin,
            kind="mounted",
            root=str(tmp_path / "link"),
            settings=LibrarySettings(name="System"),
        )


@pytest.mark.parametrize("part", [".", "library", "library/2024"])
def test_a_folder_of_a_library_not_given_cannot_be_mounted_again(
    admin: User, other_admin: User, library: Library, tmp_path: Path, part: str
) -> None:
    (tmp_path / "library" / "2024").mkdir()
    settings = LibrarySettings(name="Way in")
    root = str(tmp_path / part)
    with pytest.raises(PermissionDenied):
        create_library(actor=other_admin, kind="mounted", root=root, settings=settings)
    assert not Library.objects.filter(name="Way in").exists()
    create_library(actor=admin, kind="mounted", root=root, settings=settings)


def test_a_pattern_that_cannot_be_understood_is_refused(admin: User) -> None:
    with pytest.raises(PatternError):
        create_library(
            actor=admin,
            kind="uploaded",
            settings=LibrarySettings(name="Shop", attribute_pattern="{vendor"),
        )


def test_names_are_unique(admin: User, library: Library) -> None:
    with pytest.raises(ValidationError, match="already exists"):
        create_library(actor=admin, kind="uploaded", settings=LibrarySettings(name=library.name))


def test_a_change_records_old_and_new_values(admin: User, library: Library) -> None:
    change_library(
        actor=admin,
        library=library,
        settings=LibrarySettings(
            name="Land registry", price_per_gb_month=Decimal("0.35"), is_sensitive=True
        ),
    )
    library.refresh_from_db()
    assert (library.price_per_gb_month, library.is_sensitive) == (Decimal("0.350"), True)
    event = AuditEvent.objects.get(action="library.changed")
    assert json.loads(event.body)["data"] == {"fields": ["is_sensitive", "price_per_gb_month"]}
    assert event.detail["changes"] == {
        "price_per_gb_month": ["0.200", "0.35"],
        "is_sensitive": ["False", "True"],
    }


def test_saving_the_same_settings_is_no_event(admin: User, library: Library) -> None:
    change_library(actor=admin, library=library, settings=LibrarySettings(name="Land registry"))
    assert not AuditEvent.objects.filter(action="library.changed").exists()


def test_only_admins_of_the_library_change_it(
    reviewer: User, other_admin: User, library: Library
) -> None:
    for person in (reviewer, other_admin):
        with pytest.raises(PermissionDenied):
            change_library(actor=person, library=library, settings=LibrarySettings(name="Mine"))
    with pytest.raises(PermissionDenied):
        create_library(actor=reviewer, kind="uploaded", settings=LibrarySettings(name="Mine"))


# Reads


def test_numbers_of_libraries(library: Library, run: ScanRun, make_pair: MakePair) -> None:
    make_pair("a", "b", tier="near")
    make_pair("a", "a", tier="identical")
    make_pair("a", "c", tier="lookalike")
    SourceFile.objects.create(
        library=library, path_key=b"x", path="broken.jpg", size=7, modified_ns=1, state="error"
    )
    SourceFile.objects.create(
        library=library, path_key=b"y", path="gone.jpg", size=9, modified_ns=1, is_present=False
    )
    [row] = overview.of_libraries([library])
    assert (row.files, row.bytes, row.errors) == (4, 3 * len("content of a") + 7, 1)
    assert [(tier.tier, tier.count) for tier in row.pairs] == [
        ("identical", 1),
        ("same_pixels", 0),
        ("near", 1),
    ]
    assert row.last_run == run


def test_a_pattern_is_tried_on_real_paths(library: Library) -> None:
    for path in ("T-1/Peak/a.jpg", "loose.jpg"):
        SourceFile.objects.create(
            library=library, path_key=path.encode(), path=path, size=1, modified_ns=1
        )
    examples = overview.pattern_examples(library, "{tender}/{supplier}/…")
    assert examples.rows == [
        ("T-1/Peak/a.jpg", {"tender": "T-1", "supplier": "Peak"}),
        ("loose.jpg", {}),
    ]
    assert overview.pattern_examples(library, "{tender").error


def test_folders_to_choose_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "root" / "link").symlink_to("/etc")
    (tmp_path / "root" / "file.jpg").touch()
    monkeypatch.setenv("LIBRARY_ROOTS", f"{tmp_path}/root,{tmp_path}/missing")
    assert overview.folders_below(None) == [tmp_path / "root"]
    assert overview.folders_below(tmp_path / "root") == [
        tmp_path / "root" / "a",
        tmp_path / "root" / "b",
    ]


def test_a_list_of_folders_that_is_cut_says_so(
    admin: User, client_as: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / "root" / name).mkdir(parents=True)
    monkeypatch.setenv("LIBRARY_ROOTS", str(tmp_path / "root"))
    address = reverse("scanning:library_mount") + f"?folder={tmp_path}/root"
    client = client_as(admin)
    assert "There are more than are listed." not in client.get(address).content.decode()
    monkeypatch.setattr(overview, "MAXIMUM_FOLDERS", 1)
    page = client.get(address).content.decode()
    assert "There are more than are listed. Type the path of the one you mean." in page


# Pages


def test_the_list_shows_only_what_was_given(
    admin: User, library: Library, client_as: SignIn
) -> None:
    Library.objects.create(name="Somebody else's", kind="uploaded")
    page = client_as(admin).get(reverse("scanning:libraries")).content.decode()
    assert "Land registry" in page
    assert "Somebody else" not in page


def test_the_list_says_where_to_begin(other_admin: User, outsider: User, client_as: SignIn) -> None:
    url = reverse("scanning:libraries")
    assert "Mount a folder" in client_as(other_admin).get(url).content.decode()
    page = client_as(outsider).get(url).content.decode()
    assert "Ask an admin" in page
    assert "Mount a folder" not in page


def test_the_list_asks_a_few_questions_for_many_libraries(
    admin: User, client_as: SignIn, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(20):
        made = Library.objects.create(name=f"Library {number}", kind="uploaded")
        LibraryAccess.objects.create(library=made, user=admin)
    client = client_as(admin)
    with django_assert_max_num_queries(12):  # type: ignore[attr-defined]  # a context manager
        client.get(reverse("scanning:libraries"))


def test_a_library_shows_errors_jobs_and_people(
    admin: User, library: Library, run: ScanRun, client_as: SignIn
) -> None:
    SourceFile.objects.create(
        library=library,
        path_key=b"x",
        path="a/<b>.jpg",
        size=7,
        modified_ns=1,
        state="error",
        error_message="The file is empty.",
    )
    page = client_as(admin).get(reverse("scanning:library", args=[library.pk])).content.decode()
    assert "a/&lt;b&gt;.jpg" in page
    assert "The file is empty." in page
    assert "Everything" in page
    assert "1 person was given it" in page


def test_reviewers_see_a_library_without_its_buttons(
    reviewer: User, library: Library, run: ScanRun, client_as: SignIn
) -> None:
    page = client_as(reviewer).get(reverse("scanning:library", args=[library.pk]))
    assert page.status_code == 200
    assert "Start scan" not in page.content.decode()
    assert "Settings" not in page.content.decode()


def test_mounting_a_folder(admin: User, tmp_path: Path, client_as: SignIn) -> None:
    (tmp_path / "tenders").mkdir()
    client = client_as(admin)
    url = reverse("scanning:library_mount")
    chosen = client.get(url, {"folder": str(tmp_path / "tenders")}).content.decode()
    assert f'value="{tmp_path}/tenders"' in chosen
    assert 'value="tenders"' in chosen
    answer = client.post(
        url, {"name": "Tenders", "root": f"{tmp_path}/tenders", "price_per_gb_month": "0.2"}
    )
    made = Library.objects.get(name="Tenders")
    assert answer.headers["Location"] == reverse("scanning:library", args=[made.pk])


def test_the_picker_never_leaves_the_roots(admin: User, client_as: SignIn) -> None:
    url = reverse("scanning:library_mount")
    assert client_as(admin).get(url, {"folder": "/etc"}).status_code == 404
    page = client_as(admin).post(
        url, {"name": "System", "root": "/etc", "price_per_gb_month": "0.2"}
    )
    assert "is not under LIBRARY_ROOTS" in page.content.decode()


def test_a_library_for_uploads(admin: User, client_as: SignIn) -> None:
    url = reverse("scanning:library_for_uploads")
    assert client_as(admin).get(url).status_code == 200
    client_as(admin).post(url, {"name": "Shop", "price_per_gb_month": "0.2"})
    assert Library.objects.get(name="Shop").kind == "uploaded"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("attribute_pattern", "{vendor", "brace is missing"),
        ("manifest_path", "../list.csv", "without “..”"),
        ("price_per_gb_month", "-1", "below zero"),
        ("name", "", "required"),
    ],
)
def test_settings_that_cannot_be_are_explained(
    admin: User, library: Library, client_as: SignIn, field: str, value: str, words: str
) -> None:
    url = reverse("scanning:library_edit", args=[library.pk])
    data = {"name": "Land registry", "price_per_gb_month": "0.2", field: value}
    page = client_as(admin).post(url, data)
    assert page.status_code == 200
    assert words in page.content.decode()


def test_settings_are_saved(admin: User, library: Library, client_as: SignIn) -> None:
    client = client_as(admin)
    url = reverse("scanning:library_edit", args=[library.pk])
    assert client.get(url).status_code == 200
    answer = client.post(url, {"name": "Lands", "price_per_gb_month": "1", "is_sensitive": "on"})
    assert answer.status_code == 302
    library.refresh_from_db()
    assert (library.name, library.is_sensitive) == ("Lands", True)


def test_examples_follow_the_form(admin: User, library: Library, client_as: SignIn) -> None:
    SourceFile.objects.create(
        library=library, path_key=b"x", path="Peak/a.jpg", size=1, modified_ns=1
    )
    url = reverse("scanning:pattern_examples", args=[library.pk])
    page = client_as(admin).get(url, {"attribute_pattern": "{vendor}/…"}).content.decode()
    assert "vendor: Peak" in page


@pytest.mark.parametrize("name", ["library"])
def test_pages_for_readers_are_guarded(
    name: str, library: Library, nobody: User, other_admin: User
) -> None:
    url = reverse(f"scanning:{name}", args=[library.pk])
    assert_guarded(url, wrong_role=nobody, stranger=other_admin)


@pytest.mark.parametrize("name", ["library_edit", "pattern_examples"])
def test_pages_for_admins_are_guarded(
    name: str, library: Library, reviewer: User, other_admin: User
) -> None:
    url = reverse(f"scanning:{name}", args=[library.pk])
    assert_guarded(url, wrong_role=reviewer, stranger=other_admin)


def test_pages_without_a_library_are_guarded(nobody: User, auditor: User) -> None:
    assert_guarded(reverse("scanning:libraries"), wrong_role=nobody, stranger=None)
    for name in ("library_mount", "library_for_uploads"):
        assert_guarded(reverse(f"scanning:{name}"), wrong_role=auditor, stranger=None)
