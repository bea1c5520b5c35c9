"""What people send from the pages of matters and holds."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dedup_site.accounts.models import User
from review import reasons
from review.models import Hold, Matter, Verdict
from review.services.holds import Target
from review.services.matters import MatterFacts
from scanning.models import Library, Picture, SourceFile

DIGEST = re.compile(r"[0-9a-f]{64}")


class MatterForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A new matter. Who may know of a confidential one is chosen when it is changed."""

    class Meta:
        model = Matter
        fields = ["reference", "title", "basis", "scope", "custodian", "is_confidential"]
        help_texts = {
            "reference": _("The case number by which others know it, for example HCA 1234/2026."),
            "basis": _("The law, order or notice that asks for the hold."),
            "scope": _("What is meant to be held, in words."),
            "custodian": _("Who answers for the material."),
            "is_confidential": _(
                "Only you and the people whom you name afterwards read its reference and title; "
                "others read “Confidential matter” and its number."
            ),
        }
        widgets: dict[str, forms.Widget] = {
            "basis": forms.Textarea(attrs={"rows": 2}),
            "scope": forms.Textarea(attrs={"rows": 2}),
        }

    def facts(self) -> MatterFacts:
        """For the service, once the form is valid."""
        return MatterFacts(**self.cleaned_data)


class MatterChangeForm(MatterForm):
    """A matter's facts, and who may know of it."""

    class Meta(MatterForm.Meta):
        fields = [*MatterForm.Meta.fields, "readers"]
        help_texts = MatterForm.Meta.help_texts | {
            "readers": _("Who may know of it while it is confidential. You always may."),
        }
        widgets = MatterForm.Meta.widgets | {"readers": forms.CheckboxSelectMultiple()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).order_by("username")
        self.fields["readers"].queryset = people  # type: ignore[attr-defined]
        self.fields["readers"].label = _("People who may know of it")
        self.fields["readers"].label_from_instance = (  # type: ignore[attr-defined]
            lambda person: person.display_name
        )


class HoldForm(forms.Form):
    """A hold of one kind: the fields that say what is held, and why."""

    library: "forms.ModelChoiceField[Library]" = forms.ModelChoiceField(
        Library.objects.none(), label=_("Library")
    )
    libraries: "forms.ModelMultipleChoiceField[Library]" = forms.ModelMultipleChoiceField(
        Library.objects.none(),
        label=_("Libraries"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose the libraries.")},
    )
    folder = forms.CharField(
        label=_("Folder"),
        max_length=4000,
        help_text=_("Its path within the library, for example tenders/2026."),
    )
    path = forms.CharField(
        label=_("File"), max_length=4000, help_text=_("Its path within the library.")
    )
    sha256 = forms.CharField(
        label=_("Digest of the picture"),
        max_length=64,
        help_text=_("The SHA-256 as the pair page shows it: 64 digits and letters from a to f."),
    )
    attribute_name = forms.CharField(
        label=_("Attribute"), max_length=64, help_text=_("Its name, for example supplier.")
    )
    attribute_value = forms.CharField(label=_("Value"), max_length=200)
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=lambda: [
            ("", "–"),
            *((reason.code, reason.words) for reason in reasons.of(Verdict.LEGAL_HOLD)),
        ],
    )
    note = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea({"rows": 2})
    )

    FIELDS: dict[Hold.Kind, tuple[str, ...]] = {
        Hold.Kind.LIBRARY: ("library",),
        Hold.Kind.FOLDER: ("library", "folder"),
        Hold.Kind.ATTRIBUTE: ("attribute_name", "attribute_value", "libraries"),
        Hold.Kind.FILE: ("library", "path"),
        Hold.Kind.PICTURE: ("sha256",),
    }

    def __init__(self, *args: Any, kind: Hold.Kind, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.user = kind, user
        wanted = (*self.FIELDS[kind], "reason", "note")
        self.fields = {name: self.fields[name] for name in wanted}
        for name in ("library", "libraries"):
            if name in self.fields:
                self.fields[name].queryset = Library.objects.visible_to(user)  # type: ignore[attr-defined]
        if "libraries" in self.fields and user.sees_all_libraries:
            self.fields["libraries"].required = False
            self.fields["libraries"].help_text = _(
                "Choose none for all libraries, also those to come."
            )

    def clean_folder(self) -> str:
        folder = str(self.cleaned_data["folder"]).strip("/")
        if not folder:
            raise ValidationError(_("Name the folder; to hold everything, hold the library."))
        return folder

    def clean_sha256(self) -> str:
        digest = str(self.cleaned_data["sha256"]).lower()
        if not DIGEST.fullmatch(digest):
            raise ValidationError(_("A digest has 64 characters: digits and letters a to f."))
        return digest

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if "path" in given and "library" in given:
            files = SourceFile.objects.visible_to(self.user).filter(library=given["library"])
            given["source_file"] = files.filter(path=given["path"].strip("/")).first()
            if given["source_file"] is None:
                self.add_error("path", _("There is no such file in this library."))
        if "sha256" in given:
            pictures = Picture.objects.visible_to(self.user).order_by("page")
            given["picture"] = pictures.filter(sha256=bytes.fromhex(given["sha256"])).first()
            if given["picture"] is None:
                self.add_error("sha256", _("There is no such picture in your libraries."))
        return given

    def targets(self) -> list[Target]:
        """What is to be held, once the form is valid: one target, or one for each library."""
        given = self.cleaned_data
        match self.kind:
            case Hold.Kind.PICTURE:
                return [Target(picture=given["picture"])]
            case Hold.Kind.FILE:
                return [Target(source_file=given["source_file"])]
            case Hold.Kind.ATTRIBUTE:
                return [
                    Target(
                        library=library,
                        attribute_name=given["attribute_name"],
                        attribute_value=given["attribute_value"],
                    )
                    for library in (list(given["libraries"]) or [None])
                ]
            case _:
                return [Target(library=given["library"], folder=given.get("folder", ""))]


class ReasonForm(forms.Form):
    """Why a hold is to end."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Who decided it, and on what ground. The second person reads this."),
    )
