"""Who may see which sensitive picture sharply for a while, and who brought which content."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scanning.models.libraries import Library
from scanning.models.pictures import Picture


class Purpose(models.TextChoices):
    """Why somebody needs to see a sensitive picture."""

    JUDGING = "judging", _("To judge whether pictures are duplicates")
    MATTER = "matter", _("For a legal hold or its matter")
    REQUEST = "request", _("The person shown has asked for it")
    QUALITY = "quality", _("To check other people's verdicts")
    INSPECTION = "inspection", _("For an audit or an inspection")
    OTHER = "other", _("Another purpose: say which")


class Reveal(models.Model):
    """One person sees one sensitive picture sharply until then, in one session of the browser.

    `session` is a digest of the session's key, so that a reveal ends with the session. The audit
    log keeps what happened; these rows only say what is in force.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    session = models.CharField(max_length=64)
    library = models.ForeignKey(Library, models.CASCADE, related_name="+")
    picture = models.ForeignKey(Picture, models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=20, choices=Purpose)
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "session", "picture"], name="revealed_once_per_session"
            )
        ]
        indexes = [models.Index(fields=["user", "until"])]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.picture_id}"


class Upload(models.Model):
    """One person uploaded this content, whatever its name and wherever else it lies.

    Whoever uploaded a file does not judge its pairs.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    sha256 = models.BinaryField(max_length=32)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sha256", "user"], name="upload_once_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {bytes(self.sha256).hex()[:12]}"
