"""The decision bundle: written whole, and checked by a program that knows neither Django nor us."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dedup_site.accounts.models import User
from dedup_site.audit import verifier
from dedup_site.audit.models import AuditEvent
from review.models import Decision, Matter
from review.services import decisions, holds, leases
from scanning.models import CandidatePair
from tests.conftest import MakePair

pytestmark = pytest.mark.django_db
FILES = ["decisions.csv", "decisions.jsonl", "events.jsonl", "manifest.json"]


def decide(reviewer: User, pair: CandidatePair, **answer: Any) -> Decision:
    lease = leases.take(actor=reviewer, pair=pair)
    assert lease is not None
    return decisions.decide(actor=reviewer, pair=pair, token=lease.token, **answer)


@pytest.fixture
def log(reviewer: User, officer: User, make_pair: MakePair) -> list[Decision]:
    """A verdict with a note, a verdict that was taken back, and a hold."""
    same = decide(
        reviewer, make_pair(), verdict="duplicate", reason="same_picture", note="=同一張相片"
    )
    wrong = decide(reviewer, make_pair("c", "d"), verdict="not_duplicate", reason="similar_scene")
    undone = decisions.undo(actor=reviewer, decision=wrong)
    matter: Matter = holds.open_matter(actor=officer, reference="HCA 1/2026", title="A case")
    held = decide(
        reviewer, make_pair("e", "f"), verdict="legal_hold", reason="litigation", matter=matter
    )
    return [same, wrong, undone, held]


@pytest.fixture
def bundle(log: list[Decision], tmp_path: Path) -> Path:
    folder = tmp_path / "out" / "bundle"
    call_command("export_decisions", "--output", str(folder), stdout=io.StringIO())
    return folder


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def verified(bundle: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    status = verifier.main([str(bundle)])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def test_decisions_stand_with_their_links_and_evidence(bundle: Path, log: list[Decision]) -> None:
    assert sorted(path.name for path in bundle.iterdir()) == FILES
    lines = lines_of(bundle / "decisions.jsonl")
    same, wrong, undone, held = (decision.pk for decision in log)
    links = [(line["id"], line["supersedes"], line["superseded_by"]) for line in lines]
    assert links == [
        *((same, None, None), (wrong, None, undone), (undone, wrong, None), (held, None, None))
    ]
    assert lines[0]["note"] == "=同一張相片"
    assert lines[0]["reviewer"]["username"] == "reviewer"
    assert lines[0]["evidence"] == log[0].evidence


def test_the_table_is_a_view_without_formulas(bundle: Path) -> None:
    text = (bundle / "decisions.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["verdict"] for row in rows] == [
        *("duplicate", "not_duplicate", "withdrawn", "legal_hold")
    ]
    assert rows[0]["note"] == "'=同一張相片"


def test_events_are_those_of_decisions_holds_and_matters(bundle: Path) -> None:
    actions = [json.loads(line["body"])["action"] for line in lines_of(bundle / "events.jsonl")]
    assert actions == [
        *("decision.made", "decision.made", "decision.undone"),
        *("matter.opened", "decision.made", "hold.placed", "hold.placed"),
    ]


def test_the_manifest_counts_and_digests_every_file(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["format"] == "second-look-decisions"
    assert {name: facts["rows"] for name, facts in manifest["files"].items()} == {
        "decisions.csv": 4,
        "decisions.jsonl": 4,
        "events.jsonl": 7,
    }
    for name, facts in manifest["files"].items():
        raw = (bundle / name).read_bytes()
        assert facts["sha256"] == hashlib.sha256(raw).hexdigest()
        assert facts["bytes"] == len(raw)


def test_the_export_is_an_event_that_names_the_manifest(bundle: Path) -> None:
    event = AuditEvent.objects.get(action="export.decisions")
    digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    assert json.loads(event.body)["data"]["manifest_sha256"] == digest


def test_the_verifier_runs_without_django_or_a_database(bundle: Path) -> None:
    """-I: no environment; -S: no installed packages."""
    program = Path(verifier.__file__)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), str(bundle)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"ok: 4 decisions, 7 events\nmanifest sha256: {digest}\n"


def test_the_bundle_may_be_one_zip_file(
    log: list[Decision], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "bundle.zip"
    call_command("export_decisions", "--output", str(output), stdout=io.StringIO())
    assert sorted(zipfile.ZipFile(output).namelist()) == FILES
    assert verified(output, capsys)[0] == 0
    assert [path.name for path in tmp_path.glob(".export-*")] == []


def test_an_empty_log_is_a_bundle_too(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_decisions", "--output", str(tmp_path / "b"), stdout=io.StringIO())
    assert verified(tmp_path / "b", capsys)[0] == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("there", "exists already"),
        ("decisions.jsonl", "Name a folder or a .zip file"),
        ("file/bundle", "cannot be written"),
    ],
)
def test_what_cannot_be_written_says_what_to_do(
    db: None, tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=message):
        call_command("export_decisions", "--output", str(tmp_path / name))
    assert not AuditEvent.objects.filter(action="export.decisions").exists()


# Tampering. Each change also renews the manifest, as a careful forger would.


def change(bundle: Path, name: str, edit: Callable[[list[dict[str, Any]]], object]) -> None:
    lines = lines_of(bundle / name)
    edit(lines)
    text = "".join(
        json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
        for line in lines
    )
    (bundle / name).write_text(text, encoding="utf-8")
    renew_manifest(bundle)


def renew_manifest(bundle: Path) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, facts in manifest["files"].items():
        raw = (bundle / name).read_bytes()
        facts |= {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
        if name.endswith(".jsonl"):
            facts["rows"] = raw.count(b"\n")
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda d: d[0].update(verdict="not_duplicate"), "line 1, verdict: is not what"),
        (lambda d: d[0].update(reason="rescan"), "line 1, reason: is not what"),
        (lambda d: d[0].update(note="other"), "line 1, note: is not what"),
        (lambda d: d[0]["reviewer"].update(id=0), "line 1, reviewer: is not what"),
        (lambda d: d[0]["pair"].update(id=0), "line 1, pair: is not what"),
        (lambda d: d[3].update(supersedes=d[1]["id"]), "line 4, supersedes: names decision"),
        (lambda d: d[2].update(supersedes=0), "line 3, supersedes: names decision 0, which is not"),
        (lambda d: d[2].update(supersedes=d[0]["id"]), "on another pair"),
        (lambda d: d.reverse(), "line 2, id: is out of order"),
        (lambda d: d.append(d[0]), "line 5, id: decision"),
        (lambda d: d.pop(), "decisions.jsonl: lacks decision"),
        (lambda d: d[0].pop("note"), "line 1, line: lacks something"),
        (lambda d: d[0].update(id="one"), "line 2, line: lacks something or has the wrong shape"),
        (lambda d: d[0]["evidence"].update(score=0.5), "line 1, line: holds the number 0.5"),
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


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda e: e[0]["detail"].update(note="other"), "line 1, detail: is not what"),
        (lambda e: e[0].update(salt="00"), "line 1, detail: is not what"),
        (lambda e: e[0].update(uuid="0"), "line 1, uuid: is not the one"),
        (lambda e: e[0].update(body=e[0]["body"] + " "), "line 1, body: is not in canonical form"),
        (lambda e: e[0].update(body="x"), "line 1, body: is not JSON"),
        (lambda e: e.pop(0), "line 1, id: decision"),
        (lambda e: e.append(e[0]), "line 8, body: is a second event for decision"),
        (
            lambda e: e[0].update(body=e[0]["body"].replace('"duplicate"', '"legal_hold"')),
            "line 1, verdict: is not what the decision's event says",
        ),
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


def test_spaces_are_not_canonical(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = bundle / "decisions.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ", ", 1), encoding="utf-8")
    renew_manifest(bundle)
    status, printed = verified(bundle, capsys)
    assert status == 1
    assert "decisions.jsonl, line 1, line: is not in canonical form" in printed


def no_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()


def broken_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").write_text("{")


def newer_manifest(bundle: Path) -> None:
    text = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(text.replace('"version":1', '"version":2'))


def short_manifest(bundle: Path) -> None:
    text = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(text.replace("events.jsonl", "others.jsonl"))


@pytest.mark.parametrize("spoil", [no_manifest, broken_manifest, newer_manifest, short_manifest])
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
