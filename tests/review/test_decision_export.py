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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dedup_site.accounts.models import User
from dedup_site.audit import keyring, outside, verifier
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.proofs import leaf_hash
from dedup_site.audit.services import record
from review.models import Decision, Matter
from review.services import decisions, leases
from scanning.models import CandidatePair
from tests.audit.logs import sequence_all
from tests.conftest import MakePair

pytestmark = pytest.mark.django_db
FILES = [
    *("checkpoints.jsonl", "consistency.jsonl", "decisions.csv", "decisions.jsonl"),
    *("decisions.xlsx", "events.jsonl", "keys.txt", "manifest.json"),
]


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
    matter = Matter.objects.create(reference="HCA 1/2026", title="A case", opened_by=officer)
    record("matter.opened", actor=officer, target=matter, data={"matter": matter.pk})
    held = decide(
        reviewer, make_pair("e", "f"), verdict="legal_hold", reason="litigation", matter=matter
    )
    sequence_all()
    return [same, wrong, undone, held]


@pytest.fixture
def bundle(log: list[Decision], tmp_path: Path) -> Path:
    return exported(tmp_path / "out" / "bundle")


def exported(output: Path, *options: str) -> Path:
    call_command(
        "export_decisions",
        *("--output", str(output), *options),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    return output


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def verified(bundle: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    status = verifier.main([str(bundle), *options])
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


def relabelled(line: dict[str, Any], **fields: Any) -> None:
    """As a careful forger would: with the hash that belongs to it."""
    line.update(fields)
    line["leaf"] = leaf_hash(line["body"].encode()).hex()


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
