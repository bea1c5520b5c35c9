"""The reports of holds and releases as tables for spreadsheets; each export is an audit event."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from django.db import transaction

from dedup_site.accounts.models import User
from dedup_site.audit.services import record
from dedup_site.audit.spreadsheets import Cell, csv_lines
from review.models import HoldRelease
from review.records.hold_lines import RELATED, HoldLine, hold_lines
from review.records.hold_querysets import HoldQuerySet, HoldReleaseQuerySet, tell

ROWS_AT_ONCE = 500
HOLD_COLUMNS = (
    *("id", "matter", "kind", "library", "covers", "files_now", "reason", "note"),
    *("placed_by", "placed_at", "state", "ends_at"),
)
RELEASE_COLUMNS = (
    *("id", "hold", "matter", "kind", "covers", "state", "reason", "proposed_by", "proposed_at"),
    *("approved_by", "approved_at", "effective_at"),
    *("withdrawn_by", "withdrawn_at", "withdrawn_because"),
)


def export_holds(*, actor: User, holds: HoldQuerySet, filters: dict[str, str]) -> Iterator[str]:
    """The holds as lines of CSV. That they were exported is recorded before the first line."""
    with transaction.atomic():
        record("export.holds", actor=actor, data={"filters": filters})
    return csv_lines(HOLD_COLUMNS, _hold_rows(holds, actor))


def export_releases(
    *, actor: User, releases: HoldReleaseQuerySet, filters: dict[str, str]
) -> Iterator[str]:
    """The releases as lines of CSV. That they were exported is recorded before the first line."""
    with transaction.atomic():
        record("export.releases", actor=actor, data={"filters": filters})
    return csv_lines(RELEASE_COLUMNS, _release_rows(releases, actor))


def _hold_rows(holds: HoldQuerySet, actor: User) -> Iterator[tuple[Cell, ...]]:
    found = holds.order_by("pk").iterator(chunk_size=ROWS_AT_ONCE)
    while part := list(islice(found, ROWS_AT_ONCE)):
        for line in hold_lines(part, actor):
            yield _hold_row(line)


def _hold_row(line: HoldLine) -> tuple[Cell, ...]:
    hold = line.hold
    library = hold.library or (hold.source_file.library if hold.source_file else None)
    return (
        hold.pk,
        str(hold.matter),
        hold.kind,
        str(library or ""),
        hold.picture.digest if hold.picture else hold.covers,
        line.file_count,
        hold.reason,
        hold.note if hold.matter.is_told else "",
        hold.placed_by.get_username(),
        _utc(hold.placed_at),
        "released" if line.is_released else "in force",
        _utc(line.ends_at),
    )


def _release_rows(releases: HoldReleaseQuerySet, actor: User) -> Iterator[tuple[Cell, ...]]:
    related = [f"hold__{name}" for name in RELATED]
    found = (
        releases.with_state()
        .order_by("pk")
        .select_related(
            *("proposed_by", "approval__approved_by", "withdrawal__withdrawn_by", *related)
        )
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    while part := list(islice(found, ROWS_AT_ONCE)):
        tell([release.hold for release in part], actor)
        for release in part:
            yield _release_row(release)


def _release_row(release: HoldRelease) -> tuple[Cell, ...]:
    hold = release.hold
    approval = getattr(release, "approval", None)
    withdrawal = getattr(release, "withdrawal", None)
    is_told = hold.matter.is_told
    return (
        release.pk,
        hold.pk,
        str(hold.matter),
        hold.kind,
        hold.picture.digest if hold.picture else hold.covers,
        release.state,
        release.reason if is_told else "",
        release.proposed_by.get_username(),
        _utc(release.proposed_at),
        approval.approved_by.get_username() if approval else "",
        _utc(approval.approved_at) if approval else "",
        _utc(approval.effective_at) if approval else "",
        withdrawal.withdrawn_by.get_username() if withdrawal else "",
        _utc(withdrawal.withdrawn_at) if withdrawal else "",
        withdrawal.reason if withdrawal and is_told else "",
    )


def _utc(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""
