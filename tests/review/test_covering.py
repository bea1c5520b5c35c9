"""What a hold covers: every kind, all copies, and both directions of asking agree."""

from pathlib import Path
from typing import Any, Protocol

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext
from PIL import Image

from dedup_site.accounts.models import User
from review.models import Hold, Matter, Verdict
from review.records.hold_querysets import held_files, held_pairs, held_pictures, is_held
from review.services.decisions import undo
from scanning.models import CandidatePair, Library, SourceFile
from tests.conftest import MakePair, MakePicture
from tests.review.conftest import Judge
from tests.review.records import file_is, make_file, make_hold, release
from tests.scans import scan

pytestmark = pytest.mark.django_db


class Place(Protocol):
    def __call__(self, **covers: Any) -> Hold: ...


@pytest.fixture
def place(officer: User, matter: Matter) -> Place:
    def hold(**covers: Any) -> Hold:
        return make_hold(officer, matter, **covers)

    return hold


@pytest.fixture
def other(db: None) -> Library:
    return Library.objects.create(name="Tenders", kind="uploaded")


def held() -> list[str]:
    return sorted(held_files().values_list("path", flat=True))


def test_a_picture_holds_every_file_of_its_content(
    other: Library, make_picture: MakePicture, place: Place
) -> None:
    picture = make_picture("a")
    make_picture("b")
    make_file(other, "copy.jpg", bytes(picture.sha256))

    place(picture=picture)

    assert held() == ["a.jpg", "copy.jpg"]
    assert list(held_pictures()) == [picture]


def test_a_hold_spreads_along_confirmed_pairs_only(
    reviewer: User, make_pair: MakePair, judge: Judge, place: Place
) -> None:
    judge(reviewer, make_pair("a", "b"))
    judge(reviewer, make_pair("c", "b"))
    judge(reviewer, make_pair("c", "d"), Verdict.NOT_DUPLICATE, "similar_scene")
    make_pair("c", "e")

    place(source_file=SourceFile.objects.get(path="a.jpg"))

    assert held() == ["a.jpg", "b.jpg", "c.jpg"]
    assert file_is("review_file_is_held", SourceFile.objects.get(path="c.jpg"))
    assert not file_is("review_file_is_held", SourceFile.objects.get(path="d.jpg"))


def test_taking_back_a_verdict_does_not_lift_a_hold_that_came_after_it(
    reviewer: User, officer: User, admin: User, make_pair: MakePair, judge: Judge, place: Place
) -> None:
    pair = make_pair("a", "b")
    decision = judge(reviewer, pair)
    hold = place(picture=pair.left)
    assert held() == ["a.jpg", "b.jpg"]

    undo(actor=reviewer, decision=decision)

    assert held() == ["a.jpg", "b.jpg"]
    release(hold, officer, admin)
    assert held() == []


def test_a_mistaken_verdict_on_a_held_picture_can_be_taken_back(
    reviewer: User, make_pair: MakePair, judge: Judge, place: Place
) -> None:
    pair = make_pair("a", "b")
    place(picture=pair.left)
    [held_one] = held()
    decision = judge(reviewer, pair)
    assert held() == ["a.jpg", "b.jpg"]

    undo(actor=reviewer, decision=decision)

    assert held() == [held_one]


def test_a_folder_is_no_prefix_of_a_name(library: Library, other: Library, place: Place) -> None:
    for path in ("in/a.jpg", "in/deep/b.jpg", "inner/c.jpg", "in.jpg", "d/in/e.jpg"):
        make_file(library, path)
    make_file(other, "in/f.jpg")

    place(library=library, folder="in")

    assert held() == ["in/a.jpg", "in/deep/b.jpg"]


def test_a_folder_may_have_any_name(library: Library, place: Place) -> None:
    for path in ("100%_ [a]/b.jpg", "100xy [a]/b.jpg", "投標文件/第一份.jpg"):
        make_file(library, path)

    place(library=library, folder="100%_ [a]")
    assert held() == ["100%_ [a]/b.jpg"]
    place(library=library, folder="投標文件")
    assert held() == ["100%_ [a]/b.jpg", "投標文件/第一份.jpg"]


def test_an_attribute_in_one_library_or_in_all(
    library: Library, other: Library, place: Place
) -> None:
    make_file(library, "a.jpg", attributes={"supplier": "X"})
    make_file(library, "b.jpg", attributes={"supplier": "Y", "tender": "X"})
    make_file(other, "c.jpg", attributes={"supplier": "X", "tender": "T1"})

    place(library=library, attribute_name="supplier", attribute_value="X")
    assert held() == ["a.jpg"]
    place(attribute_name="supplier", attribute_value="X")
    assert held() == ["a.jpg", "c.jpg"]


def test_a_library_holds_all_of_it_and_every_copy_elsewhere(
    library: Library, other: Library, place: Place
) -> None:
    make_file(library, "a.jpg", b"\1" * 32)
    make_file(library, "unread.jpg")
    make_file(other, "b.jpg", b"\1" * 32)
    make_file(other, "c.jpg", b"\2" * 32)

    place(library=library)

    assert held() == ["a.jpg", "b.jpg", "unread.jpg"]


def test_what_no_hold_covers_is_free(
    library: Library, make_picture: MakePicture, make_pair: MakePair, reviewer: User
) -> None:
    make_pair("a", "b")

    assert held() == []
    assert not held_pairs().exists()
    assert not file_is("review_file_is_held", SourceFile.objects.get(path="a.jpg"))


def test_a_file_that_nobody_knows_is_not_free_to_act_upon(db: None) -> None:
    assert file_is("review_file_is_held", 4711)


def test_a_release_ends_one_hold_and_not_the_other(
    officer: User, admin: User, make_picture: MakePicture, place: Place
) -> None:
    picture = make_picture("a")
    first, second = place(picture=picture), place(picture=picture)
    file = SourceFile.objects.get()

    release(first, officer, admin)
    assert held() == ["a.jpg"]
    assert file_is("review_file_is_held", file)

    release(second, officer, admin, hours_ago=-1)
    assert held() == ["a.jpg"]

    third = place(picture=picture)
    release(third, officer, admin)
    assert list(Hold.objects.in_force()) == [second]
    assert set(Hold.objects.released()) == {first, third}


def test_pairs_of_held_pictures(
    officer: User, outsider: User, make_pair: MakePair, place: Place
) -> None:
    pair = make_pair("a", "b")
    make_pair("c", "d")

    place(picture=pair.left)

    assert list(held_pairs()) == [pair]
    assert list(CandidatePair.objects.filter(is_held(officer))) == [pair]
    assert list(CandidatePair.objects.filter(is_held(outsider))) == []


def test_what_is_not_held_is_found_too(library: Library, place: Place) -> None:
    """NULL digests are the trap of NOT IN."""
    make_file(library, "unread.jpg")
    make_file(library, "in/a.jpg", b"\1" * 32)
    place(library=library, folder="in")

    free = SourceFile.objects.exclude(pk__in=held_files().values("pk"))
    assert [file.path for file in free] == ["unread.jpg"]


def test_a_condition_catches_what_a_scan_finds_later(
    library: Library, officer: User, matter: Matter, place: Place
) -> None:
    library.attribute_pattern = "{supplier}/…"
    library.save()
    place(library=library, attribute_name="supplier", attribute_value="Chan 陳記")
    place(library=library, folder="evidence")
    root = Path(library.root)
    for number, folder in enumerate(("Chan 陳記", "Wong", "evidence")):
        (root / folder).mkdir()
        Image.new("RGB", (60 + number, 60), (0, 90, number)).save(root / folder / "a.png")

    scan(library)

    assert held() == ["Chan 陳記/a.png", "evidence/a.png"]


def test_no_edit_of_attributes_lifts_a_hold(
    library: Library, officer: User, admin: User, place: Place
) -> None:
    file = make_file(library, "a.jpg", attributes={"supplier": "X"})
    hold = place(attribute_name="supplier", attribute_value="X")

    for attributes in ({"supplier": "Y"}, {}, {"supplier": "Z"}):
        SourceFile.objects.filter(pk=file.pk).update(attributes=attributes)
        assert held() == ["a.jpg"]
        assert file_is("review_file_is_held", file)

    release(hold, officer, admin)
    assert held() == []


@pytest.mark.parametrize("kind", ["file", "folder", "attribute", "library"])
def test_no_overwriting_of_a_file_lifts_the_hold_on_its_copies(
    library: Library, other: Library, officer: User, admin: User, place: Place, kind: str
) -> None:
    before, after = b"b" * 32, b"a" * 32
    file = make_file(library, "in/a.jpg", before, attributes={"supplier": "X"})
    copy = make_file(other, "copy.jpg", before)
    covers: dict[str, dict[str, Any]] = {
        "file": {"source_file": file},
        "folder": {"library": library, "folder": "in"},
        "attribute": {"attribute_name": "supplier", "attribute_value": "X"},
        "library": {"library": library},
    }
    hold = place(**covers[kind])

    SourceFile.objects.filter(pk=file.pk).update(sha256=after)
    moved = make_file(other, "moved.jpg", before)
    SourceFile.objects.filter(pk=file.pk).update(sha256=None)
    found_later = make_file(other, "later.jpg", after)

    assert held() == ["copy.jpg", "in/a.jpg", "later.jpg", "moved.jpg"]
    for each in (file, copy, moved, found_later):
        assert file_is("review_file_is_held", each)
    release(hold, officer, admin)
    assert held() == []
    assert not file_is("review_file_is_held", copy)


def test_overwriting_a_copy_frees_what_is_there_now(
    library: Library, make_picture: MakePicture, place: Place
) -> None:
    place(picture=make_picture("a"))
    copy = SourceFile.objects.get(path="a.jpg")

    SourceFile.objects.filter(pk=copy.pk).update(sha256=b"c" * 32)

    assert held() == []
    assert not file_is("review_file_is_held", copy)


def test_a_hold_covers_one_thing(library: Library, make_picture: MakePicture, place: Place) -> None:
    picture = make_picture()
    for wrong in (
        {},
        {"picture": picture, "library": library},
        {"folder": "in"},
        {"library": library, "folder": "in", "attribute_name": "a", "attribute_value": "b"},
        {"attribute_name": "supplier"},
        {"picture": picture, "attribute_name": "a", "attribute_value": "b"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            place(**wrong)


def test_copies_are_found_by_indexes_before_postgres_knows_the_tables(
    library: Library, make_pair: MakePair, judge: Judge, reviewer: User, place: Place
) -> None:
    """Otherwise each file would look through all pairs: minutes, right after a large scan."""
    judge(reviewer, make_pair("a", "b"), Verdict.DUPLICATE, "same_picture")
    place(library=library)
    with connection.cursor() as cursor:
        before = scanned_through(cursor)
        cursor.execute(
            "SELECT count(*) FROM review_holds_on(ARRAY(SELECT id FROM scanning_sourcefile))"
        )
        assert cursor.fetchone() == (2,)
        assert scanned_through(cursor) == before


def scanned_through(cursor: CursorWrapper) -> int:
    """How often the table of pairs has been read from its beginning to its end."""
    cursor.execute(
        "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'scanning_candidatepair'"
    )
    (count,) = cursor.fetchone()
    return int(count)


MANY = 100_000


@pytest.fixture
def many(library: Library) -> SourceFile:
    """A library of a hundred thousand contents, and a file of another library that is free."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO scanning_sourcefile (library_id, path_key, path, size, modified_ns,
                changed_ns, inode, sha256, attributes, state, is_present, error_kind,
                error_message, read_with, first_seen_at)
            SELECT %s, sha256(n::text::bytea), 'f' || n, 1, 0, 0, 0,
                   sha256(('content ' || n)::bytea), '{}', 'read', true, '', '', '', now()
            FROM generate_series(1, %s) n
            """,
            [library.pk, MANY],
        )
        cursor.execute("ANALYZE scanning_sourcefile")  # as Postgres does by itself, but later
    free = Library.objects.create(name="Free", kind="uploaded")
    return make_file(free, "free.jpg", b"\1" * 32)


def what_is_held(free: SourceFile) -> tuple[int, list[SourceFile], bool, bool]:
    """How many files, which are not, and what Postgres says of one that is and of `free`."""
    with CaptureQueriesContext(connection) as queries:
        facts = (
            held_files().count(),
            list(SourceFile.objects.exclude(pk__in=held_files().values("pk"))),
            file_is("review_file_is_held", SourceFile.objects.get(path=f"f{MANY}")),
            file_is("review_file_is_held", free),
        )
    assert len(queries) == 5
    return facts


def test_one_hold_of_a_hundred_thousand_files(
    library: Library, many: SourceFile, place: Place
) -> None:
    place(library=library)

    assert what_is_held(many) == (MANY, [many], True, False)


def test_a_hundred_thousand_holds(officer: User, matter: Matter, many: SourceFile) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO review_hold (matter_id, source_file_id, folder, attribute_name,
                attribute_value, reason, note, placed_by_id, placed_at)
            SELECT %s, id, '', '', '', 'regulator', '', %s, now() FROM scanning_sourcefile
            WHERE path <> 'free.jpg'
            """,
            [matter.pk, officer.pk],
        )
        cursor.execute("ANALYZE review_hold")

    assert what_is_held(many) == (MANY, [many], True, False)
