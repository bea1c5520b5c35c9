"""Reading candidate pairs."""

from typing import TYPE_CHECKING, Self

from django.db import models

from dedup_site.accounts.models import User

if TYPE_CHECKING:
    from scanning.models import CandidatePair  # noqa: F401

QUEUE_TIERS = ("identical", "same_pixels", "near")


class CandidatePairQuerySet(models.QuerySet["CandidatePair"]):
    def visible_to(self, user: User) -> Self:
        """Pairs that a scan found in a library that the person was given."""
        from scanning.models import Finding

        findings = Finding.objects.filter(pair=models.OuterRef("pk"))
        if not user.sees_all_libraries:
            findings = findings.filter(library__in=user.accesses.values("library"))
        return self.filter(models.Exists(findings))

    def in_library(self, library_id: int) -> Self:
        """Pairs that stand in this library."""
        from scanning.models import Finding

        findings = Finding.objects.filter(pair=models.OuterRef("pk"), library_id=library_id)
        return self.filter(models.Exists(findings))

    def in_queue_tiers(self) -> Self:
        """Without the look-alikes, which are shown only when asked for."""
        return self.filter(tier__in=QUEUE_TIERS)
