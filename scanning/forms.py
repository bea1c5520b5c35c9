"""The forms of the admin's pages: they check what was typed and hand settings to the services."""

import re
from pathlib import PurePosixPath
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.translation import gettext_lazy as _

from scanning.attributes import PatternError, parse_pattern
from scanning.defaults import DEFAULT_EXCLUDE
from scanning.models import Library, ScanJob
from scanning.services.jobs import JobSettings
from scanning.services.libraries import LibrarySettings
from scanning.storage import RootRefused, checked_root

ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class LibraryForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """What can be changed about any library."""

    class Meta:
        model = Library
        fields = [
            "name",
            "attribute_pattern",
            "manifest_path",
            "price_per_gb_month",
            "is_sensitive",
        ]
        labels = {
            "attribute_pattern": _("Attributes from the path"),
            "manifest_path": _("Manifest"),
            "is_sensitive": _("Sensitive: blur every picture until it is revealed"),
        }
        help_texts = {
            "attribute_pattern": _(
                "Names the folders of a path, such as {tender}/{supplier}/…  A part in braces "
                "becomes an attribute of each file; “…” stands for whatever follows."
            ),
            "manifest_path": _(
                "A CSV file in this library with a column “path”; its other columns become "
                "attributes of the files. It wins over the path."
            ),
            "price_per_gb_month": _("The report multiplies it with what the files take up."),
            "is_sensitive": _(
                "For personal or medical pictures. Only people who are given this library by name "
                "can reveal them, for a purpose; who saw which one goes into the audit log."
            ),
        }
        widgets = {
            "attribute_pattern": forms.TextInput(attrs={"spellcheck": "false"}),
            "manifest_path": forms.TextInput(attrs={"spellcheck": "false"}),
            "price_per_gb_month": forms.NumberInput(attrs={"min": "0", "step": "0.001"}),
        }

    def clean_attribute_pattern(self) -> str:
        text: str = self.cleaned_data["attribute_pattern"].strip()
        try:
            parse_pattern(text)
        except PatternError as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def clean_manifest_path(self) -> str:
        text: str = self.cleaned_data["manifest_path"].strip()
        if text.startswith("/") or ".." in PurePosixPath(text).parts:
            raise forms.ValidationError(_("Give the path within the library, without “..”."))
        return text

    def clean_price_per_gb_month(self) -> object:
        price = self.cleaned_data["price_per_gb_month"]
        if price < 0:
            raise forms.ValidationError(_("A price cannot be below zero."))
        return price

    def settings(self) -> LibrarySettings:
        """What the service takes; only of a valid form."""
        return LibrarySettings(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class MountedLibraryForm(LibraryForm):
    """A new library in a folder of the server."""

    root = forms.CharField(
        label=_("Folder"),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    field_order = ["root"]

    def clean_root(self) -> str:
        try:
            return str(checked_root(self.cleaned_data["root"]))
        except RootRefused as error:
            raise forms.ValidationError(str(error)) from error


class AttributeNamesField(SimpleArrayField):
    """Names of attributes, separated by commas."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(forms.CharField(max_length=64), required=False, **kwargs)

    def clean(self, value: Any) -> list[str]:
        names: list[str] = [name for name in super().clean(value) if name]
        for name in names:
            if not ATTRIBUTE_NAME.fullmatch(name):
                message = _(
                    "“%(name)s” is no attribute name: use lower-case letters, digits and “_”."
                )
                raise forms.ValidationError(message, params={"name": name})
        return list(dict.fromkeys(names))


class JobForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """Everything about a scan job."""

    must_agree = AttributeNamesField(
        label=_("Attributes that must agree"),
        help_text=_(
            "Separated by commas. A pair counts only where both files have the same value: with "
            "“tender” here and “supplier” below, one photo sent in by two suppliers of one tender."
        ),
    )
    must_differ = AttributeNamesField(
        label=_("Attributes that must differ"),
        help_text=_(
            "Separated by commas. A pair counts only where the values are different: with "
            "“vendor”, one photo under two vendors, but not twice under the same one."
        ),
    )

    class Meta:
        model = ScanJob
        fields = [
            "name",
            "include",
            "exclude",
            "minimum_bytes",
            "minimum_edge",
            "near_radius",
            "find_crops",
            "must_agree",
            "must_differ",
            "schedule",
        ]
        labels = {
            "include": _("Only these files"),
            "exclude": _("Leave out"),
            "minimum_bytes": _("Smallest file (bytes)"),
            "minimum_edge": _("Shortest edge (pixels)"),
            "near_radius": _("Largest distance (of 256)"),
            "find_crops": _("Find parts of pictures"),
        }
        help_texts = {
            "include": _("One pattern a line, such as *.jpg or 2024/*. Empty means every file."),
            "exclude": _(
                "One pattern a line. Without “/” it is held against every folder and file name, "
                "with “/” against the whole path. “*” stands for anything; capitals do not matter."
            ),
            "minimum_bytes": _("Smaller files are left out: icons, thumbnails. 0 takes all."),
            "minimum_edge": _(
                "Pictures with a shorter edge are read, but not compared. 0 compares all."
            ),
            "near_radius": _(
                "How much two pictures may differ and still be shown as a near-duplicate. "
                "0: hardly at all. 64: resized, re-encoded or recoloured copies, as a rule. "
                "Above 90 most pairs are different pictures."
            ),
            "find_crops": _(
                "Crops down to three quarters of each side, upright, turned or mirrored. It takes "
                "most of the time of the search; the page of a scan says how much it took."
            ),
            "schedule": _(
                "Every hour on the hour; every day at 02:00; every week on Sunday at 02:00."
            ),
        }
        widgets = {
            "include": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            "exclude": forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, library: Library, **kwargs: Any) -> None:
        instance = kwargs.setdefault("instance", None) or ScanJob(
            library=library, exclude=DEFAULT_EXCLUDE
        )
        kwargs["instance"] = instance
        super().__init__(*args, **kwargs)
        if not instance.pk:
            self.fields["name"].initial = self.initial["name"] = _("Everything")

    def clean_include(self) -> str:
        return _tidy_lines(self.cleaned_data["include"])

    def clean_exclude(self) -> str:
        return _tidy_lines(self.cleaned_data["exclude"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        both = set(cleaned.get("must_agree", ())) & set(cleaned.get("must_differ", ()))
        if both:
            self.add_error(
                "must_differ",
                forms.ValidationError(
                    _("“%(name)s” cannot agree and differ at once."), params={"name": min(both)}
                ),
            )
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # The library is no field of the form, but job names are unique within it.
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # untyped
        return exclusions - {"library"}

    def settings(self) -> JobSettings:
        """What the service takes; only of a valid form."""
        return JobSettings(**{name: self.cleaned_data[name] for name in self.Meta.fields})


def _tidy_lines(text: str) -> str:
    """Without empty lines and spaces around the patterns."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
