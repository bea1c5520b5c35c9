"""Configuration is read strictly: a wrong value stops the program and names its variable."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dedup_site.env import env_bool, env_int, env_list, env_secret, env_str


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("COLOUR", raising=False)
    monkeypatch.delenv("COLOUR_FILE", raising=False)
    return monkeypatch


def test_a_missing_variable_gives_the_default(give: pytest.MonkeyPatch) -> None:
    assert env_str("COLOUR", "grey") == "grey"
    assert env_bool("COLOUR", default=True) is True
    assert env_int("COLOUR", 7) == 7
    assert env_list("COLOUR", ["grey"]) == ["grey"]
    assert env_secret("COLOUR") == ""


def test_text_is_taken_as_it_is(give: pytest.MonkeyPatch) -> None:
    give.setenv("COLOUR", " red ")
    assert env_str("COLOUR", "grey") == " red "


@pytest.mark.parametrize(
    ("text", "value"), [("True", True), ("1", True), ("False", False), ("0", False)]
)
def test_truth_has_four_spellings(give: pytest.MonkeyPatch, text: str, value: bool) -> None:
    give.setenv("COLOUR", text)
    assert env_bool("COLOUR", default=not value) is value


@pytest.mark.parametrize("text", ["true", "yes", "", "on", "2"])
def test_any_other_truth_is_refused(give: pytest.MonkeyPatch, text: str) -> None:
    give.setenv("COLOUR", text)
    with pytest.raises(ImproperlyConfigured, match="COLOUR must be True, False, 1 or 0, not"):
        env_bool("COLOUR", default=False)


def test_numbers_are_whole(give: pytest.MonkeyPatch) -> None:
    give.setenv("COLOUR", "12")
    assert env_int("COLOUR", 7) == 12
    give.setenv("COLOUR", "12.5")
    with pytest.raises(ImproperlyConfigured, match=r"COLOUR must be a whole number, not '12\.5'"):
        env_int("COLOUR", 7)


def test_lists_are_separated_by_commas(give: pytest.MonkeyPatch) -> None:
    give.setenv("COLOUR", "red, green,,blue ")
    assert env_list("COLOUR") == ["red", "green", "blue"]
    give.setenv("COLOUR", "")
    assert env_list("COLOUR", ["grey"]) == []


def test_a_secret_may_lie_in_a_file(give: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "colour").write_text("vermilion\n")
    give.setenv("COLOUR_FILE", str(tmp_path / "colour"))
    assert env_secret("COLOUR") == "vermilion"


def test_a_secret_file_that_cannot_be_read_is_an_error(
    give: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    give.setenv("COLOUR_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=r"COLOUR_FILE: cannot read .*/missing"):
        env_secret("COLOUR")


def test_an_empty_secret_file_is_an_error(give: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "colour").write_text("\n")
    give.setenv("COLOUR_FILE", str(tmp_path / "colour"))
    with pytest.raises(ImproperlyConfigured, match=r"COLOUR_FILE: .*/colour is empty"):
        env_secret("COLOUR")


def test_a_secret_given_twice_is_an_error(give: pytest.MonkeyPatch, tmp_path: Path) -> None:
    give.setenv("COLOUR", "red")
    give.setenv("COLOUR_FILE", str(tmp_path / "colour"))
    with pytest.raises(ImproperlyConfigured, match="either COLOUR or COLOUR_FILE, not both"):
        env_secret("COLOUR")
