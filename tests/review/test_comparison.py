"""What differs between two sides, and only that."""

import pytest

from dedup_site.accounts.models import User
from review.comparison import differences, sides
from scanning.models import CandidatePair, Library, Picture, SourceFile
from tests.conftest import MakePair, MakePicture

pytestmark = pytest.mark.django_db


def lines(pair: CandidatePair, user: User, right_file: int | None = None) -> dict[str, set[str]]:
    """The differences by label; as sets, because pairs are ordered by digest."""
    return {
        line.label: {line.left, line.right} for line in differences(*sides(pair, user, right_file))
    }


def add_file(library: Library, picture: Picture, path: str, **fields: object) -> SourceFile:
    values = {"size": 1, "modified_ns": 0, "sha256": picture.sha256, "state": "read", **fields}
    return SourceFile.objects.create(
        library=library, path=path, path_key=path.encode().ljust(32), **values
    )


def test_equal_facts_are_left_out(reviewer: User, make_pair: MakePair) -> None:
    assert lines(make_pair("a", "b"), reviewer) == {"Path": {"a.jpg", "b.jpg"}}


def test_content_metadata_and_attributes_that_differ(
    reviewer: User, make_picture: MakePicture, make_pair: MakePair
) -> None:
    make_picture("a", width=4000, height=3000, byte_size=2_500_000)
    make_picture("b", format="PNG", mode="L", metadata={"camera_model": "X100", "dpi": "300"})
    for name, supplier in (("a", "A12"), ("b", "B7")):
        SourceFile.objects.filter(path=f"{name}.jpg").update(
            attributes={"supplier": supplier, "tender": "T1"}
        )

    assert lines(make_pair("a", "b"), reviewer) == {
        "Dimensions": {"4000 × 3000 (12.0 MP)", "800 × 600"},
        "Size": {"2.4\N{NO-BREAK SPACE}MB (2,500,000 bytes)", "12\N{NO-BREAK SPACE}bytes"},
        "Format": {"JPEG", "PNG"},
        "Colour mode": {"RGB", "L"},
        "Camera": {"", "X100"},
        "Resolution (dpi)": {"", "300"},
        "supplier": {"A12", "B7"},
        "Path": {"a.jpg", "b.jpg"},
    }


def test_the_files_of_an_identical_pair_are_compared_two_at_a_time(
    reviewer: User, library: Library, make_pair: MakePair
) -> None:
    pair = make_pair("a", "a", tier="identical")
    add_file(library, pair.left, "b.jpg", modified_ns=1_700_000_000_000_000_000)
    third = add_file(library, pair.left, "c.jpg", attributes={"vendor": "C"})

    assert lines(pair, reviewer) == {"Path": {"a.jpg", "b.jpg"}}
    assert lines(pair, reviewer, third.pk) == {
        "Path": {"a.jpg", "c.jpg"},
        "Changed": {"2023-11-15 06:13:20", "1970-01-01 08:00:00"},
        "vendor": {"", "C"},
    }


def test_many_values_are_cut_short(reviewer: User, library: Library, make_pair: MakePair) -> None:
    pair = make_pair("a", "b")
    for number in range(6):
        add_file(library, Picture.objects.get(pk=pair.left_id), f"z{number}.jpg")

    left, _right = sides(pair, reviewer)

    assert len(left.files) == 7
    assert any("and 3 more" in text for text in lines(pair, reviewer)["Path"])


def test_files_of_libraries_not_given_are_not_compared(reviewer: User, make_pair: MakePair) -> None:
    pair = make_pair("a", "b")
    hidden = Library.objects.create(name="Hidden", kind="uploaded")
    add_file(hidden, pair.left, "secret.jpg")

    assert lines(pair, reviewer) == {"Path": {"a.jpg", "b.jpg"}}


def test_a_file_that_is_gone_comes_last(
    reviewer: User, library: Library, make_pair: MakePair
) -> None:
    pair = make_pair("a", "b")
    SourceFile.objects.filter(sha256=pair.left.sha256).update(is_present=False)
    there = add_file(library, pair.left, "zz.jpg")

    left, _right = sides(pair, reviewer)

    assert left.shown == there
