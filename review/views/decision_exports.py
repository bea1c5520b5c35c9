"""The decision log as a signed bundle, for auditors."""

import tempfile
from datetime import MAXYEAR, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from dedup_site.audit import log
from review.models import Matter
from review.quality.second import sees_through
from review.records.hold_querysets import told
from review.services.decision_export import CannotExport, export_decisions
from review.services.export_filter import ExportFilter
from scanning.models import Library


def _day() -> forms.DateInput:
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class ExportForm(forms.Form):
    """What narrows the export, among what the person may see and know of."""

    library: "forms.ModelChoiceField[Library]" = forms.ModelChoiceField(
        Library.objects.none(), label=_("Library"), required=False, empty_label=_("All libraries")
    )
    person: "forms.ModelChoiceField[User]" = forms.ModelChoiceField(
        User.objects.all(),
        label=_("User name"),
        to_field_name="username",
        required=False,
        widget=forms.TextInput,
        error_messages={"invalid_choice": _("Nobody has this user name.")},
    )
    matter: "forms.ModelChoiceField[Matter]" = forms.ModelChoiceField(
        Matter.objects.none(), label=_("Matter"), required=False, empty_label=_("All matters")
    )
    since = forms.DateField(label=_("From"), required=False, widget=_day())
    until = forms.DateField(label=_("To"), required=False, widget=_day())

    def __init__(self, data: Any, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.fields["library"].queryset = Library.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["matter"].queryset = Matter.objects.known_to(user)  # type: ignore[attr-defined]
        self.fields["matter"].label_from_instance = lambda matter: str(told([matter])[0])  # type: ignore[attr-defined]

    def chosen(self) -> ExportFilter:
        """The same for the service; both days are included."""
        given = self.cleaned_data
        scope = Library.objects.visible_to(self.user).values_list("pk", flat=True)
        return ExportFilter(
            since=given["since"] and _midnight(given["since"]),
            until=given["until"] and _midnight(given["until"] + timedelta(days=1)),
            library=given["library"],
            person=given["person"],
            matter=given["matter"],
            libraries=None if self.user.sees_all_libraries else list(scope),
            reader=self.user,
        )

    def clean_until(self) -> Any:
        """The calendar ends in the year 9999, and the day after must be in it."""
        until = self.cleaned_data["until"]
        if until is not None and until.year == MAXYEAR:
            raise forms.ValidationError(_("Choose an earlier day."))
        return until

    def clean(self) -> dict[str, Any]:
        if not sees_through(self.user):
            raise forms.ValidationError(
                _("Whoever judges pairs may not read open second reviews. Ask another auditor.")
            )
        return self.cleaned_data


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


@require(Can.READ_AUDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: SignedInRequest) -> HttpResponse | FileResponse:
    """The form; sent, the bundle as a zip file. That it was made is in the log before a byte is."""
    form = ExportForm(request.POST if request.method == "POST" else None, request.user)
    if form.is_valid():
        try:
            return _bundle(request.user, form.chosen())
        except CannotExport:  # its words name a folder of the server
            form.add_error(None, _("The bundle cannot be written. Tell whoever runs the server."))
    context = {"form": form, "checkpoint": log.last_checkpoint(), "waiting": log.lag().waiting}
    return render(
        request, "review/decision_export.html", context, status=400 if form.errors else 200
    )


def _bundle(user: User, chosen: ExportFilter) -> FileResponse:
    """Nothing of it stays on the disk once it is sent: the open file is all that is left."""
    folder = Path(settings.DATA_DIR) / "exports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"decisions-{timezone.localtime():%Y%m%d-%H%M%S}.zip"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / name
        export_decisions(actor=user, output=path, chosen=chosen)
        response = FileResponse(path.open("rb"), as_attachment=True, filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response
