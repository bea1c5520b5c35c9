"""Reading retention rules and the record classes of libraries."""

from typing import TYPE_CHECKING, Self

from django.db import models

from dedup_site.accounts.models import User
from scanning.models import Library

if TYPE_CHECKING:
    from review.models import LibraryScheme, RetentionRuleVersion  # noqa: F401

IN_FORCE = models.Q(needs_approval=False) | models.Q(answer__is_approved=True)


class RuleVersionQuerySet(models.QuerySet["RetentionRuleVersion"]):
    def in_force(self) -> Self:
        """Of each rule the version that counts, retired ones included."""
        newest = self.model.objects.filter(IN_FORCE, rule=models.OuterRef("rule"))
        return self.filter(pk=models.Subquery(newest.order_by("-number").values("pk")[:1]))

    def waiting(self) -> Self:
        """Versions that somebody has to approve or refuse."""
        return self.filter(needs_approval=True, answer__isnull=True)


class LibrarySchemeQuerySet(models.QuerySet["LibraryScheme"]):
    def in_force(self) -> Self:
        """Of each library the version that counts."""
        newest = self.model.objects.filter(IN_FORCE, library=models.OuterRef("library"))
        return self.filter(pk=models.Subquery(newest.order_by("-number").values("pk")[:1]))

    def waiting(self) -> Self:
        """Versions that somebody has to approve or refuse."""
        return self.filter(needs_approval=True, answer__isnull=True)

    def visible_to(self, user: User) -> Self:
        """Schemes of libraries that the person was given."""
        return self.filter(library__in=Library.objects.visible_to(user))
