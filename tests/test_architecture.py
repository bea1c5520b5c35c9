"""The plan of the house: which room may import which, and how large a module may grow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = ("dedup_site", "scanning", "review")
MOST_LINES = 400

# What each room must not know of. `dedup_site` itself (settings, urls, celery) assembles all.
FORBIDDEN = {
    "dedup_site/accounts": ("scanning", "review"),
    "dedup_site/audit": ("dedup_site.accounts", "scanning", "review"),
    "scanning": ("review",),
    "scanning/engine": (
        *("django", "celery", "redis", "psycopg", "dedup_site", "review"),
        *("scanning.models", "scanning.querysets", "scanning.services", "scanning.views"),
        "scanning.tasks",
    ),
}


def modules(room: str) -> list[Path]:
    """Our own modules of a room; migrations are written by Django."""
    return sorted(path for path in (HOUSE / room).rglob("*.py") if "migrations" not in path.parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, wherever in it."""
    package = ".".join(path.relative_to(HOUSE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1])
            parts = [base if node.level else "", node.module or ""]
            source = ".".join(part for part in parts if part)
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def strangers(room: str, forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(HOUSE)}:{line} imports {name}"
        for path in modules(room)
        for line, name in imported(path)
        if any(name == known or name.startswith(f"{known}.") for known in forbidden)
    ]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_dependencies_point_one_way(room: str) -> None:
    assert strangers(room, FORBIDDEN[room]) == []


def test_the_verifier_runs_anywhere() -> None:
    """Three files that need Python and each other, wherever they are copied to."""
    import sys

    parts = ("verifier", "entries", "proofs")
    ours = tuple(f"{place}{part}" for part in parts for place in ("", "dedup_site.audit."))
    names = {
        name
        for part in parts
        for _line, name in imported(HOUSE / f"dedup_site/audit/{part}.py")
        if not name.startswith(ours)
    }
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("room", ROOMS)
def test_modules_stay_small(room: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(room)}
    assert [f"{path}: {lines}" for path, lines in lengths.items() if lines > MOST_LINES] == []


def test_the_eyes_of_this_test_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "scanning"
    room.mkdir()
    (room / "a.py").write_text("def f():\n    from review.models import Hold\nimport reviewers\n")
    (room / "b.py").write_text("from . import tasks\nfrom .views import audit\n")
    monkeypatch.setitem(globals(), "HOUSE", tmp_path)
    assert strangers("scanning", ("review",)) == ["scanning/a.py:2 imports review.models.Hold"]
    assert strangers("scanning", ("scanning.tasks", "scanning.views")) == [
        "scanning/b.py:1 imports scanning.tasks",
        "scanning/b.py:2 imports scanning.views.audit",
    ]
