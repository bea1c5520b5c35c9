"""Every text is there in Traditional Chinese, and the compiled catalogue is what was written."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import polib  # type: ignore[import-untyped]  # has no stubs
import pytest
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import date, filesizeformat
from django.test import Client
from django.utils.formats import number_format
from django.utils.translation import override

from dedup_site.accounts.models import User
from scanning.findings import ERROR_MESSAGES
from tests.conftest import MakePair

HOUSE = Path(__file__).parent.parent
FOLDER = HOUSE / "locale/zh_Hant/LC_MESSAGES"
CATALOGUE = polib.pofile(str(FOLDER / "django.po"))
PLACEHOLDER = re.compile(r"%%|%(?:\(\w+\))?[a-z]|\{\w*\}")
CHINESE = "zh-hant"


@pytest.fixture(autouse=True)
def language_of_other_tests() -> Iterator[None]:
    """A page asked for in Chinese leaves its language behind in the thread."""
    with override("en"):
        yield


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def translations(entry: polib.POEntry) -> list[str]:
    """One text, or one for each plural form."""
    return [*entry.msgstr_plural.values()] if entry.msgid_plural else [entry.msgstr]


def compiled(entry: polib.POEntry) -> tuple[str | None, str, str, list[str]]:
    return entry.msgctxt, entry.msgid, entry.msgid_plural, translations(entry)


def page(client: Client, address: str) -> str:
    return client.get(address, headers={"accept-language": CHINESE}).content.decode()


def test_nothing_is_untranslated_or_in_doubt() -> None:
    assert len(CATALOGUE) > 700
    assert [entry.msgid for entry in CATALOGUE if not entry.translated()] == []
    assert [entry.msgid for entry in CATALOGUE if entry.fuzzy or entry.obsolete] == []


def test_placeholders_are_the_same_on_both_sides() -> None:
    wrong = [
        entry.msgid
        for entry in CATALOGUE
        for text in translations(entry)
        if placeholders(text) != placeholders(entry.msgid_plural or entry.msgid)
    ]
    assert wrong == []


def test_punctuation_is_that_of_chinese() -> None:
    """No Western comma, semicolon, question mark or quotation mark after a Chinese character."""
    western = re.compile(r"[\u4e00-\u9fff][,;?!“”]")
    assert [
        text for entry in CATALOGUE for text in translations(entry) if western.search(text)
    ] == []


def test_the_compiled_catalogue_is_up_to_date() -> None:
    built = polib.mofile(str(FOLDER / "django.mo"))
    assert sorted(map(compiled, built), key=str) == sorted(map(compiled, CATALOGUE), key=str)


@pytest.mark.parametrize("path", sorted(FOLDER.parent.parent.rglob("*.po")), ids=lambda p: p.name)
def test_each_catalogue_names_its_language(path: Path) -> None:
    header = polib.pofile(str(path)).metadata
    assert header["Language"] == path.relative_to(FOLDER.parent.parent).parts[0]
    assert header["Plural-Forms"] == "nplurals=1; plural=0;"


def test_the_engine_says_nothing_that_cannot_be_translated() -> None:
    """It knows no Django, so that its fixed messages are named again for the catalogue."""
    fixed = re.compile(r'PictureError\(\s*"\w+", ("[^"]+")\s*\)')
    said = set[str]()
    for path in (HOUSE / "scanning/engine").rglob("*.py"):
        said |= {message.strip('"') for message in fixed.findall(path.read_text(encoding="utf-8"))}
    assert said == set(ERROR_MESSAGES)


@pytest.mark.django_db
def test_the_sign_in_page(client: Client) -> None:
    shown = page(client, "/sign-in/")
    assert '<html lang="zh-Hant-HK">' in shown
    assert "用戶名稱" in shown
    assert "一次性連結" in shown


@pytest.mark.django_db
def test_the_overview(client_as: Callable[[User], Client], reviewer: User) -> None:
    shown = page(client_as(reviewer), "/")
    assert '<html lang="zh-Hant-HK">' in shown
    assert "未有決定的配對" in shown
    assert "不會處置任何檔案。" in shown


@pytest.mark.django_db
def test_the_queue(
    client_as: Callable[[User], Client], reviewer: User, make_pair: MakePair
) -> None:
    make_pair(score=954)
    shown = page(client_as(reviewer), "/review/")
    assert '<html lang="zh-Hant-HK">' in shown
    assert "近似重複" in shown
    assert "95.4%" in shown


def test_numbers_and_dates_as_hong_kong_writes_them() -> None:
    with override(CHINESE):
        assert intcomma(1234567) == "1,234,567"
        assert number_format(1234.5, 2, force_grouping=True) == "1,234.50"
        assert filesizeformat(4_949_844) == "4.7\N{NO-BREAK SPACE}MB"
        assert date(datetime(2026, 9, 5, 20, 45), "DATETIME_FORMAT") == "2026年9月5日 20:45"  # noqa: DTZ001  (a clock's reading, no moment)
