"""Reasons for verdicts: data that admins keep, in both languages, version by version."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ReasonCode(models.Model):
    """What stays the same about a reason: its code, and the verdict that it belongs to.

    Decisions name the code. Append-only: a code is never lost, and never means another verdict.
    """

    code = models.SlugField(_("code"), max_length=20, unique=True)
    verdict = models.CharField(
        _("verdict"),
        max_length=13,
        choices=[
            ("duplicate", _("Duplicate")),
            ("not_duplicate", _("Not a duplicate")),
            ("legal_hold", _("Legal hold")),
        ],
    )

    class Meta:
        ordering = ["verdict", "code"]

    def __str__(self) -> str:
        return self.code


class ReasonVersion(models.Model):
    """How a reason reads. Append-only: the newest version is in force, older decisions keep theirs.

    place: its order among the reasons of its verdict, which is its number on the keyboard.
    """

    reason = models.ForeignKey(ReasonCode, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    words = models.CharField(_("words in English"), max_length=120)
    words_zh = models.CharField(_("words in Traditional Chinese"), max_length=120)
    place = models.PositiveSmallIntegerField(_("place"))
    is_retired = models.BooleanField(_("retired"), default=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["reason", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["reason", "number"], name="reason_version_once"),
            models.CheckConstraint(
                name="reason_has_words", condition=~models.Q(words="") & ~models.Q(words_zh="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason.code} ({self.number})"
