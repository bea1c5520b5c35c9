"""Filtered bundles, keys that an auditor brings along, and checkpoints that were kept."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connection

from dedup_site.accounts.models import User
from dedup_site.audit import key_changes, keyring, outside
from dedup_site.audit.erasure import erase_detail
from dedup_site.audit.models import AuditEvent, LogCheckpoint
from dedup_site.audit.notes import Signer
from dedup_site.audit.proofs import Checkpoint, leaf_hash
from dedup_site.audit.services import record
from review.models import Decision, Hold, Matter
from review.services.decision_export import export_decisions
from review.services.export_filter import ExportFilter
from scanning.models import Library
from tests.audit.logs import root_of, sequence_all
from tests.audit.tampering import triggers_off
from tests.conftest import MakePair
from tests.review.bundles import (
    change,
    decide,
    exported,
    lines_of,
    relabelled,
    renew_manifest,
    verified,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(reviewer: User, second_reviewer: User, make_pair: MakePair) -> list[Decision]:
    """Three decisions of one person, one of another, under two checkpoints."""
    answer = {"verdict": "duplicate", "reason": "same_picture"}
    first = [decide(reviewer, make_pair(f"a{n}", f"b{n}"), **answer) for n in range(3)]
    sequence_all()
    last = decide(second_reviewer, make_pair("c", "d"), **answer)
    sequence_all()
    return [*first, last]


def ids(bundle: Path) -> list[int]:
    return [line["id"] for line in lines_of(bundle / "decisions.jsonl")]


@pytest.fixture
def kept(log: list[Decision], tmp_path: Path) -> Path:
    """The checkpoint that an auditor took along after the first three."""
    path = tmp_path / "kept.txt"
    path.write_text(LogCheckpoint.objects.get(size=3).note)
    return path


@pytest.fixture
def keys(log: list[Decision], tmp_path: Path) -> Path:
    """The public key that the auditor was given at the ceremony."""
    path = tmp_path / "keys.txt"
    path.write_text(f"# given on paper\n{keyring.load().key}\n")
    return path


# Filters


def test_by_person(log: list[Decision], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = exported(tmp_path / "b", "--person", "second_reviewer")
    assert ids(bundle) == [log[3].pk]
    status, printed = verified(bundle, capsys)
    assert status == 0
    assert printed.startswith("ok: 1 decisions, 1 events\na part of the log: each event is proved,")
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["whole"] is False
    assert manifest["filters"] == {"person": str(log[3].reviewer_id)}


def test_by_time(log: list[Decision], tmp_path: Path) -> None:
    """To the microsecond: from the second on, before the last."""
    times = AuditEvent.objects.filter(action="decision.made").order_by("id")
    since, until = times[1].at.isoformat(), times[3].at.isoformat()
    bundle = exported(tmp_path / "b", "--since", since, "--until", until)
    assert ids(bundle) == [log[1].pk, log[2].pk]
    assert ids(exported(tmp_path / "c", "--until", "2001-01-01")) == []


def test_by_library(log: list[Decision], library: Library, tmp_path: Path) -> None:
    other = Library.objects.create(name="Hospital", kind="uploaded")
    assert ids(exported(tmp_path / "b", "--library", library.name)) == [one.pk for one in log]
    assert ids(exported(tmp_path / "c", "--library", other.name)) == []


def test_by_matter(
    log: list[Decision], officer: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matter = Matter.objects.create(reference="HCA 7/2026", title="A case", opened_by=officer)
    Hold.objects.create(
        matter=matter, picture=log[1].pair.left, reason="litigation", placed_by=officer
    )
    bundle = exported(tmp_path / "b", "--matter", "HCA 7/2026")
    assert ids(bundle) == [log[1].pk]
    assert verified(bundle, capsys)[0] == 0


def test_by_what_a_person_may_see(log: list[Decision], auditor: User, tmp_path: Path) -> None:
    for number, libraries in enumerate([[], [log[0].pair.findings.get().library_id]]):
        chosen = ExportFilter(libraries=libraries)
        output = tmp_path / str(number)
        export_decisions(actor=auditor, output=output, chosen=chosen)
        assert len(ids(output)) == 4 * number
    assert AuditEvent.objects.filter(action="export.decisions", actor_id=auditor.pk).count() == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--person", "nobody"], "there is no 'nobody'"),
        (["--library", "nowhere"], "there is no 'nowhere'"),
        (["--matter", "none"], "there is no 'none'"),
        (["--since", "yesterday"], "'yesterday' is no time"),
        (["--until", "2026-02-30"], "'2026-02-30' is no time"),
        (["--checkpoint", "/nothing"], "is no checkpoint"),
    ],
)
def test_a_wrong_filter_says_so(db: None, tmp_path: Path, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        exported(tmp_path / "b", *options)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("spoil", ["body", "leaf and body", "proof", "index", "order"])
def test_a_changed_part_is_told(
    log: list[Decision], tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: str
) -> None:
    bundle = exported(tmp_path / "b", "--person", "reviewer")

    def edit(lines: list[dict[str, object]]) -> None:
        line = lines[1]
        match spoil:
            case "body":
                line["body"] = str(line["body"]).replace('"duplicate"', '"not_duplicate"')
            case "leaf and body":
                relabelled(line, body=str(line["body"]).replace('"duplicate"', '"other"'))
            case "proof":
                line["proof"] = lines[0]["proof"]
            case "index":
                line["index"] = 3
            case _:
                lines.reverse()

    told = {
        "body": "edited: events.jsonl, line 2, body: entry 1 is not the one that its leaf hash",
        "leaf and body": "line 2, body: entry 1 is not the one under the root",
        "proof": "line 2, body: entry 1 is not the one under the root",
        "index": "edited: events.jsonl, line 2, ",
        "order": "reordered: events.jsonl, line 2, index: entry 1 stands after entry 2",
    }
    change(bundle, "events.jsonl", edit)
    status, printed = verified(bundle, capsys)
    assert status == 1
    assert told[spoil] in printed


# Keys


def test_the_auditor_s_key(
    log: list[Decision], keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, printed = verified(exported(tmp_path / "b"), capsys, "--keys", str(keys))
    assert status == 0
    assert "this key came with the bundle" not in printed


def signed_again(bundle: Path, signer: Signer, *, with_its_key: bool) -> None:
    """What somebody with the bundle, but without the key, can do."""
    lines = lines_of(bundle / "events.jsonl")
    root = root_of(leaf_hash(line["body"].encode()) for line in lines)
    note = signer.sign(Checkpoint(signer.key.name, len(lines), root))
    (bundle / "checkpoints.jsonl").write_text(json.dumps({"note": note}) + "\n")
    if with_its_key:
        (bundle / "keys.txt").write_text(f"{signer.key}\n")
    renew_manifest(bundle)


@pytest.mark.parametrize("with_its_key", [True, False])
def test_signed_again_with_an_unknown_key(
    log: list[Decision],
    keys: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    with_its_key: bool,
) -> None:
    """The last decision is left out, and everything fits: but for the key."""
    bundle = exported(tmp_path / "b")
    change(bundle, "events.jsonl", lambda lines: lines.pop())
    change(bundle, "decisions.jsonl", lambda lines: lines.pop())
    table = (bundle / "decisions.csv").read_bytes().splitlines(keepends=True)
    (bundle / "decisions.csv").write_bytes(b"".join(table[:-1]))
    signed_again(bundle, Signer.make(keyring.load().key.name), with_its_key=with_its_key)
    status, printed = verified(bundle, capsys, "--keys", str(keys))
    assert status == 3
    assert "unknown key: checkpoint, signature: it is signed by " in printed
    # Whoever takes the key from the bundle is told that it came from there.
    assert verified(bundle, capsys)[0] == (0 if with_its_key else 3)


def test_an_unsigned_root_is_never_trusted(
    log: list[Decision], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = exported(tmp_path / "b")
    path = bundle / "checkpoints.jsonl"
    note = lines_of(path)[-1]["note"]
    path.write_text(json.dumps({"note": note.replace("\n4\n", "\n5\n")}) + "\n")
    renew_manifest(bundle)
    status, printed = verified(bundle, capsys)
    assert status == 3
    assert "unsigned: checkpoint, signature: the signature of" in printed


def test_a_key_that_was_replaced(
    log: list[Decision], keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old key still signs the event that announces the new one; both stay known."""
    old, new = keyring.load(), Signer.make(keyring.load().key.name)
    record(
        "audit.key_rotated",
        actor=None,
        data={"old_key": str(old.key), "new_key": str(new.key)},
    )
    sequence_all()
    keyring.replace(new)
    sequence_all()
    bundle = exported(tmp_path / "b")
    assert (bundle / "keys.txt").read_text() == f"{old.key}\n{new.key}\n"
    status, printed = verified(bundle, capsys)
    assert status == 0
    assert f"signed by: {new.key}" in printed
    # The auditor has the old key only.
    status, printed = verified(bundle, capsys, "--keys", str(keys))
    assert status == 3
    both = tmp_path / "both.txt"
    both.write_text(f"{new.key}\n")
    assert verified(bundle, capsys, "--keys", str(keys), "--keys", str(both))[0] == 0


# Checkpoints that were kept


def test_a_kept_checkpoint_is_found_again(
    log: list[Decision], kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = exported(tmp_path / "b")
    assert verified(bundle, capsys, "--checkpoint", str(kept))[0] == 0


def test_a_part_proves_it_where_it_was_asked_to(
    log: list[Decision], kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = ["--person", "second_reviewer"]
    proved = exported(tmp_path / "b", *part, "--checkpoint", str(kept))
    assert verified(proved, capsys, "--checkpoint", str(kept))[0] == 0
    unproved = exported(tmp_path / "c", *part)
    status, printed = verified(unproved, capsys, "--checkpoint", str(kept))
    assert status == 4
    assert "inconsistent: your checkpoint: there is no proof that the log goes on from 3" in printed
    change(proved, "consistency.jsonl", lambda lines: lines[0]["proof"].reverse())
    assert verified(proved, capsys, "--checkpoint", str(kept))[0] in (1, 4)


def test_a_bundle_from_before_the_checkpoint(
    log: list[Decision], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, kept = exported(tmp_path / "b"), tmp_path / "kept.txt"
    sequence_all()
    note = outside.note()
    assert note is not None
    kept.write_text(note)
    status, printed = verified(bundle, capsys, "--checkpoint", str(kept))
    assert status == 4
    assert "it covers 5 entries, the log here 4" in printed


def test_two_histories_for_two_auditors(
    log: list[Decision], kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both bundles are signed by the right key. The one who kept a checkpoint notices."""
    bundle = exported(tmp_path / "b")
    change(
        bundle,
        "events.jsonl",
        lambda lines: relabelled(lines[0], body=lines[0]["body"].replace('"at":"20', '"at":"19')),
    )
    signed_again(bundle, keyring.load(), with_its_key=True)
    assert verified(bundle, capsys)[0] == 0
    status, printed = verified(bundle, capsys, "--checkpoint", str(kept))
    assert status == 4
    assert "the first 3 entries are not those that it covered" in printed


def test_a_checkpoint_of_another_log(
    log: list[Decision], kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_changes.restart(name="another/log", reason="The disk was lost")
    sequence_all()
    bundle = exported(tmp_path / "b")
    assert verified(bundle, capsys)[0] == 0
    status, printed = verified(bundle, capsys, "--checkpoint", str(kept))
    assert status == 4
    assert "this is the log another/log" in printed
    last = json.loads(lines_of(bundle / "events.jsonl")[-1]["body"])
    assert last["action"] == "audit.log_restarted"
    assert last["data"]["old_size"] == 4


def test_a_checkpoint_that_no_known_key_signed(
    log: list[Decision], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger, kept = Signer.make("second-look/test"), tmp_path / "kept.txt"
    kept.write_text(stranger.sign(Checkpoint("second-look/test", 3, leaf_hash(b""))))
    status, printed = verified(exported(tmp_path / "b"), capsys, "--checkpoint", str(kept))
    assert status == 3
    assert "unknown key: your checkpoint, signature" in printed


@pytest.mark.parametrize("option", ["--keys", "--checkpoint"])
@pytest.mark.parametrize("text", [None, "neither key nor checkpoint\n"])
def test_what_the_auditor_brings_must_be_readable(
    log: list[Decision],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    text: str | None,
) -> None:
    path = tmp_path / "brought"
    if text is not None:
        path.write_text(text)
    assert verified(exported(tmp_path / "b"), capsys, option, str(path))[0] == 2


# What is missing


def test_erased_details_are_counted(
    log: list[Decision], admin: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = AuditEvent.objects.get(body__contains=f'"decision":{log[0].pk},')
    erase_detail(actor=admin, events=[event], reason="Request of 2026-11-20")
    sequence_all()
    status, printed = verified(exported(tmp_path / "b"), capsys)
    assert status == 0
    assert "1 events without detail: it was erased" in printed


def test_an_event_that_was_deleted_is_missed(
    log: list[Decision], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with triggers_off("audit_auditevent"), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audit_auditevent WHERE body LIKE %s", [f'%"decision":{log[1].pk},%']
        )
    status, printed = verified(exported(tmp_path / "b"), capsys)
    assert status == 1
    assert "deleted: events.jsonl: entry 1 is missing" in printed
