"""Attributes of a file from its path and from a manifest, and which pairs the rules ask for."""

import io

import pytest

from scanning.attributes import (
    MAXIMUM_VALUE,
    ManifestError,
    PatternError,
    matters,
    parse_pattern,
    read_manifest,
)


def attributes(pattern: str, path: str) -> dict[str, str]:
    parsed = parse_pattern(pattern)
    assert parsed is not None
    return parsed.attributes_of(path)


# Patterns


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("{tender}/{supplier}/…", "T-1/Lee/a.jpg", {"tender": "T-1", "supplier": "Lee"}),
        ("{tender}/{supplier}/…", "T-1/Lee/x/y/a.jpg", {"tender": "T-1", "supplier": "Lee"}),
        ("{tender}/{supplier}/...", "T-1/Lee/a.jpg", {"tender": "T-1", "supplier": "Lee"}),
        ("{tender}/{supplier}/**", "T-1/Lee/a.jpg", {"tender": "T-1", "supplier": "Lee"}),
        ("/{tender}/…/", "T-1/a.jpg", {"tender": "T-1"}),
        ("{tender}/{supplier}/…", "T-1/a.jpg", {}),
        ("{vendor}/*", "Wong/a.jpg", {"vendor": "Wong"}),
        ("{vendor}/*", "Wong/deeper/a.jpg", {}),
        ("*/{customer}-*.jpg", "2024/C77-front.jpg", {"customer": "C77"}),
        ("*/{customer}-*.jpg", "2024/C77-front.png", {}),
        ("{bureau}_{year}/…", "Lands_2024/a.jpg", {"bureau": "Lands", "year": "2024"}),
        ("{name}.{suffix}", "a.b.jpg", {"name": "a", "suffix": "b.jpg"}),
        ("scans (old)/{box}/…", "scans (old)/7/a.jpg", {"box": "7"}),
        ("scans (old)/{box}/…", "scans old/7/a.jpg", {}),
        ("a.*b/{x}", "a.zzb/1", {"x": "1"}),
        ("a.*b/{x}", "axzzb/1", {}),
        ("{bureau}/…", "地政總署/line\nbreak.jpg", {"bureau": "地政總署"}),
    ],
)
def test_what_a_path_says(pattern: str, path: str, expected: dict[str, str]) -> None:
    assert attributes(pattern, path) == expected


def test_the_first_line_that_fits_counts() -> None:
    pattern = "tenders/{tender}/{supplier}/…\n\n  shops/{vendor}/*\n{folder}/…"
    assert attributes(pattern, "tenders/T-1/Lee/a.jpg") == {"tender": "T-1", "supplier": "Lee"}
    assert attributes(pattern, "shops/Wong/a.jpg") == {"vendor": "Wong"}
    assert attributes(pattern, "shops/Wong/b/a.jpg") == {"folder": "shops"}
    parsed = parse_pattern(pattern)
    assert parsed is not None
    assert parsed.names == ("tender", "supplier", "vendor", "folder")


def test_a_long_value_is_cut() -> None:
    assert attributes("{a}/…", "x" * 250 + "/y") == {"a": "x" * MAXIMUM_VALUE}


@pytest.mark.parametrize("text", ["", "  ", "/", "\n / \n"])
def test_no_pattern(text: str) -> None:
    assert parse_pattern(text) is None


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{a}/…/{b}", "“…” can only be the last part of the pattern."),
        ("{a}/…\n**/{b}", "“…” can only be the last part of the pattern."),
        ("{a/b}", "A brace is missing its partner in “{a”."),
        ("a}", "A brace is missing its partner in “a}”."),
        ("{a}{", "A brace is missing its partner in “{a}{”."),
        (
            "{Tender}",
            "“Tender” is no attribute name: use lower-case letters, digits and “_”.",
        ),
        ("{}", "“” is no attribute name: use lower-case letters, digits and “_”."),
        ("{1st}", "“1st” is no attribute name: use lower-case letters, digits and “_”."),
        ("{供應商}", "“供應商” is no attribute name: use lower-case letters, digits and “_”."),
        ("{a}/{a}", "“a” stands twice in the pattern."),
    ],
)
def test_what_is_wrong_with_a_pattern(pattern: str, message: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse_pattern(pattern)
    assert str(caught.value) == message


# Manifests

NO_NAME = (
    "in the manifest's first line is no attribute name: use lower-case letters, digits and “_”."
)


def manifest(text: str) -> dict[str, dict[str, str]]:
    return read_manifest(io.StringIO(text, newline=""))


def test_a_manifest_names_the_attributes_of_each_path() -> None:
    assert manifest(
        "\ufeffPath, Supplier ,tender\r\n"
        "a.jpg,Lee,T-1\r\n"
        "\r\n"
        '/b/c.jpg," Wong, Son & Co ",\r\n'
        '"line\nbreak.jpg",,\r\n'
        "再.jpg,李,T-1\r\n"
    ) == {
        "a.jpg": {"supplier": "Lee", "tender": "T-1"},
        "b/c.jpg": {"supplier": "Wong, Son & Co"},
        "line\nbreak.jpg": {},
        "再.jpg": {"supplier": "李", "tender": "T-1"},
    }


def test_a_manifest_of_its_first_line_alone() -> None:
    assert manifest("path,supplier") == {}


def test_what_no_database_can_keep_is_left_out() -> None:
    assert manifest("path,supplier\na.jpg,Le\0e\n") == {"a.jpg": {"supplier": "Lee"}}


def test_a_long_cell_is_cut() -> None:
    assert manifest(f"path,a\nx,{'y' * 300}") == {"x": {"a": "y" * MAXIMUM_VALUE}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The manifest's first line must name a column “path”."),
        ("file,supplier\n", "The manifest's first line must name a column “path”."),
        ("path,Supplier name\n", f"“supplier name” {NO_NAME}"),
        ("path,\n", f"“” {NO_NAME}"),
        ("path,a,A\n", "“a” stands twice in the manifest's first line."),
        ("path,a\nx,1\ny,2,3\n", "Line 3 of the manifest has 3 cells instead of 2."),
        ("path,a\nx\n", "Line 2 of the manifest has 1 cells instead of 2."),
        ('path,a\n"x"y,1\n', "Line 2 of the manifest is not CSV: ',' expected after '\"'."),
        ('path,a\n"x,1\n', "Line 2 of the manifest is not CSV: unexpected end of data."),
    ],
)
def test_what_is_wrong_with_a_manifest(text: str, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifest(text)
    assert str(caught.value) == message


# Rules

LEE = {"tender": "T-1", "supplier": "Lee"}
WONG = {"tender": "T-1", "supplier": "Wong"}
WONG_LATER = {"tender": "T-2", "supplier": "Wong"}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (LEE, WONG, True),
        (WONG, LEE, True),
        (LEE, LEE, False),
        (LEE, WONG_LATER, False),
        (LEE, {"tender": "T-1"}, False),
        ({"supplier": "Lee"}, {"supplier": "Wong"}, False),
        ({}, {}, False),
    ],
)
def test_the_same_tender_and_another_supplier(
    left: dict[str, str], right: dict[str, str], expected: bool
) -> None:
    assert matters(left, right, must_agree=["tender"], must_differ=["supplier"]) is expected


def test_without_rules_every_pair_matters() -> None:
    assert matters({}, LEE, must_agree=[], must_differ=[])


def test_a_missing_attribute_agrees_with_nothing_and_differs_from_nothing() -> None:
    assert not matters({}, {}, must_agree=["tender"], must_differ=[])
    assert not matters(LEE, {}, must_agree=[], must_differ=["supplier"])
