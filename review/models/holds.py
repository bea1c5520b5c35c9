"""Matters, and the holds under them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from review.models.decisions import Reason
from review.querysets import HoldQuerySet
from scanning.models import Library, Picture, SourceFile


class Matter(models.Model):
    """A case under which things are held."""

    reference = models.CharField(_("reference"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=300)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["reference"]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"


class Hold(models.Model):
    """Nothing may happen to what it covers: one picture, one file, or one library.

    Rows are never updated or deleted (Postgres refuses); many may cover one file.
    """

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="holds")
    picture = models.ForeignKey(Picture, models.PROTECT, null=True, related_name="holds")
    source_file = models.ForeignKey(SourceFile, models.PROTECT, null=True, related_name="holds")
    library = models.ForeignKey(Library, models.PROTECT, null=True, related_name="holds")
    reason = models.CharField(max_length=20, choices=Reason)
    note = models.TextField(blank=True, max_length=2000)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="holds")
    placed_at = models.DateTimeField(auto_now_add=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="hold_covers_one_thing",
                condition=(
                    models.Q(picture__isnull=False, source_file__isnull=True, library__isnull=True)
                    | models.Q(
                        picture__isnull=True, source_file__isnull=False, library__isnull=True
                    )
                    | models.Q(
                        picture__isnull=True, source_file__isnull=True, library__isnull=False
                    )
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.matter.reference}: {self.picture or self.source_file or self.library}"
