"""Page by page in Chinese: no sentence is left in English, for any role.

Texts that the catalogue does not have yet are tests/test_translations.py's matter; here it is those
that never reach the catalogue, and those that it has and a page does not use.
"""

import ast
import re
from functools import cache
from pathlib import Path

import polib  # type: ignore[import-untyped]  # has no stubs
import pytest
from playwright.sync_api import Page

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.models import Matter
from scanning.models import Library, ScanJob, SourceFile
from tests.e2e.conftest import MakePerson, SignIn
from tests.e2e.test_accessibility import addresses_for

HOUSE = Path(__file__).parent.parent.parent
# What people see and hear, where it is no path, key, digest or code. Two words in a row are a
# sentence; single Latin words are formats, units and names.
TEXTS = r"""
() => {
  const found = new Set();
  const add = (text) => {
    text = (text ?? "").trim().replace(/\s+/g, " ");
    if (/[A-Za-z]{2,}[ ,]+[a-z]{2,}/.test(text) && !/[\u3400-\u9fff]/.test(text)) found.add(text);
  };
  const data = ".path, .mono, .note, code, kbd, pre, script, style, textarea, [translate=no]";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!element.closest(data)) add(walker.currentNode.data);
  }
  for (const name of ["title", "aria-label", "placeholder", "alt"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (!element.closest(data)) add(element.getAttribute(name));
    }
  }
  return [...found];
}
"""
IN_TEMPLATES = re.compile(
    r'translate "([^"]+)"|_\("([^"]+)"\)|blocktranslate[^%]*%\}(.*?)\{% (?:plural|endblock)',
    re.DOTALL,
)
VARIABLE = re.compile(r"\{\{.*?\}\}|%\(\w+\)[a-z]")


@cache
def to_come() -> list[str]:
    """What stands between the variables of texts that the catalogue does not have yet."""
    path = HOUSE / "locale/zh_Hant/LC_MESSAGES/django.po"
    known = {entry.msgid for entry in polib.pofile(str(path))}
    said = set[str]()
    for folder in ("review", "scanning", "dedup_site"):
        for file in (HOUSE / folder).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
            said |= {node.value for node in constants if isinstance(node.value, str)}
    for file in (HOUSE / "templates").rglob("*.html"):
        for found in IN_TEMPLATES.findall(file.read_text(encoding="utf-8")):
            said |= {*found}
    parts = {part.strip() for text in said - known for part in VARIABLE.split(text)}
    return [part for part in parts if len(part) > 8 and " " in part]


def names() -> list[str]:
    """What people wrote, which no program translates; the longest first."""
    attributes = SourceFile.objects.values_list("attributes", flat=True)
    written = {
        *Library.objects.values_list("name", flat=True),
        *ScanJob.objects.values_list("name", flat=True),
        *User.objects.values_list("username", flat=True),
        *(f"{matter}" for matter in Matter.objects.exclude(reference="UNASSIGNED")),
        *Matter.objects.exclude(basis="").values_list("basis", flat=True),
        *SourceFile.objects.values_list("path", flat=True),
        *(str(value) for each in attributes for value in each.values()),
    }
    return sorted(written, key=len, reverse=True)


def is_english(text: str, written: list[str]) -> bool:
    """Whether two Latin words in a row are left without the names in it."""
    for name in written:
        text = text.replace(name, "") if name else text
    return bool(re.search(r"[A-Za-z]{2,}[ ,]+[a-z]{2,}", text))


def english(page: Page) -> list[str]:
    """Sentences of the page that are in English and were not written by people."""
    texts: list[str] = page.evaluate(TEXTS)
    written = names()
    return [
        text
        for text in texts
        if is_english(text, written) and not any(part in text for part in to_come())
    ]


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_no_sentence_is_left_in_english(
    open_page: SignIn, make_person: MakePerson, demo: Library, role: Role
) -> None:
    page = open_page(make_person(role, demo), locale="zh-HK")
    found = []
    for address in addresses_for(role, demo):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        found += [(address, text) for text in english(page)]
    assert found == [], "\n".join(map(str, found))


def test_nor_on_the_pages_of_whoever_is_not_signed_in(open_page: SignIn) -> None:
    page = open_page(locale="zh-HK")
    page.goto("/sign-in/")

    assert english(page) == []
