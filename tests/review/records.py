"""What the tests of holds and retention share."""

import hashlib
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from dedup_site.accounts.models import User
from review.models import (
    Hold,
    HoldRelease,
    LibraryScheme,
    Matter,
    ReleaseApproval,
    RetentionRule,
    RetentionRuleVersion,
)
from scanning.models import Library, SourceFile


def make_file(
    library: Library, path: str, sha256: bytes | None = None, **fields: Any
) -> SourceFile:
    """A present file of a library; without a digest it was not read yet."""
    return SourceFile.objects.create(
        library=library,
        path=path,
        path_key=hashlib.sha256(path.encode()).digest(),
        size=1,
        modified_ns=fields.pop("modified_ns", 1_700_000_000_000_000_000),
        sha256=sha256,
        state=SourceFile.State.READ if sha256 else SourceFile.State.PENDING,
        **fields,
    )


def make_hold(officer: User, matter: Matter, **covers: Any) -> Hold:
    """A hold, as the service writes it."""
    return Hold.objects.create(matter=matter, reason="regulator", placed_by=officer, **covers)


def release(hold: Hold, by: User, approved_by: User, hours_ago: float = 1) -> HoldRelease:
    """A release of the hold that has been effective for some hours (or will be, if negative)."""
    proposal = HoldRelease.objects.create(hold=hold, reason="Settled", proposed_by=by)
    effective = timezone.now() - timedelta(hours=hours_ago)
    ReleaseApproval.objects.create(
        release=proposal,
        approved_by=approved_by,
        approved_at=min(effective, timezone.now()) - timedelta(hours=24),
        effective_at=effective,
    )
    return proposal


def file_is(function: str, file: SourceFile | int) -> bool:
    """What one of the functions of Postgres says to whatever acts on files."""
    with connection.cursor() as cursor:
        pk = file if isinstance(file, int) else file.pk
        cursor.execute(f"SELECT {function}(%s)", [pk])
        answer: bool = cursor.fetchone()[0]
    return answer


def make_rule(
    code: str,
    *classes: str,
    period: str = "P7Y",
    source: str = "attribute",
    name: str = "event",
    **fields: Any,
) -> RetentionRuleVersion:
    """A rule in force."""
    return RetentionRuleVersion.objects.create(
        rule=RetentionRule.objects.create(code=code),
        number=1,
        title=fields.pop("title", code),
        citation="Cap. 1",
        classes=list(classes),
        event_source=source,
        event_name=name if source == "attribute" else "",
        period=period,
        needs_approval=False,
        **fields,
    )


def make_scheme(library: Library, **fields: Any) -> LibraryScheme:
    """How a library is classed, in force."""
    return LibraryScheme.objects.create(library=library, number=1, needs_approval=False, **fields)
