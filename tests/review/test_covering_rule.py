"""Which files a hold covers, for any files, pairs and holds: the database agrees with the rule."""

import hashlib
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup_site.accounts.models import User
from review.models import Decision, Hold, Matter, PairReview, Verdict
from review.records.hold_querysets import held_files
from scanning.models import CandidatePair, Library, Picture, SourceFile
from tests.review.records import make_file, make_hold, release

pytestmark = pytest.mark.django_db


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


@pytest.fixture
def other(db: None) -> Library:
    return Library.objects.create(name="Tenders", kind="uploaded")


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
            pair=pair, verdict=Verdict.DUPLICATE, reason="rescan", reviewer=judge, evidence={}
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
