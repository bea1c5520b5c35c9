"""Reading jobs, runs and the ledger."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from dedup_site.accounts.models import User

if TYPE_CHECKING:
    from scanning.models import Chunk, ScanJob, ScanRun  # noqa: F401

ACTIVE_STATES = ("walking", "reading", "matching", "comparing")


def _of_visible_libraries(user: User) -> models.Q:
    if user.sees_all_libraries:
        return models.Q()
    return models.Q(library__accesses__user=user)


class ScanJobQuerySet(models.QuerySet["ScanJob"]):
    def visible_to(self, user: User) -> Self:
        """Jobs of libraries that the person was given."""
        return self.filter(_of_visible_libraries(user))

    def due(self) -> Self:
        """Jobs whose scheduled time has come."""
        return self.filter(next_run_at__lte=timezone.now())


class ScanRunQuerySet(models.QuerySet["ScanRun"]):
    def visible_to(self, user: User) -> Self:
        """Runs in libraries that the person was given."""
        return self.filter(_of_visible_libraries(user))

    def active(self) -> Self:
        """Runs that have not come to an end."""
        return self.filter(state__in=ACTIVE_STATES)

    def with_progress(self) -> Self:
        """Adds sums over the ledger: total, done, bytes_total, bytes_done, error_count."""

        def over(field: str) -> Coalesce:
            return Coalesce(
                models.Sum(f"chunks__{field}"), 0, output_field=models.BigIntegerField()
            )

        return self.annotate(
            total=over("files_total"),
            done=over("files_done"),
            bytes_total=over("bytes_total"),
            bytes_done=over("bytes_done"),
            error_count=over("errors"),
        )


class ChunkQuerySet(models.QuerySet["Chunk"]):
    def ready(self) -> Self:
        """Chunks of active, unpaused runs that nobody works on."""
        return self.filter(state="ready", run__is_paused=False, run__state__in=ACTIVE_STATES)

    def lapsed(self) -> Self:
        """Chunks whose worker has not been heard of past its lease."""
        return self.filter(state="leased", lease_until__lt=Now())
