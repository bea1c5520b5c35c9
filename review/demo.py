"""What `make run` adds to its demo library: a legal hold, a blocked plan, and one carried out.

Everything is done as the demo users, through the services behind the pages, so that nothing here
gets around a rule. The demo library itself is only read: the files that move are copies, in an
archive of their own in DATA_DIR.
"""

import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import transaction

from dedup_site.accounts.models import User
from review.actions import services as actions
from review.models import ActionPlan, Decision, Verdict
from review.services import action_rules, decisions, holds, leases, matters, plans, retention
from scanning.models import CandidatePair, Library, ScanRun, SourceFile
from scanning.services import jobs, libraries, quickstart, runs
from scanning.storage import QUARANTINE, allow_root

TRAM, SMALL_TRAM = "products/harbour-goods/wooden-tram.jpg", "products/peak-home/tram-60.jpg"
DUCK = "products/lion-rock-trading/bath-duck.jpg"
WEBP_DUCK = "products/star-ferry-mart/小黃鴨 浴室玩具 熱賣.webp"
# In the archive, and where in the demo library each file is copied from.
ARCHIVED = {
    "catalogue 2024/bath duck.jpg": DUCK,
    "catalogue 2024/wooden tram.jpg": TRAM,
    "for the web site/bath duck.webp": WEBP_DUCK,
    "for the web site/wooden tram.jpg": SMALL_TRAM,
}
# Long ago, so that nothing has to be kept whose period begins with the date of the file.
ARCHIVED_ON = datetime(2024, 3, 1, 12, tzinfo=UTC).timestamp()

# Two files of the demo library that are confirmed as duplicates, and the reason. The first two
# pairs lie in the archive too.
CONFIRMED = (
    (TRAM, SMALL_TRAM, "derivative"),
    (DUCK, WEBP_DUCK, "derivative"),
    (
        "customers/C-10417/membership-card.jpg",
        "customers/C-10417/IMG_0231 (copy).jpg",
        "same_picture",
    ),
    (
        "customers/C-10582/membership-card.jpg",
        "customers/C-10582/received 2026-07-02.jpg",
        "derivative",
    ),
    ("registry/sha-tin/lot-plan-1204-master.tif", "registry/sha-tin/地段圖 1204.jpg", "derivative"),
)
CUSTOMER = "C-10417"
MATTER = matters.MatterFacts(
    reference="DEMO-2026-01",
    title="Complaint of customer C-10417",
    basis="A letter of the customer's solicitors (made up for this demonstration)",
    scope="All files of customer C-10417, also those that come later",
    custodian="Customer records",
)
# Class code and name, and the rule of it. Both are of the house: no law says so.
CLASSES = (
    ("identification", "Customer identification (demo)", "P7Y"),
    ("registration-copy", "Copies of registered documents (demo)", "P3M"),
)
CITATION = "A rule of the house, made up for this demonstration"
BY_DOCUMENT_TYPE = retention.SchemeFacts(
    class_attribute="document_type",
    class_values={
        "customer identification": "identification",
        "land registration": "registration-copy",
    },
    customer_attribute="customer",
)
NOTE = "Part of the demonstration"
BLOCKED = "Part of the demonstration: a legal hold and retention block all files but one"
CARRIED_OUT = (
    "Part of the demonstration: copies that nobody has to keep, in an archive of their own"
)
MOST_SECONDS = 10.0


class CannotShow(Exception):
    """Something is not as the demonstration needs it; the message says what."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The demo users who act."""

    reviewer: User
    admin: User
    officer: User

    @classmethod
    def called(cls) -> Self:
        """Raises CannotShow where one is missing."""
        people = {user.username: user for user in User.objects.filter(is_active=True)}
        try:
            return cls(people["reviewer"], people["admin"], people["officer"])
        except KeyError as error:
            raise CannotShow(f"There is no demo user {error}.") from error


def is_untouched() -> bool:
    """Whether nobody has decided anything yet. Decisions stay, so that this is true only once."""
    return not Decision.objects.exists()


def archive_folder() -> Path:
    """Where the copies lie."""
    return Path(settings.DATA_DIR).resolve() / "demo-archive"


def make_archive(demo: Path, admin: User) -> Library:
    """The library “Demo archive” with its copies; goes on where an earlier call was stopped.

    Raises:
        CannotShow: the folder is left from another database.
        RootRefused: LIBRARY_ROOTS does not allow it.
    """
    folder = archive_folder()
    library = Library.objects.filter(root=str(folder)).first()
    if library is not None:
        return library
    if (folder / QUARANTINE).exists():
        raise CannotShow(f"{folder} is left from an earlier database. Move it away.")
    for name, source in ARCHIVED.items():
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(demo / source, copy)
        os.utime(copy, (ARCHIVED_ON, ARCHIVED_ON))
    allow_root(folder)
    return libraries.create_library(
        actor=admin,
        kind=Library.Kind.MOUNTED,
        settings=libraries.LibrarySettings(name="Demo archive"),
        root=str(folder),
    )


def scan_archive(archive: Library, admin: User) -> None:
    """Scan it, unless that was done.

    Raises:
        ScanFailed: the scan came to no good end.
    """
    if archive.runs.filter(state=ScanRun.State.FINISHED).exists():
        return
    job = archive.jobs.order_by("pk").first() or jobs.create_job(
        actor=admin, library=archive, settings=jobs.JobSettings(name="Everything")
    )
    if not ScanRun.objects.active().filter(library=archive).exists():
        runs.start_run(job=job, actor=admin)
    quickstart.scan(job=job, progress=lambda _run: None)


@transaction.atomic
def make_records(demo: Library, archive: Library, cast: Cast) -> ActionPlan:
    """Everything else, or nothing of it; the plan that workers begin to carry out.

    Raises:
        CannotShow: a file or a pair of the demo library is not there, or not free.
        PermissionDenied, ValidationError, Refused: one of the services refuses.
    """
    for one, other, reason in CONFIRMED:
        _confirm(cast.reviewer, _pair_of(demo, one, other), reason)
    _set_retention(demo, archive, cast)
    matter = matters.open_matter(actor=cast.officer, facts=MATTER)
    covered = holds.Target(library=demo, attribute_name="customer", attribute_value=CUSTOMER)
    holds.place_hold(
        actor=cast.officer, matter=matter, reason="litigation", note=NOTE, target=covered
    )
    # A list for people, whoever approves it: nothing is ever done to the demo library.
    _proposed(cast.admin, demo, ActionPlan.Action.TO_DO, BLOCKED)
    action_rules.change_action_rule(
        actor=cast.admin,
        library=archive,
        facts=action_rules.ActionFacts(may_act=True),
        reason=NOTE,
    )
    plan = _proposed(cast.admin, archive, ActionPlan.Action.POINTER, CARRIED_OUT)
    plan = plans.approve(actor=cast.officer, plan=plan, digest=plan.digest, note=NOTE)
    return actions.start(actor=cast.officer, plan=plan)


def is_carried_out(plan: ActionPlan, seconds: float = MOST_SECONDS) -> bool:
    """Wait until workers have carried the plan out; False if that takes longer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        plan.refresh_from_db()
        if plan.state != ActionPlan.State.EXECUTING:
            break
        time.sleep(0.1)
    return plan.state == ActionPlan.State.DONE


def _pair_of(demo: Library, *paths: str) -> CandidatePair:
    """The pair of these two files."""
    files = SourceFile.objects.readable().filter(library=demo, path__in=paths)
    contents = files.values("sha256")
    pair = (
        CandidatePair.objects.filter(
            findings__library=demo, left__sha256__in=contents, right__sha256__in=contents
        )
        .select_related("left", "right")
        .first()
    )
    if pair is None:
        raise CannotShow(f"Nothing was found between {paths[0]} and {paths[1]}.")
    return pair


def _confirm(reviewer: User, pair: CandidatePair, reason: str) -> None:
    lease = leases.take(pair=pair, actor=reviewer)
    if lease is None:
        raise CannotShow("Somebody else has one of its pairs.")
    decisions.decide(
        actor=reviewer,
        pair=pair,
        verdict=Verdict.DUPLICATE,
        reason=reason,
        note=NOTE,
        token=lease.token,
    )


def _set_retention(demo: Library, archive: Library, cast: Cast) -> None:
    """Classes and rules: each change is the admin's, and could free files, so the officer's too."""
    for code, name, period in CLASSES:
        retention.make_class(actor=cast.admin, code=code, name=name)
        facts = retention.RuleFacts(
            title=name,
            citation=CITATION,
            classes=(code,),
            event_source="attribute",
            event_name="received",
            period=period,
        )
        rule = retention.change_rule(
            actor=cast.admin, code=f"demo-{code}", facts=facts, reason=NOTE
        )
        retention.answer(actor=cast.officer, version=rule, is_approved=True, note=NOTE)
    no_duty = retention.SchemeFacts(record_class="no-duty")
    for library, scheme in ((demo, BY_DOCUMENT_TYPE), (archive, no_duty)):
        version = retention.change_scheme(
            actor=cast.admin, library=library, facts=scheme, reason=NOTE
        )
        retention.answer(actor=cast.officer, version=version, is_approved=True, note=NOTE)


def _proposed(admin: User, library: Library, action: ActionPlan.Action, note: str) -> ActionPlan:
    plan = plans.make_plan(actor=admin, library=library, action=action, note=note)
    return plans.propose(actor=admin, plan=plan)
