"""A library with confirmed duplicates on the disk, and plans for them that are carried out."""

import hashlib
import os
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from dedup_site.accounts.models import User
from review.models import ActionPlan, ActionRule, Decision, PairReview, PlanItem, RetentionRule
from scanning.models import CandidatePair, Finding, Library, Picture, ScanRun, SourceFile
from tests.review.plans import approved_plan, free_to_act, may_act
from tests.review.records import make_scheme

# Long ago, so that nothing has to be kept.
MODIFIED_NS = 1_500_000_000_000_000_000


def add_file(library: Library, path: str, content: bytes, width: int = 800) -> SourceFile:
    """A file on the disk, as a scan has found and read it."""
    file = Path(library.root) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, ns=(MODIFIED_NS, MODIFIED_NS))
    status = file.stat()
    sha256 = hashlib.sha256(content).digest()
    Picture.objects.get_or_create(
        sha256=sha256,
        page=0,
        defaults={
            "byte_size": len(content),
            "format": "JPEG",
            "mode": "RGB",
            "width": width,
            "height": 600,
        },
    )
    return SourceFile.objects.create(
        library=library,
        path=path,
        path_key=hashlib.sha256(os.fsencode(path)).digest(),
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        changed_ns=status.st_ctime_ns,
        inode=status.st_ino,
        sha256=sha256,
        state=SourceFile.State.READ,
    )


def confirm(run: ScanRun, reviewer: User, keeper: SourceFile, copy: SourceFile) -> CandidatePair:
    """Somebody has judged that the two files are duplicates."""
    left, right = Picture.objects.filter(sha256__in=[keeper.sha256, copy.sha256]).order_by("sha256")
    pair = CandidatePair.objects.create(left=left, right=right, tier="near", score=900)
    Finding.objects.create(pair=pair, library=run.library, job=run.job, run=run)
    decision = Decision.objects.create(
        pair=pair, verdict="duplicate", reason="same_picture", reviewer=reviewer, evidence={}
    )
    PairReview.objects.create(pair=pair, decision=decision, verdict="duplicate")
    return pair


def add_duplicates(run: ScanRun, reviewer: User, count: int, name: str = "") -> None:
    """`copies/N.jpg` is a confirmed duplicate of `keep/N.jpg`, which is larger."""
    for number in range(count):
        label = f"{name}{number}"
        keeper = add_file(run.library, f"keep/{label}.jpg", f"keeper {label}".encode() * 9, 1600)
        copy = add_file(run.library, f"copies/{label}.jpg", f"copy {label}".encode())
        confirm(run, reviewer, keeper, copy)


def executing_plan(
    maker: User, approver: User, library: Library, action: str = "delete", cooling_off_days: int = 1
) -> ActionPlan:
    """A plan for all confirmed duplicates, approved, at the moment that it is begun."""
    if not ActionRule.objects.filter(library=library).exists():
        replacement = "symlink" if action == "symlink" else "pointer"
        rule = {"replacement": replacement, "cooling_off_days": cooling_off_days}
        if RetentionRule.objects.filter(code="scraps").exists():
            make_scheme(library, record_class="scraps")
            may_act(library, approver, **rule)
        else:
            free_to_act(library, approver, **rule)
    plan = approved_plan(maker, approver, library, action)
    plan.state, plan.begun_at = ActionPlan.State.EXECUTING, timezone.now()
    plan.save(update_fields=["state", "begun_at"])
    return plan


def item_at(plan: ActionPlan, path: str) -> PlanItem:
    return plan.items.select_related("plan", "source_file", "keeper").get(source_file__path=path)


def states(plan: ActionPlan) -> dict[str, tuple[str, str]]:
    """Of each file that is acted upon: its item's state and outcome."""
    items = plan.items.filter(fate="act").select_related("source_file")
    return {item.source_file.path: (str(item.state), item.outcome) for item in items}


def files_in(root: str | Path) -> dict[str, bytes]:
    """Every file below a folder with its content; of a link where it leads."""
    found = {}
    for path in sorted(Path(root).rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(root))] = b"-> " + os.fsencode(path.readlink())
        elif path.is_file():
            found[str(path.relative_to(root))] = path.read_bytes()
    return found


def contents_in(root: str | Path) -> set[bytes]:
    """Every content that is somewhere below a folder."""
    return set(files_in(root).values())


def make_due(plan: ActionPlan) -> None:
    """The cooling-off time is over: as time would do it, which Postgres lets nobody else do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE review_planitem DISABLE TRIGGER review_plan_item_guard")
        cursor.execute(
            "UPDATE review_planitem SET quarantined_at = quarantined_at - interval '40 days',"
            " purge_after = purge_after - interval '40 days' WHERE plan_id = %s",
            [plan.pk],
        )
        cursor.execute("ALTER TABLE review_planitem ENABLE ALWAYS TRIGGER review_plan_item_guard")
