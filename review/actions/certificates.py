"""Certificates: what was done to a file, in exact bytes that the audit log commits to."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from dedup_site.accounts.models import User
from dedup_site.audit import log, merkle
from dedup_site.audit.canonical import canonical_json
from dedup_site.audit.models import AuditEvent
from dedup_site.audit.services import record
from review.models import ActionPlan, Certificate, PlanItem, PlanStep

ACTIONS = {
    Certificate.Kind.TO_DO: "plan.listed",
    Certificate.Kind.QUARANTINED: "plan.file_quarantined",
    Certificate.Kind.PURGED: "plan.file_purged",
    Certificate.Kind.RESTORED: "plan.file_restored",
}


def certify(
    item: PlanItem, kind: Certificate.Kind, *, actor: User | None = None, at: datetime
) -> Certificate:
    """The certificate of what was done to an item's file, inside the transaction that records it.

    actor: who asked for it, where that is not whoever approved the plan.
    """
    body = {
        "v": 1,
        "kind": kind.value,
        "number": f"{item.plan_id}/{item.pk}",
        "at": _time(at),
        "asked_by": _person(actor),
        **_of_plan(item.plan),
        **_of_item(item),
        "steps": [_of_step(step) for step in item.steps.order_by("id")],
    }
    return _written(item.plan, item, kind, body, actor)


def certify_list(plan: ActionPlan, items: list[PlanItem], *, why: str, at: datetime) -> Certificate:
    """The to-do list of a plan that an owner of the files carries out; `why`: a code."""
    body = {
        "v": 1,
        "kind": Certificate.Kind.TO_DO.value,
        "number": f"{plan.pk}",
        "at": _time(at),
        "why": why,
        **_of_plan(plan),
        "items": [{"item": item.pk, **_of_item(item)} for item in items],
    }
    return _written(plan, None, Certificate.Kind.TO_DO, body, None)


def _written(
    plan: ActionPlan,
    item: PlanItem | None,
    kind: Certificate.Kind,
    body: dict[str, Any],
    actor: User | None,
) -> Certificate:
    """Write the certificate once; an action that is recovered does not certify twice."""
    earlier = Certificate.objects.filter(plan=plan, item=item, kind=kind).first()
    if earlier is not None:
        return earlier
    exact = canonical_json(body).encode()
    certificate = Certificate.objects.create(
        plan=plan, item=item, kind=kind, body=exact, sha256=hashlib.sha256(exact).hexdigest()
    )
    record(
        ACTIONS[kind],
        actor=actor,
        target=certificate,
        library_id=plan.library_id,
        data={
            "plan": plan.pk,
            "certificate": certificate.pk,
            "certificate_sha256": certificate.sha256,
            **({"item": item.pk, "file": item.source_file_id} if item else {}),
            **({"sha256": bytes(item.sha256).hex(), "size": item.size} if item else {}),
        },
        detail={"path": item.source_file.path} if item else {},
    )
    return certificate


def document(certificate: Certificate) -> dict[str, Any]:
    """The certificate as it is handed out: its exact text, its digest, and its place in the log.

    `log.index` is null until the sequencer has given it one, seconds later. SHA-256 of `body` (as
    UTF-8) is `sha256`, which the event at that index commits to; its inclusion proof leads to the
    signed checkpoint beside it (docs/trust.md).
    """
    event = (
        AuditEvent.objects.filter(
            action=ACTIONS[Certificate.Kind(certificate.kind)],
            target_type="review.certificate",
            target_id=str(certificate.pk),
        )
        .order_by("pk")
        .first()
    )
    return {
        "body": bytes(certificate.body).decode(),
        "sha256": certificate.sha256,
        "log": _place_in_log(event) if event else None,
    }


def contents(certificate: Certificate) -> dict[str, Any]:
    """What a certificate says, for pages."""
    read: dict[str, Any] = json.loads(bytes(certificate.body))
    return read


def _place_in_log(event: AuditEvent) -> dict[str, Any]:
    index = log.place_of(event)
    place = {"event": str(event.uuid), "event_body": event.body, "index": index}
    checkpoint = log.last_checkpoint()
    if index is None or checkpoint is None or checkpoint.size <= index:
        return place
    proof = merkle.inclusion_proof(index, checkpoint.size, merkle.Tiles(checkpoint.size, log.nodes))
    return place | {
        "proof": [base64.b64encode(node).decode() for node in proof],
        "checkpoint": checkpoint.note,
    }


def _of_plan(plan: ActionPlan) -> dict[str, Any]:
    return {
        "library": {"id": plan.library_id, "name": plan.library.name},
        "plan": {
            "id": plan.pk,
            "action": plan.action,
            "digest": plan.digest,
            "rules_digest": plan.rules_digest,
            "rule": plan.rule_id,
            "cooling_off_days": plan.cooling_off_days,
        },
        "made_by": _person(plan.made_by),
        "approved_by": _person(plan.approved_by),
        "approved_at": _time(plan.approved_at),
    }


def _of_item(item: PlanItem) -> dict[str, Any]:
    keeper = item.keeper
    return {
        "file": {
            "id": item.source_file_id,
            "path": item.source_file.path,
            "sha256": bytes(item.sha256).hex(),
            "size": item.size,
            "modified_ns": item.modified_ns,
            "attributes": json.dumps(item.source_file.attributes, sort_keys=True),
        },
        "keeper": {
            "id": item.keeper_id,
            "path": keeper.path if keeper else "",
            "sha256": bytes(item.keeper_sha256 or b"").hex(),
        },
        "decision": item.decision_id,
        "quarantine": item.quarantine_path,
        "quarantined_at": _time(item.quarantined_at),
        "purge_after": _time(item.purge_after),
    }


def _of_step(step: PlanStep) -> dict[str, Any]:
    return {
        "step": step.step,
        "phase": step.phase,
        "at": _time(step.at),
        "ok": step.is_ok,
        "problem": step.problem,
        "facts": step.facts,
    }


def _person(user: User | None) -> dict[str, Any] | None:
    return {"id": user.pk, "name": user.get_username()} if user else None


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else None
