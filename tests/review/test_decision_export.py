"""The decision bundle: written whole, and checked by a program that knows neither Django nor us."""

import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from base64 import b64encode
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dedup_site.accounts.models import User
from dedup_site.audit import keyring, outside, verifier
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import record
from review.models import Decision
from tests.audit.logs import sequence_all
from tests.review.bundles import (
    exported,
    lines_of,
    verified,
)

pytestmark = pytest.mark.django_db
FILES = [
    *("checkpoints.jsonl", "consistency.jsonl", "decisions.csv", "decisions.jsonl"),
    *("decisions.xlsx", "events.jsonl", "keys.txt", "manifest.json"),
]


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


def test_the_whole_log_is_there_and_open_where_it_is_about_decisions(bundle: Path) -> None:
    lines = lines_of(bundle / "events.jsonl")
    assert [line["index"] for line in lines] == list(range(7))
    assert [json.loads(line["body"])["action"] for line in lines] == [
        *("decision.made", "decision.made", "decision.undone"),
        *("matter.opened", "decision.made", "hold.placed", "hold.placed"),
    ]
    assert all("salt" in line for line in lines)


def test_other_events_are_there_without_their_detail(
    log: list[Decision], auditor: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("account.signed_in", actor=auditor, target=auditor)
    sequence_all()
    bundle = exported(tmp_path / "b")
    line = lines_of(bundle / "events.jsonl")[-1]
    assert sorted(line) == ["body", "index", "leaf"]
    assert "auditor" not in line["body"]
    assert verified(bundle, capsys)[0] == 0


def test_the_manifest_counts_and_digests_every_file(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["format"] == "second-look-decisions"
    assert manifest["whole"] is True
    assert {name: facts["rows"] for name, facts in manifest["files"].items()} == {
        "checkpoints.jsonl": 1,
        "consistency.jsonl": 0,
        "decisions.csv": 4,
        "decisions.jsonl": 4,
        "decisions.xlsx": 4,
        "events.jsonl": 7,
        "keys.txt": 1,
    }
    for name, facts in manifest["files"].items():
        raw = (bundle / name).read_bytes()
        assert facts["sha256"] == hashlib.sha256(raw).hexdigest()
        assert facts["bytes"] == len(raw)


def test_the_export_is_an_event_that_names_the_manifest(bundle: Path) -> None:
    event = AuditEvent.objects.get(action="export.decisions")
    digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    assert json.loads(event.body)["data"]["manifest_sha256"] == digest


def test_the_workbook_has_what_the_table_has(bundle: Path) -> None:
    with zipfile.ZipFile(bundle / "decisions.xlsx") as book:
        sheet = book.read("xl/worksheets/1.xml").decode("utf-8")
    assert sheet.count("<row>") == 5
    assert '<c t="inlineStr"><is><t xml:space="preserve">=同一張相片</t></is></c>' in sheet


def test_the_verifier_runs_without_django_or_a_database(bundle: Path, tmp_path: Path) -> None:
    """-I: no environment; -S: no installed packages. The three files may lie anywhere."""
    digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    checkpoint, key = outside.read(), keyring.load().key
    assert checkpoint is not None
    there = Path(verifier.__file__).parent
    elsewhere = tmp_path / "usb-stick"
    elsewhere.mkdir()
    for name in ("verifier.py", "entries.py", "proofs.py"):
        shutil.copy(there / name, elsewhere)
    for folder in (there, elsewhere):
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(folder / "verifier.py"), str(bundle)],
            capture_output=True,
            encoding="utf-8",
            check=False,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [
            "ok: 4 decisions, 7 events",
            "the whole log: nothing is left out",
            f"checkpoint: {key.name}, 7 entries, root {b64encode(checkpoint.root).decode()}",
            f"signed by: {key}",
            "this key came with the bundle: compare it with the one that you were given",
            f"manifest sha256: {digest}",
        ]


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
