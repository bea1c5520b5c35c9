"""Matters, the holds under them, and how a hold is released: every step a row of its own."""

from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from review import reasons
from review.models.reasons import ReasonVersion
from review.records.hold_querysets import HoldQuerySet, HoldReleaseQuerySet, MatterQuerySet
from scanning.models import Library, Picture, SourceFile


class Matter(models.Model):
    """A case under which things are held.

    A confidential one is known to the people named in `readers` only: everybody else reads a
    masked reference. `str()` masks until `is_known` says that the reader may know (see
    `MatterQuerySet.known_to`), so that a page that forgets to ask tells nothing.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    is_known = False

    reference = models.CharField(_("reference"), max_length=100, unique=True)
    title = models.CharField(_("title"), max_length=300)
    basis = models.TextField(_("legal basis"), max_length=2000, blank=True)
    scope = models.TextField(_("scope"), max_length=2000, blank=True)
    custodian = models.CharField(_("custodian"), max_length=200, blank=True)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    is_confidential = models.BooleanField(_("confidential"), default=False)
    readers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    objects = MatterQuerySet.as_manager()

    class Meta:
        ordering = ["reference"]
        constraints = [
            models.CheckConstraint(
                name="matter_is_closed_at_a_time",
                condition=(
                    models.Q(state="open", closed_at__isnull=True)
                    | models.Q(state="closed", closed_at__isnull=False)
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}" if self.is_told else self.masked

    @property
    def is_told(self) -> bool:
        """Whether its names may be shown to whoever reads this page."""
        return self.is_known or not self.is_confidential

    @property
    def masked(self) -> str:
        """What people read who may not know of it."""
        return gettext("Confidential matter %(number)d") % {"number": self.pk or 0}

    @property
    def shown_reference(self) -> str:
        return self.reference if self.is_told else self.masked

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class Hold(models.Model):
    """Nothing may happen to what it covers, nor to any copy of it.

    It covers one picture, one file, one library, a folder of a library, or everything with one
    value of an attribute (in one library, or in all of them). The last three are conditions: files
    that a scan finds later are held from the moment they are known.
    Rows are never updated or deleted (Postgres refuses); many may cover one file.
    """

    class Kind(models.TextChoices):
        PICTURE = "picture", _("Picture")
        FILE = "file", _("File")
        FOLDER = "folder", _("Folder")
        ATTRIBUTE = "attribute", _("Attribute")
        LIBRARY = "library", _("Library")

    file_count: int  # given by `with_file_count()`

    matter = models.ForeignKey(Matter, models.PROTECT, related_name="holds")
    picture = models.ForeignKey(Picture, models.PROTECT, null=True, related_name="holds")
    source_file = models.ForeignKey(SourceFile, models.PROTECT, null=True, related_name="holds")
    library = models.ForeignKey(Library, models.PROTECT, null=True, related_name="holds")
    folder = models.TextField(blank=True, default="")
    attribute_name = models.CharField(max_length=64, blank=True, default="")
    attribute_value = models.CharField(max_length=200, blank=True, default="")
    reason = models.CharField(max_length=20)
    reason_version = models.ForeignKey(
        ReasonVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
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
                    models.Q(
                        picture__isnull=False,
                        source_file__isnull=True,
                        library__isnull=True,
                        folder="",
                        attribute_name="",
                    )
                    | models.Q(
                        picture__isnull=True,
                        source_file__isnull=False,
                        library__isnull=True,
                        folder="",
                        attribute_name="",
                    )
                    | models.Q(
                        picture__isnull=True,
                        source_file__isnull=True,
                        library__isnull=False,
                        attribute_name="",
                    )
                    | models.Q(picture__isnull=True, source_file__isnull=True, folder="")
                    & ~models.Q(attribute_name="")
                ),
            ),
            models.CheckConstraint(
                name="hold_names_attribute_and_value",
                condition=models.Q(attribute_name="", attribute_value="")
                | ~models.Q(attribute_name="") & ~models.Q(attribute_value=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["attribute_name", "attribute_value"],
                condition=~models.Q(attribute_name=""),
                name="hold_by_attribute",
            )
        ]

    def __str__(self) -> str:
        return f"{self.matter.shown_reference}: {self.covers}"

    def get_reason_display(self) -> str:
        """The reason in the words of that day."""
        return reasons.words(self.reason_version_id, self.reason)

    @property
    def kind(self) -> Kind:
        """What sort of thing it covers."""
        if self.picture_id is not None:
            return self.Kind.PICTURE
        if self.source_file_id is not None:
            return self.Kind.FILE
        if self.attribute_name:
            return self.Kind.ATTRIBUTE
        return self.Kind.FOLDER if self.folder else self.Kind.LIBRARY

    @property
    def is_standing(self) -> bool:
        """Whether it also catches files that a scan finds later."""
        return self.kind in (self.Kind.FOLDER, self.Kind.ATTRIBUTE, self.Kind.LIBRARY)

    @property
    def covers(self) -> str:
        """What it covers, in words: path, folder, attribute or library."""
        if self.attribute_name:
            return f"{self.attribute_name}={self.attribute_value}"
        if self.folder:
            return f"{self.folder}/"
        return str(self.picture or self.source_file or self.library)


class HoldRelease(models.Model):
    """Somebody proposes that a hold ends. The hold itself stays as it was written.

    It ends at the `effective_at` of the approval, unless the release was withdrawn before.
    Append-only, as are its approval and its withdrawal.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waits for approval")
        APPROVED = "approved", _("Approved, still holds")
        EFFECTIVE = "effective", _("Released")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    state: str  # one of State, given by `with_state()`

    hold = models.ForeignKey(Hold, models.PROTECT, related_name="releases")
    reason = models.TextField(_("reason"), max_length=2000)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)

    objects = HoldReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="release_has_a_reason", condition=~models.Q(reason=""))
        ]

    def __str__(self) -> str:
        return str(self.hold)

    @property
    def words(self) -> str | Promise:
        """Where it stands, for a release with its state."""
        return self.State(self.state).label


class ReleaseApproval(models.Model):
    """A second person agrees; until `effective_at` everything stays held."""

    release = models.OneToOneField(HoldRelease, models.PROTECT, related_name="approval")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    effective_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="release_is_effective_after_approval",
                condition=models.Q(effective_at__gte=models.F("approved_at")),
            )
        ]

    def __str__(self) -> str:
        return str(self.release)


class ReleaseWithdrawal(models.Model):
    """The release was called off, or refused: the hold stands."""

    release = models.OneToOneField(HoldRelease, models.PROTECT, related_name="withdrawal")
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField(_("reason"), max_length=2000, blank=True)

    def __str__(self) -> str:
        return str(self.release)


class HeldBefore(models.Model):
    """What a hold covered before something else changed: it stays held. Append-only.

    With `sha256` it is the content that the file had then, without it the file itself. Triggers
    write it where a scan finds other attributes or another content, and `services.holds.stay_held`
    where the verdict goes by which a hold had reached a copy.
    """

    hold = models.ForeignKey(Hold, models.PROTECT, related_name="+")
    source_file = models.ForeignKey(SourceFile, models.PROTECT, related_name="+")
    sha256 = models.BinaryField(max_length=32, null=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_file", "hold", "sha256"],
                nulls_distinct=False,
                name="held_before_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["sha256"],
                condition=models.Q(sha256__isnull=False),
                name="held_before_content",
            )
        ]

    def __str__(self) -> str:
        return f"{self.hold}: {self.source_file}"
