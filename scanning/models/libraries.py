"""Libraries and who was given them."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scanning.querysets.libraries import LibraryQuerySet


class Library(models.Model):
    """A collection of files: a mounted folder (read-only to us) or files that people uploaded."""

    class Kind(models.TextChoices):
        MOUNTED = "mounted", _("Mounted folder")
        UPLOADED = "uploaded", _("Uploaded files")

    name = models.CharField(_("name"), max_length=200, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    root = models.TextField(_("folder"), blank=True)
    attribute_pattern = models.TextField(_("attributes from the path"), blank=True)
    manifest_path = models.TextField(_("manifest"), blank=True)
    price_per_gb_month = models.DecimalField(
        _("price per GB and month (HKD)"), max_digits=8, decimal_places=3, default=Decimal("0.200")
    )
    is_sensitive = models.BooleanField(
        _("sensitive: log every picture that is shown"), default=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LibraryQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="library_root_iff_mounted",
                condition=(
                    models.Q(kind="mounted") & ~models.Q(root="")
                    | models.Q(kind="uploaded", root="")
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_mounted(self) -> bool:
        return self.kind == self.Kind.MOUNTED


class LibraryAccess(models.Model):
    """One person was given one library."""

    library = models.ForeignKey(Library, models.CASCADE, related_name="accesses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="accesses")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["library", "user"], name="one_access_per_user")
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.library}"
