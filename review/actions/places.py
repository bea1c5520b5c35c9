"""Where the files of a plan are, and where they go meanwhile.

A mounted library's quarantine is a folder at its root, so that a move stays on one file system. An
uploaded file has no path of its own: its content lies under its digest in DATA_DIR, where other
rows may share it, so it is set aside by its row alone until it is purged (see `uploads`).
"""

import json
import os

from review.actions.opening import Place, Planned
from review.actions.references import SUFFIX, Reference, link_target, pointer_name
from review.actions.troubles import Refused, Trouble
from review.models import ActionPlan, PlanItem
from scanning.models import SourceFile
from scanning.storage import (
    POINTER_SUFFIX,
    QUARANTINE,
    RootRefused,
    checked_root,
    raw_path,
    upload_path,
)

assert SUFFIX == POINTER_SUFFIX  # noqa: S101  scans leave out what this package writes
LONGEST_LABEL = 200


def place_of(file: SourceFile) -> Place:
    """Where a source file is. Raises Refused (ROOT_GONE)."""
    if not file.library.is_mounted:
        path = upload_path(bytes(file.sha256 or b""))
        return Place(str(path.parent), os.fsencode(path.name))
    try:
        return Place(str(checked_root(file.library.root)), raw_path(file))
    except RootRefused as error:
        raise Refused(Trouble.ROOT_GONE, str(error)) from error


def aside_path(item: PlanItem) -> str:
    """Where an item's file goes, below its library's root: the name is for people."""
    label = item.source_file.path.rpartition("/")[2].encode()[:LONGEST_LABEL]
    return f"{QUARANTINE}/{item.plan_id}/{item.pk}-{label.decode('utf-8', 'ignore')}"


def aside_place(item: PlanItem) -> Place:
    """Where an item's file is while it is in quarantine. Raises Refused (ROOT_GONE)."""
    path = item.quarantine_path or aside_path(item)
    return Place(place_of(item.source_file).root, path.encode())


def scratch_name(item: PlanItem) -> bytes:
    """A name in the quarantine for what is only being made."""
    return f"{item.pk}.new".encode()


def planned(item: PlanItem) -> Planned:
    """What the item's file was when the plan was made."""
    return Planned(bytes(item.sha256), item.size, item.modified_ns, int(item.inode))


def reference_of(item: PlanItem) -> Reference | None:
    """What is to stand in for an item's file; the same bytes whenever it is asked for."""
    file, keeper = item.source_file, item.keeper
    if keeper is None or not file.library.is_mounted:
        return None
    raw = raw_path(file)
    match item.plan.action:
        case ActionPlan.Action.SYMLINK:
            return Reference(
                raw.rpartition(b"/")[2], link_target(raw, raw_path(keeper)), is_link=True
            )
        case ActionPlan.Action.POINTER:
            name = pointer_name(raw.rpartition(b"/")[2])
            return Reference(name, _pointer(item, file, keeper))
        case _:
            return None


def _pointer(item: PlanItem, file: SourceFile, keeper: SourceFile) -> bytes:
    """The text of a pointer record, for people and programs."""
    record = {
        "about": "Second Look put this record here in place of a duplicate picture.",
        "name": file.path.rpartition("/")[2],
        "sha256": bytes(item.sha256).hex(),
        "size": item.size,
        "modified_ns": item.modified_ns,
        "keeper": {
            "library": file.library.name,
            "path": keeper.path,
            "sha256": bytes(item.keeper_sha256 or b"").hex(),
        },
        "plan": item.plan_id,
        "certificate": f"{item.plan_id}/{item.pk}",
    }
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()
