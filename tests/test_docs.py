"""The documentation says what is true: compared here with the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def required(text: str) -> set[str]:
    """Names, with extras, of the lines of a requirements file: `celery[redis]~=5.7` and so on."""
    lines = (line.strip() for line in text.splitlines())
    return {re.split(r"[~=<>!; ]", line)[0] for line in lines if line and line[0] not in "#-"}


def test_every_dependency_is_explained() -> None:
    direct = set[str]()
    for path in (ROOT / "requirements").glob("*.in"):
        direct |= required(path.read_text())
    documentation = (ROOT / "docs" / "dependencies.md").read_text()
    assert set(re.findall(r"^- `([^`]+)`", documentation, re.MULTILINE)) == direct


@pytest.mark.parametrize("name", ["run", "embedded", "dev"])
def test_every_pinned_package_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pinned = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==.*", text, re.MULTILINE)
    hashed = re.findall(r"^\S+==.* \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == len(hashed) > 20
    assert "://" not in text


def test_every_environment_variable_is_documented() -> None:
    """Each one that the program reads is in the table of docs/operations.md, and the other way."""
    reads = re.compile(r'\b(?:env_[a-z]+\(|environ\.get\(|environ\[)\s*"([A-Z_]+)"')
    read = set[str]()
    for package in ("dedup_site", "scanning", "review"):
        for path in (ROOT / package).rglob("*.py"):
            read |= set(reads.findall(path.read_text()))
    ours = read - {"DJANGO_SETTINGS_MODULE"}
    documentation = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", documentation, re.MULTILINE)) == ours
