"""Plans for tests with faults: each in a library of its own, and what must be true of it then."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from django.contrib.auth.models import Group
from django.db.models import F
from django.db.models.functions import Now

from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Role
from review.actions import execution, ledger, restores
from review.actions.places import aside_path
from review.models import ActionPlan, PlanItem
from scanning.models import Library, LibraryAccess, ScanJob, ScanRun, SourceFile
from tests.review.actions.at_work import add_duplicates, executing_plan, files_in, make_due

_numbers = count(1)
FINAL = ("quarantined", "purged", "restored", "skipped")


@dataclass(frozen=True, slots=True)
class Job:
    """Something that the executor is to do, on files that nobody else touches."""

    work: str
    plan: ActionPlan
    numbers: tuple[int, ...]

    @property
    def root(self) -> Path:
        return Path(self.plan.library.root)

    @property
    def watched(self) -> Iterator[Path]:
        """Every path that the work may touch."""
        yield self.root
        yield from sorted(self.root.rglob("*"))
        quarantine = self.root / ".second-look-quarantine"
        yield quarantine
        yield quarantine / str(self.plan.pk)
        for item in self.plan.items.filter(fate="act").select_related("source_file"):
            yield self.root / aside_path(item)


def people() -> tuple[User, User, User]:
    """An admin who makes plans, an officer who approves them, a reviewer."""

    def person(name: str, role: Role) -> User:
        user, is_new = User.objects.get_or_create(username=name)
        if is_new:
            user.groups.add(Group.objects.get(name=role.value))
        return user

    return (
        person("maker", Role.ADMIN),
        person("approver", Role.RECORDS_OFFICER),
        person("judge", Role.REVIEWER),
    )


def executing(folder: Path, action: str) -> Job:
    """Two copies that are about to go into quarantine."""
    name = f"library-{next(_numbers)}"
    (folder / name).mkdir()
    library = Library.objects.create(name=name, kind="mounted", root=str(folder / name))
    maker, approver, judge = people()
    for user in (maker, approver, judge):
        LibraryAccess.objects.create(library=library, user=user)
    job = ScanJob.objects.create(library=library, name="Everything")
    run = ScanRun.objects.create(
        job=job, library=library, state=ScanRun.State.FINISHED, configuration={}
    )
    add_duplicates(run, judge, 2, f"{name}-")
    plan = executing_plan(maker, approver, library, action)
    return Job("carry_out", plan, (plan.pk,))


def quarantined(folder: Path, action: str) -> Job:
    """Two copies that are in quarantine."""
    job = executing(folder, action)
    execution.carry_out(job.plan.pk)
    return job


def items(plan: ActionPlan) -> tuple[int, ...]:
    acting = plan.items.filter(fate="act").order_by("pk")
    return tuple(acting.values_list("pk", flat=True))


def restoring(folder: Path, action: str) -> Job:
    """Two copies that somebody wants back."""
    plan = quarantined(folder, action).plan
    for item in plan.items.filter(fate="act"):
        ledger.intend(item, restores.RESTORE, {"by": plan.made_by_id})
        PlanItem.objects.filter(pk=item.pk).update(state="restoring", lease_until=None)
    return Job("restore", plan, items(plan))


def due(folder: Path, action: str) -> Job:
    """Two copies whose time in quarantine is over."""
    plan = quarantined(folder, action).plan
    make_due(plan)
    return Job("purge", plan, items(plan))


JOBS = {"carry_out": executing, "restore": restoring, "purge": due}


def recover(plan: ActionPlan) -> None:
    """As beat does it when the lease of whoever died has run out."""
    for _time in range(2):
        held = plan.items.exclude(lease_until=None)
        held.update(lease_until=Now() - ledger.lease() * 2)
        execution.tend()


def reconciled(plan: ActionPlan) -> list[str]:
    """Whatever does not agree between files and ledger; every content must be somewhere."""
    root = Path(plan.library.root)
    found = files_in(root)
    wrong = []
    expected = set[str]()
    for item in plan.items.filter(fate="act").select_related("source_file", "keeper"):
        path = item.source_file.path
        if item.state not in FINAL:
            wrong.append(f"{path} is {item.state} {item.outcome}")
        where = item.quarantine_path if item.state == "quarantined" else path
        if item.state != "purged":
            expected.add(where)
            content = hashlib.sha256(found.get(where, b"")).digest()
            if content != bytes(item.sha256):
                wrong.append(f"{path} is {item.state}, and not at {where}")
        if item.keeper is not None:
            expected.add(item.keeper.path)
            content = hashlib.sha256(found.get(item.keeper.path, b"")).digest()
            if content != bytes(item.keeper_sha256 or b""):
                wrong.append(f"the keeper of {path} is not there")
        stands_in = {"pointer": f"{path}.second-look.json", "symlink": path, "delete": ""}
        if stands_in[plan.action] and item.state in ("quarantined", "purged"):
            expected.add(stands_in[plan.action])
        is_shown = SourceFile.objects.get(pk=item.source_file_id).is_present
        if is_shown == (item.state in ("quarantined", "purged")):
            wrong.append(f"{path} is {item.state}, and present: {is_shown}")
    if set(found) != expected:
        wrong.append(f"files {sorted(set(found) ^ expected)}")
    unequal = plan.items.exclude(lease_owner="").filter(lease_until=F("lease_until"))
    return wrong + [f"{item} is still claimed" for item in unequal]
