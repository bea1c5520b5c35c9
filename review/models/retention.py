"""Retention rules and the record classes of libraries: versioned data, never code."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from review.records.retention_querysets import LibrarySchemeQuerySet, RuleVersionQuerySet
from scanning.models import Library


class RecordClass(models.Model):
    """A kind of record that the law treats alike, by the code that rules and libraries name."""

    code = models.SlugField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class RetentionRule(models.Model):
    """What stays the same about a rule: its code. What it says is in its versions."""

    code = models.SlugField(_("code"), max_length=64, unique=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Version(models.Model):
    """What each version of a rule or a scheme has. Rows are append-only.

    In force is the newest version that needs no approval or has it. One that could free files
    needs a second person (`RetentionAnswer`); `frees` is what it would have freed when it was
    made: files by library id.
    """

    number = models.PositiveIntegerField()
    based_on = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    needs_approval = models.BooleanField()
    frees = models.JSONField(default=dict)
    reason = models.TextField(_("reason for the change"), max_length=2000, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class RetentionRuleVersion(Version):
    """Files of these classes are kept for `period` from the date of an event."""

    class Source(models.TextChoices):
        ATTRIBUTE = "attribute", _("Attribute or manifest column")
        EXIF = "exif", _("Date taken (EXIF)")
        FILE_DATE = "file_date", _("Date of the file")

    rule = models.ForeignKey(RetentionRule, models.PROTECT, related_name="versions")
    title = models.CharField(_("title"), max_length=200)
    citation = models.CharField(_("legal source"), max_length=300)
    link = models.URLField(_("link to the source"), max_length=500, blank=True)
    is_verified = models.BooleanField(_("verified against the source"), default=False)
    remark = models.TextField(_("remark"), max_length=2000, blank=True)
    classes = ArrayField(models.CharField(max_length=64), verbose_name=_("record classes"))
    event_source = models.CharField(_("period begins with"), max_length=10, choices=Source)
    event_name = models.CharField(_("attribute"), max_length=64, blank=True)
    period = models.CharField(_("period"), max_length=20)
    is_retired = models.BooleanField(_("no longer applies"), default=False)

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        ordering = ["rule", "-number"]
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="rule_version_once")]

    def __str__(self) -> str:
        return f"{self.rule.code} ({self.number})"


class LibraryScheme(Version):
    """Of which record class a library's files are: all of one, or by the value of an attribute.

    `customer_attribute` names whose file it is, for the view of personal data.
    """

    library = models.ForeignKey(Library, models.PROTECT, related_name="schemes")
    record_class = models.CharField(_("record class"), max_length=64, blank=True)
    class_attribute = models.CharField(_("attribute"), max_length=64, blank=True)
    class_values = models.JSONField(_("classes by value"), default=dict, blank=True)
    customer_attribute = models.CharField(_("customer attribute"), max_length=64, blank=True)

    objects = LibrarySchemeQuerySet.as_manager()

    class Meta:
        ordering = ["library", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["library", "number"], name="scheme_version_once"),
            models.CheckConstraint(
                name="scheme_goes_by_library_or_attribute",
                condition=models.Q(record_class="") | models.Q(class_attribute=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.library} ({self.number})"


class RetentionAnswer(models.Model):
    """A second person's answer to a version that needs one. Append-only."""

    rule_version = models.OneToOneField(
        RetentionRuleVersion, models.PROTECT, null=True, related_name="answer"
    )
    scheme = models.OneToOneField(LibraryScheme, models.PROTECT, null=True, related_name="answer")
    is_approved = models.BooleanField()
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    given_at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="answer_to_one_version",
                condition=(
                    models.Q(rule_version__isnull=False, scheme__isnull=True)
                    | models.Q(rule_version__isnull=True, scheme__isnull=False)
                ),
            )
        ]

    def __str__(self) -> str:
        return str(self.rule_version or self.scheme)
