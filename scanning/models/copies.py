"""Copies of pictures that the server made itself: under DATA_DIR, in no library."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from scanning.models.libraries import Library
from scanning.models.pictures import Picture, SourceFile


class MadeCopy(models.Model):
    """A copy of a picture, shown among pictures. No scan, count or search knows of it.

    Its number is drawn from the pictures' own, so that an address says nothing. `path`: the name
    under which it is shown; there is no such file.
    """

    class Recipe(models.TextChoices):
        RECOMPRESSED = "recompressed", _("Compressed again")
        RESIZED = "resized", _("Resized")
        CROPPED = "cropped", _("Slightly cropped")
        STAMPED = "stamped", _("A small stamp added")

    id = models.BigIntegerField(primary_key=True)
    origin = models.ForeignKey(Picture, models.PROTECT, related_name="+")
    library = models.ForeignKey(Library, models.PROTECT, related_name="+")
    recipe = models.CharField(max_length=12, choices=Recipe)
    path = models.TextField()
    modified_ns = models.BigIntegerField()
    attributes = models.JSONField(default=dict)
    sha256 = models.BinaryField(max_length=32)
    byte_size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.path

    @property
    def picture(self) -> Picture:
        """The copy as a picture, never saved."""
        return Picture(
            pk=self.pk,
            sha256=bytes(self.sha256),
            byte_size=self.byte_size,
            format="JPEG",
            mode="RGB",
            width=self.width,
            height=self.height,
        )

    @property
    def file(self) -> SourceFile:
        """The file that it seems to be, never saved."""
        return SourceFile(
            library=self.library,
            path=self.path,
            size=self.byte_size,
            modified_ns=self.modified_ns,
            sha256=bytes(self.sha256),
            attributes=self.attributes,
            state=SourceFile.State.READ,
        )
