"""What an interrupted move leaves behind, and what is to be done about it."""

import hashlib
from pathlib import Path

import pytest

from review.actions.facts import Facts, Next, Standing, look, standing
from review.actions.opening import Place
from review.actions.troubles import Refused

CONTENT = b"a picture"
SHA256 = hashlib.sha256(CONTENT).digest()
NOTHING, OURS, CHANGED, OTHER = Standing


@pytest.mark.parametrize(
    ("source", "aside", "expected"),
    [
        (OURS, NOTHING, Next.NOTHING_HAPPENED),
        (CHANGED, NOTHING, Next.NOTHING_HAPPENED),
        (OTHER, NOTHING, Next.NOTHING_HAPPENED),
        (NOTHING, OURS, Next.FORWARD),
        (OTHER, OURS, Next.FORWARD),
        (NOTHING, OTHER, Next.PUT_BACK),
        (NOTHING, CHANGED, Next.PUT_BACK),
        (OURS, OTHER, Next.LEFT_ASIDE),
        (OTHER, OTHER, Next.LEFT_ASIDE),
        (OTHER, CHANGED, Next.LEFT_ASIDE),
        (NOTHING, NOTHING, Next.LOST),
    ],
)
def test_what_to_do(source: Standing, aside: Standing, expected: Next) -> None:
    assert Facts(source, aside).next is expected


def test_what_stands_at_a_place(tmp_path: Path) -> None:
    place, file = Place(str(tmp_path), b"a.jpg"), tmp_path / "a.jpg"
    assert standing(place, SHA256) is NOTHING
    file.write_bytes(CONTENT)
    inode = file.stat().st_ino
    assert standing(place, SHA256) is OURS
    assert standing(place, SHA256, inode) is OURS
    assert standing(place, SHA256, inode + 1) is OTHER
    file.write_bytes(b"another")
    assert standing(place, SHA256, inode) is CHANGED
    file.unlink()
    file.symlink_to("b.jpg")
    assert standing(place, SHA256, inode) is OTHER


def test_a_library_that_is_away_has_lost_nothing(tmp_path: Path) -> None:
    """The mount point is there, and empty: nobody can say where the file is."""
    source, aside = Place(str(tmp_path), b"a.jpg"), Place(str(tmp_path), b"aside/1-a.jpg")
    with pytest.raises(Refused, match="folder_gone"):
        look(source, aside, SHA256, 1)
    (tmp_path / "aside").mkdir()
    assert look(source, aside, SHA256, 1).next is Next.LOST
