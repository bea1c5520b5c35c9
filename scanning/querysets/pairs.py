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

    def known_to(self, user: User) -> Self:
        """Pairs of which both files stand, or once stood, in libraries that the person was given.

        Unlike a finding, this outlasts a file that is gone and a rule that has changed.
        """
        from scanning.models import SourceFile

        files = SourceFile.objects.visible_to(user)
        more = files.filter(sha256=models.OuterRef("sha256"), pk__gt=models.OuterRef("pk"))
        of_left = files.filter(sha256=models.OuterRef("left__sha256"))
        of_right = files.filter(sha256=models.OuterRef("right__sha256"))
        # A picture with itself is a pair of files: one file must not tell that there is another.
        return self.filter(
            models.Q(models.Exists(of_left.filter(models.Exists(more))))
            | ~models.Q(left=models.F("right")),
            models.Exists(of_left),
            models.Exists(of_right),
        )

    def in_library(self, library_id: int) -> Self:
        """Pairs that stand in this library."""
        from scanning.models import Finding

        findings = Finding.objects.filter(pair=models.OuterRef("pk"), library_id=library_id)
        return self.filter(models.Exists(findings))

    def in_queue_tiers(self) -> Self:
        """Without the look-alikes, which are shown only when asked for."""
        return self.filter(tier__in=QUEUE_TIERS)
