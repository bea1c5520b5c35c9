"""The digest that an approval binds to: everything that a plan says, as canonical JSON."""

from typing import Any

from dedup_site.audit.verifier import digest_of
from review.models import ActionPlan

VERSION = 1


def digest_as_planned(plan: ActionPlan, holds: list[int]) -> str:
    """SHA-256 (hex) over the plan and its acting items, as their rows say.

    holds: ids of the holds on any file of the plan that is acted upon or kept; none where the plan
    can be carried out. Numbers that JSON readers would round are text.
    """
    return digest_of(
        {
            "v": VERSION,
            "plan": plan.pk,
            "library": plan.library_id,
            "action": plan.action,
            "made_by": plan.made_by_id,
            "rule": plan.rule_id,
            "keep_order": list(plan.keep_order),
            "cooling_off_days": plan.cooling_off_days,
            "retention": plan.rules_digest,
            "holds": holds,
            "items": _items(plan),
        }
    )


def _items(plan: ActionPlan) -> list[list[Any]]:
    rows = (
        plan.items.acting()
        .order_by("source_file")
        .values_list(
            *("source_file", "sha256", "size", "inode", "modified_ns"),
            *("keeper", "keeper_sha256", "keeper_size", "decision"),
        )
    )
    return [_readable(*row) for row in rows.iterator(chunk_size=5_000)]


def _readable(file: int, sha256: bytes, *rest: Any) -> list[Any]:
    size, inode, modified_ns, keeper, keeper_sha256, keeper_size, decision = rest
    facts = [file, bytes(sha256).hex(), size, str(inode), str(modified_ns)]
    return [*facts, keeper, bytes(keeper_sha256 or b"").hex(), keeper_size, decision]
