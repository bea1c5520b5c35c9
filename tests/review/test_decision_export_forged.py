"""Forged bundles, each with its manifest renewed: the verifier names what was changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.review.bundles import change, relabelled, renew_manifest, verified

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda d: d[0].update(verdict="not_duplicate"), "line 1, verdict: is not what"),
        (lambda d: d[0].update(reason="rescan"), "line 1, reason: is not what"),
        (lambda d: d[0].update(note="other"), "line 1, note: is not what"),
        (lambda d: d[0]["reviewer"].update(id=0), "line 1, reviewer: is not what"),
        (lambda d: d[0]["pair"].update(id=0), "line 1, pair: is not what"),
        (lambda d: d[0].update(event=1), "line 1, index: is not what"),
        (lambda d: d[0].update(implied_by=1), "line 1, implied_by: is not what"),
        (lambda d: d[0]["evidence"].update(score=1), "line 1, evidence: is not what"),
        (lambda d: d[3].update(supersedes=d[1]["id"]), "line 4, supersedes: is not what"),
        (lambda d: d[2].update(supersedes=0), "line 3, supersedes: is not what"),
        (lambda d: d.reverse(), "reordered: decisions.jsonl, line 2, event: decision"),
        (lambda d: d.append(d[0]), "doubled: decisions.jsonl, line 5, id: decision"),
        (lambda d: d.insert(1, d[0]), "doubled: decisions.jsonl, line 2, id: decision"),
        (lambda d: d.pop(), "deleted: decisions.jsonl: lacks decision"),
        (lambda d: d.pop(0), "deleted: decisions.jsonl: lacks decision"),
        (lambda d: d.append({**d[0], "id": 0}), "added: decisions.jsonl, line 5, id: decision 0"),
        (lambda d: d[0].pop("note"), "line 1, line: lacks something"),
        (lambda d: d[0].update(id=[]), "line 1, line: lacks something or has the wrong shape"),
        (lambda d: d[0]["evidence"].update(score=0.5), "line 1, evidence: is not what"),
    ],
)
def test_a_changed_decision_is_told(
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    edit: Callable[[list[dict[str, Any]]], object],
    told: str,
) -> None:
    change(bundle, "decisions.jsonl", edit)
    status, printed = verified(bundle, capsys)
    assert status == 1
    assert told in printed
    assert "decisions.jsonl" in printed


def swapped(events: list[dict[str, Any]]) -> None:
    """Two entries, each in the other's place."""
    first, second = dict(events[3]), dict(events[5])
    relabelled(events[3], **{**second, "index": 3})
    relabelled(events[5], **{**first, "index": 5})


def forged(events: list[dict[str, Any]]) -> None:
    relabelled(events[0], body=events[0]["body"].replace('"duplicate"', '"legal_hold"'))


def invented(events: list[dict[str, Any]]) -> None:
    events.append(dict(events[3]))
    relabelled(events[7], index=7)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda e: e[0]["detail"].update(note="other"), "line 1, detail: is not what"),
        (lambda e: e[0].update(salt="00"), "line 1, detail: is not what"),
        (
            lambda e: e[0].update(detail={}, salt=""),
            "deleted: events.jsonl, detail: of entry 0 is gone, no event tells why",
        ),
        (lambda e: e[0].update(leaf="00"), "line 1, body: entry 0 is not the one that its leaf"),
        (lambda e: e[0].update(body=e[0]["body"] + " "), "line 1, body: entry 0 is not the one"),
        (lambda e: e[0].update(body="x"), "line 1, body: entry 0 is not the one"),
        (lambda e: e.pop(0), "deleted: events.jsonl: entry 0 is missing"),
        (lambda e: e.pop(3), "deleted: events.jsonl: entry 3 is missing"),
        (lambda e: e.pop(), "truncated: events.jsonl: the entries 6 to 6 are missing"),
        (lambda e: e.clear(), "truncated: events.jsonl: the entries 0 to 6 are missing"),
        (lambda e: e.append(e[0]), "doubled: events.jsonl, line 8, index: entry 0 is there twice"),
        (lambda e: e.insert(0, e[0]), "doubled: events.jsonl, line 2, index: entry 0 is there"),
        (lambda e: e.reverse(), "reordered: events.jsonl, line 2, index: entry 5 stands after"),
        (swapped, "events.jsonl: one of the entries 0 to 6 is not the one under the root"),
        (forged, "events.jsonl: one of the entries 0 to 6 is not the one under the root"),
        (invented, "events.jsonl: the entries from 7 on stand under no checkpoint"),
    ],
)
def test_a_changed_event_is_told(
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    edit: Callable[[list[dict[str, Any]]], object],
    told: str,
) -> None:
    change(bundle, "events.jsonl", edit)
    status, printed = verified(bundle, capsys)
    assert status == 1
    assert told in printed


@pytest.mark.parametrize("name", ["decisions.jsonl", "decisions.csv", "events.jsonl"])
def test_every_byte_is_covered_by_the_manifest(
    bundle: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    raw = (bundle / name).read_bytes()
    (bundle / name).write_bytes(raw[:-5] + b"x" + raw[-4:])
    status, printed = verified(bundle, capsys)
    assert status == 1
    assert f"{name}, sha256: is " in printed


def test_a_missing_file_is_told(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "events.jsonl").unlink()
    status, printed = verified(bundle, capsys)
    assert status == 1
    assert "events.jsonl: is missing" in printed


def test_the_spelling_of_a_decision_does_not_matter_that_of_a_body_does(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The body is what is hashed. A decision is compared by what it says."""
    path = bundle / "decisions.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ", ", 1), encoding="utf-8")
    renew_manifest(bundle)
    assert verified(bundle, capsys)[0] == 0


def no_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()


def broken_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").write_text("{")


def newer_manifest(bundle: Path) -> None:
    text = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(text.replace('"version":2', '"version":3'))


def no_keys(bundle: Path) -> None:
    (bundle / "keys.txt").unlink()


def broken_key(bundle: Path) -> None:
    (bundle / "keys.txt").write_text("no key")


def broken_checkpoint(bundle: Path) -> None:
    (bundle / "checkpoints.jsonl").write_text('{"note":"log\\n01\\n"}\n')


def short_manifest(bundle: Path) -> None:
    text = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(text.replace("events.jsonl", "others.jsonl"))


@pytest.mark.parametrize(
    "spoil",
    [
        *(no_manifest, broken_manifest, newer_manifest, short_manifest),
        *(no_keys, broken_key, broken_checkpoint),
    ],
)
def test_what_is_no_bundle_cannot_be_read(
    bundle: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None]
) -> None:
    spoil(bundle)
    status, printed = verified(bundle, capsys)
    assert status == 2
    assert printed.startswith("cannot read: ")


def test_a_path_that_is_not_there_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(tmp_path / "nothing", capsys)[0] == 2
    (tmp_path / "text.zip").write_text("no zip")
    assert verified(tmp_path / "text.zip", capsys)[0] == 2
