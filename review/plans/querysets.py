"""Reading plans, their items, and what each library lets plans do."""

from typing import TYPE_CHECKING, Self

from django.db import models

from dedup_site.accounts.models import User
from scanning.models import Library

if TYPE_CHECKING:
    from review.models import ActionPlan, ActionRule, PlanItem  # noqa: F401


class ActionRuleQuerySet(models.QuerySet["ActionRule"]):
    def in_force(self) -> Self:
        """Of each library the newest version."""
        newest = self.model.objects.filter(library=models.OuterRef("library"))
        return self.filter(pk=models.Subquery(newest.order_by("-number").values("pk")[:1]))

    def visible_to(self, user: User) -> Self:
        """Rules of libraries that the person was given."""
        return self.filter(library__in=Library.objects.visible_to(user))


class ActionPlanQuerySet(models.QuerySet["ActionPlan"]):
    def visible_to(self, user: User) -> Self:
        """Plans for libraries that the person was given; a draft is its maker's own."""
        given = self.filter(library__in=Library.objects.visible_to(user))
        return given.exclude(~models.Q(made_by=user), state="draft")


class PlanItemQuerySet(models.QuerySet["PlanItem"]):
    def visible_to(self, user: User) -> Self:
        """Items of plans that the person may see."""
        from review.models import ActionPlan

        return self.filter(plan__in=ActionPlan.objects.visible_to(user).order_by().values("pk"))

    def acting(self) -> Self:
        """Items whose file the plan acts upon."""
        return self.filter(fate="act")
