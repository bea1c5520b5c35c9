"""Reading the audit log."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedup_site.audit.models import AuditEvent  # noqa: F401


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Chainable reads; who sees which libraries is decided by the caller's scope."""

    def in_libraries(self, library_ids: "Iterable[int] | None") -> "AuditEventQuerySet":
        """Events of no library or of these; None stands for every library."""
        if library_ids is None:
            return self.all()
        return self.filter(
            models.Q(library_id__isnull=True) | models.Q(library_id__in=list(library_ids))
        )

    def containing(self, text: str) -> "AuditEventQuerySet":
        """Events in whose detail (names, notes, paths) `text` stands, in upper or lower case."""
        return self.annotate(detail_text=Cast("detail", models.TextField())).filter(
            detail_text__icontains=text
        )
