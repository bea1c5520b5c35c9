"""What a hold covers: every kind, all copies, and both directions of asking agree."""

import hashlib
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dedup_site.accounts.models import User
from review.models import Decision, Hold, Matter, PairReview, Verdict
from review.records.hold_querysets import held_files, held_pairs, held_pictures, is_held
from review.services.decisions import undo
from scanning.models import CandidatePair, Library, Picture, SourceFile
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
    free = Library.objects.create(name="Free", kind="uploaded")
    return make_file(free, "free.jpg", b"\1" * 32)


def expect_all_but(free: SourceFile) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert held_files().count() == MANY
        assert list(SourceFile.objects.exclude(pk__in=held_files().values("pk"))) == [free]
        assert file_is("review_file_is_held", SourceFile.objects.get(path=f"f{MANY}"))
        assert not file_is("review_file_is_held", free)
    assert len(queries) == 5


def test_one_hold_of_a_hundred_thousand_files(
    library: Library, many: SourceFile, place: Place
) -> None:
    place(library=library)

    expect_all_but(many)


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

    expect_all_but(many)


names = count()
CONTENTS = [hashlib.sha256(bytes([number])).digest() for number in range(5)]
VALUES = st.sampled_from(["X", "Y"])
FILES = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["in/", "in/x/", "inn/", ""]),
        st.sampled_from([None, *CONTENTS]),
        st.dictionaries(st.sampled_from(["supplier", "tender"]), VALUES),
    ),
    min_size=1,
    max_size=8,
)
EDGES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=5)
HOLDS = st.lists(
    st.one_of(
        st.tuples(st.just("picture"), st.integers(0, 4)),
        st.tuples(st.just("file"), st.integers(0, 7)),
        st.tuples(st.just("library"), st.booleans()),
        st.tuples(st.just("folder"), st.sampled_from(["in", "in/x"])),
        st.tuples(st.just("attribute"), VALUES),
        st.tuples(st.just("anywhere"), VALUES),
    ),
    max_size=3,
)


@given(files=FILES, edges=EDGES, holds=HOLDS, released=st.sets(st.integers(0, 2)))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_both_directions_agree_with_the_rule(
    officer: User,
    admin: User,
    matter: Matter,
    library: Library,
    other: Library,
    files: list[tuple[bool, str, bytes | None, dict[str, str]]],
    edges: list[tuple[int, int, bool]],
    holds: list[tuple[str, Any]],
    released: set[int],
) -> None:
    with transaction.atomic():
        rows = [
            make_file(
                library if is_first else other,
                f"{folder}{next(names)}.jpg",
                content,
                attributes=attributes,
            )
            for is_first, folder, content, attributes in files
        ]
        pictures = [
            Picture.objects.create(
                sha256=content, byte_size=1, format="PNG", mode="L", width=1, height=1
            )
            for content in CONTENTS
        ]
        joined = _confirm(officer, pictures, edges)
        in_force: list[Hold] = []
        for number, (kind, what) in enumerate(holds):
            hold = _place(officer, matter, (library, other), rows, pictures, kind, what)
            if number in released:
                release(hold, officer, admin)
            else:
                in_force.append(hold)

        expected = {row.pk for row in rows if _is_held(row, rows, joined, in_force)}

        assert set(held_files().values_list("pk", flat=True)) == expected
        refused = SourceFile.objects.extra(where=["review_file_is_held(scanning_sourcefile.id)"])
        assert set(refused.values_list("pk", flat=True)) == expected
        transaction.set_rollback(True)


def _confirm(
    judge: User, pictures: list[Picture], edges: Iterable[tuple[int, int, bool]]
) -> dict[bytes, int]:
    """Judge these pairs; the number of the group of each content."""
    group = {bytes(picture.sha256): number for number, picture in enumerate(pictures)}
    for one, two, is_duplicate in dict.fromkeys(
        (min(one, two), max(one, two), same) for one, two, same in edges if one != two
    ):
        left, right = pictures[one], pictures[two]
        pair, created = CandidatePair.objects.get_or_create(
            left=left, right=right, defaults={"tier": "near", "score": 900}
        )
        if not created or not is_duplicate:
            continue
        decision = Decision.objects.create(
            pair=pair, verdict=Verdict.DUPLICATE, reviewer=judge, evidence={}
        )
        PairReview.objects.create(pair=pair, decision=decision, verdict=Verdict.DUPLICATE)
        old, new = group[bytes(right.sha256)], group[bytes(left.sha256)]
        group = {content: new if at == old else at for content, at in group.items()}
    return group


def _place(
    officer: User,
    matter: Matter,
    libraries: tuple[Library, Library],
    rows: list[SourceFile],
    pictures: list[Picture],
    kind: str,
    what: Any,
) -> Hold:
    covers: dict[str, Any]
    match kind:
        case "picture":
            covers = {"picture": pictures[what]}
        case "file":
            covers = {"source_file": rows[what % len(rows)]}
        case "library":
            covers = {"library": libraries[what]}
        case "folder":
            covers = {"library": libraries[0], "folder": what}
        case "attribute":
            covers = {
                "library": libraries[0],
                "attribute_name": "supplier",
                "attribute_value": what,
            }
        case _:
            covers = {"attribute_name": "supplier", "attribute_value": what}
    return make_hold(officer, matter, **covers)


def _is_held(
    row: SourceFile, rows: list[SourceFile], joined: dict[bytes, int], holds: list[Hold]
) -> bool:
    """The rule in plain words: it, or a copy of it, is covered by a hold in force."""

    def copies(one: SourceFile, content: bytes) -> bool:
        return one.sha256 is not None and joined[bytes(one.sha256)] == joined[content]

    family = [one for one in rows if one == row or (row.sha256 and copies(one, bytes(row.sha256)))]
    return any(_covers(hold, one) for hold in holds for one in family) or any(
        hold.picture is not None and copies(row, bytes(hold.picture.sha256)) for hold in holds
    )


def _covers(hold: Hold, file: SourceFile) -> bool:
    if hold.library is not None and hold.library != file.library:
        return False
    match hold.kind:
        case Hold.Kind.FILE:
            return hold.source_file == file
        case Hold.Kind.FOLDER:
            return file.path.startswith(f"{hold.folder}/")
        case Hold.Kind.ATTRIBUTE:
            return bool(file.attributes.get(hold.attribute_name) == hold.attribute_value)
        case Hold.Kind.LIBRARY:
            return True
        case _:
            return False
