"""Export bundles of decisions, read, checked and forged."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from dedup_site.accounts.models import User
from dedup_site.audit import verifier
from dedup_site.audit.proofs import leaf_hash
from review.models import Decision
from review.services import decisions, leases
from scanning.models import CandidatePair


def decide(reviewer: User, pair: CandidatePair, **answer: Any) -> Decision:
    lease = leases.take(actor=reviewer, pair=pair)
    assert lease is not None
    return decisions.decide(actor=reviewer, pair=pair, token=lease.token, **answer)


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


def relabelled(line: dict[str, Any], **fields: Any) -> None:
    """As a careful forger would: with the hash that belongs to it."""
    line.update(fields)
    line["leaf"] = leaf_hash(line["body"].encode()).hex()
