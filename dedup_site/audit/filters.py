"""What an auditor may ask of the log."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db import models
from django.utils.translation import gettext_lazy as _

from dedup_site.audit.actions import ACTIONS
from dedup_site.audit.querysets import AuditEventQuerySet

# The kinds of rows that events are about.
TARGETS = {
    "accounts.user": _("User"),
    "scanning.library": _("Library"),
    "scanning.scanjob": _("Scan job"),
    "scanning.scanrun": _("Scan"),
    "scanning.sourcefile": _("File"),
    "scanning.picture": _("Picture"),
    "scanning.candidatepair": _("Candidate pair"),
    "review.matter": _("Matter"),
    "review.hold": _("Hold"),
    "review.holdrelease": _("Release of a hold"),
    "review.retentionruleversion": _("Retention rule"),
    "review.libraryscheme": _("Record class of a library"),
}


def _time() -> forms.DateTimeInput:
    return forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class EventFilter(forms.Form):
    """The filters of the log. `libraries` are those that the person may see."""

    text = forms.CharField(
        label=_("Text"),
        max_length=200,
        required=False,
        widget=forms.TextInput({"type": "search"}),
    )
    since = forms.DateTimeField(label=_("From"), required=False, widget=_time())
    until = forms.DateTimeField(label=_("To"), required=False, widget=_time())
    person: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("User name"),
        queryset=None,
        to_field_name="username",
        required=False,
        widget=forms.TextInput,
        error_messages={"invalid_choice": _("Nobody has this user name.")},
    )
    action = forms.ChoiceField(label=_("Action"), required=False)
    library: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Library"), queryset=None, required=False, empty_label=_("All libraries")
    )
    target_type = forms.ChoiceField(label=_("About"), required=False)
    target_id = forms.CharField(label=_("Number"), max_length=64, required=False)
    request = forms.UUIDField(label=_("Request"), required=False)

    def __init__(self, *args: Any, libraries: models.QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = get_user_model().objects.all()  # type: ignore[attr-defined]
        self.fields["library"].queryset = libraries  # type: ignore[attr-defined]
        self.fields["action"].choices = [("", _("All actions")), *ACTIONS.items()]  # type: ignore[attr-defined]
        self.fields["target_type"].choices = [("", _("Anything")), *TARGETS.items()]  # type: ignore[attr-defined]

    def apply(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Those of `events` that the filled-in fields leave; none while a field is wrong."""
        if not self.is_valid():
            return events.none()
        given = self.cleaned_data
        wanted = {
            "at__gte": given["since"],
            # Up to the end of the minute; adding one would leave the calendar in the year 9999.
            "at__lte": given["until"] and given["until"].replace(second=59, microsecond=999_999),
            "actor_id": given["person"] and given["person"].pk,
            "action": given["action"],
            "library_id": given["library"] and given["library"].pk,
            "target_type": given["target_type"],
            "target_id": given["target_id"],
            "request_id": given["request"],
        }
        events = events.filter(**{name: value for name, value in wanted.items() if value})
        return events.containing(given["text"]) if given["text"] else events

    def filled_in(self) -> dict[str, str]:
        """The fields that narrow the log, as they were typed."""
        return {name: value for name in self.fields if (value := self.data.get(name, "").strip())}

    @property
    def is_narrow(self) -> bool:
        """Whether anything beyond the first row of fields is filled in."""
        return bool({"target_type", "target_id", "request"} & set(self.filled_in()))
