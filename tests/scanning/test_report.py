"""The read-only report: exact numbers, the page, the table."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from dedup_site.audit.models import AuditEvent
from scanning.duplicates import Amount
from scanning.models import Library, LibraryAccess, Picture, ScanRun, SourceFile
from scanning.report_charts import dollars
from scanning.services.report import build_report, monthly_cost
from tests.conftest import MakePair, MakePicture, make_user
from tests.scanning.pages import assert_guarded

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]

GB = 2**30


@pytest.fixture
def add_file(library: Library) -> Callable[..., SourceFile]:
    """A further file of a picture's content, or a file that could not be read."""

    def add(path: str, picture: Picture | None = None, **fields: object) -> SourceFile:
        return SourceFile.objects.create(
            library=library,
            path_key=path.encode(),
            path=path,
            modified_ns=1,
            sha256=picture and picture.sha256,
            **{"state": "read", "size": 12, **fields},
        )

    return add


@pytest.fixture
def full_library(
    library: Library, make_pair: MakePair, add_file: Callable[..., SourceFile]
) -> Library:
    """Eight files, 4 GB: a, b and d belong together, a and a copy of it are equal, c is alone."""
    make_pair("a", "b", tier="near", distance=12)
    make_pair("b", "d", tier="same_pixels", distance=2)
    make_pair("c", "a", tier="lookalike", distance=60)
    make_pair("a", "a", tier="identical", distance=0)
    files = SourceFile.objects.filter(library=library)
    a = Picture.objects.get(sha256=files.get(path="a.jpg").sha256)
    add_file("Peak/copy of a.jpg", a)
    files.update(size=GB // 2, attributes={"vendor": "Harbour"})
    files.filter(path="d.jpg").update(size=GB)
    files.filter(path="Peak/copy of a.jpg").update(attributes={"vendor": "Peak"})
    add_file("=cut.jpg", state="error", size=GB, error_kind="truncated", error_message="Cut off.")
    add_file("later.jpg", state="pending", size=0)
    add_file("gone.jpg", a, is_present=False)
    return library


# Numbers


def test_every_number(full_library: Library, run: ScanRun) -> None:
    report = build_report(full_library)
    duplicates = report.duplicates
    assert report.present == Amount(7, 4 * GB)
    assert report.waiting == 1
    assert duplicates.identical == Amount(1, GB // 2)
    assert duplicates.same_pixels == Amount(1, GB // 2)
    assert duplicates.near == Amount(1, GB // 2)
    assert report.share(duplicates.certain) == Amount(286, 250)
    assert report.pairs == {"identical": 1, "same_pixels": 1, "near": 1, "lookalike": 1}
    assert [(bin_.first, bin_.last, bin_.count) for bin_ in report.distances] == [
        (0, 7, 0),
        (8, 15, 1),
    ]
    assert report.last_run == run


def test_what_it_costs(full_library: Library) -> None:
    full_library.price_per_gb_month = Decimal("0.500")
    cost = build_report(full_library).cost
    assert (cost.everything, cost.certain, cost.possible) == (
        Decimal("2"),
        Decimal("0.5"),
        Decimal("0.25"),
    )


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "HK$0.00"),
        ("0.001", "under HK$0.01"),
        ("0.2", "HK$0.20"),
        ("1234.5", "HK$1,234.50"),
    ],
)
def test_money_in_words(amount: str, words: str) -> None:
    assert dollars(Decimal(amount)) == words


def test_a_month_of_storage() -> None:
    assert monthly_cost(3 * GB, Decimal("0.2")) == Decimal("0.6")


def test_the_largest_group_with_its_pictures_and_paths(full_library: Library) -> None:
    report = build_report(full_library)
    [shown] = report.groups
    assert shown.group.total.files == 4
    assert shown.group.copies == Amount(3, 3 * GB // 2)
    assert sorted(shown.paths) == ["Peak/copy of a.jpg", "a.jpg", "b.jpg", "d.jpg"]
    assert shown.paths[0] == "d.jpg"
    assert len(shown.pictures) == 3
    assert (shown.hidden_files, shown.hidden_pictures) == (0, 0)


def test_a_large_group_shows_some_of_its_files(
    library: Library, make_picture: MakePicture, add_file: Callable[..., SourceFile]
) -> None:
    picture = make_picture("a")
    for number in range(9):
        add_file(f"copy {number}.jpg", picture)
    [shown] = build_report(library).groups
    assert shown.paths == [
        "a.jpg",
        "copy 0.jpg",
        "copy 1.jpg",
        "copy 2.jpg",
        "copy 3.jpg",
    ]
    assert shown.hidden_files == 5


def test_errors_by_kind(full_library: Library) -> None:
    [kind] = build_report(full_library).errors
    assert (kind.label, kind.files) == ("Incomplete file", [("=cut.jpg", "Cut off.")])


def test_attributes_by_value(full_library: Library) -> None:
    rows = build_report(full_library).duplicates.attributes["vendor"]
    assert [(row.value, row.files, row.certain, row.possible) for row in rows] == [
        ("Harbour", 4, 3, 0),
        ("Peak", 1, 1, 0),
    ]


def test_an_empty_library(library: Library) -> None:
    report = build_report(library)
    assert report.present == Amount(0, 0)
    assert report.share(report.present) == Amount(0, 0)
    assert (report.groups, report.errors, report.distances, report.last_run) == ([], [], [], None)


def test_six_questions_whatever_the_size(
    full_library: Library, django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(6):  # type: ignore[attr-defined]  # a context manager
        build_report(full_library)


# Pages


def test_the_page(auditor: User, full_library: Library, client_as: SignIn) -> None:
    url = reverse("scanning:report", args=[full_library.pk])
    page = client_as(auditor).get(url).content.decode()
    assert page.count('<svg class="chart') == 7  # two shares, four tiers, one histogram
    assert "not yet judged" in page
    assert "Incomplete file: 1 file" in page
    assert "HK$0.80 a month" in page
    assert "By vendor" in page
    assert f"/review/?library={full_library.pk}" in page


def test_the_page_before_the_first_scan(admin: User, library: Library, client_as: SignIn) -> None:
    page = client_as(admin).get(reverse("scanning:report", args=[library.pk])).content.decode()
    assert "Nothing to report yet" in page


def test_the_table_is_safe_to_open_and_its_export_is_recorded(
    auditor: User, full_library: Library, client_as: SignIn
) -> None:
    url = reverse("scanning:report_csv", args=[full_library.pk])
    answer = client_as(auditor).get(url)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert rows[0][:5] == ["section", "name", "value", "files", "bytes"]
    assert rows[1] == ["total", "all files", "", "7", str(4 * GB), "0.80", "", ""]
    assert ["pairs", "near", "", "1", "", "", "", ""] in rows
    assert ["attribute", "vendor", "Peak", "1", str(GB // 2), "0.10", "1", "0"] in rows
    assert rows[-1][:3] == ["error", "truncated", "'=cut.jpg: Cut off."]
    event = AuditEvent.objects.get(action="export.report")
    assert (event.actor_id, event.library_id) == (auditor.pk, full_library.pk)


def test_guards(library: Library) -> None:
    nobody = User.objects.create_user("nobody")
    LibraryAccess.objects.create(library=library, user=nobody)
    stranger = make_user("stranger", Role.AUDITOR)
    for name in ("report", "report_csv"):
        url = reverse(f"scanning:{name}", args=[library.pk])
        assert_guarded(url, wrong_role=nobody, stranger=stranger)
    assert not AuditEvent.objects.filter(action="export.report").exists()
