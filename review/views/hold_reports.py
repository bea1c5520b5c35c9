"""The reports of holds and of releases, as pages and as CSV."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from review.models import Hold, HoldRelease, Matter
from review.records.hold_lines import RELATED, hold_lines
from review.records.hold_querysets import HoldQuerySet, HoldReleaseQuerySet, tell
from review.services import hold_export
from review.shipped import shipped
from review.views.matters import LOOK

ROWS_PER_PAGE = 50
HOLD_STATES = [("", _("All")), ("in_force", _("In force")), ("released", _("Released"))]


def _label(matter: Matter) -> str:
    """Of a matter that the reader may know of."""
    return f"{shipped(matter.reference)} {shipped(matter.title)}"


class ReportFilter(forms.Form):
    """Which holds or releases a report lists."""

    matter: "forms.ModelChoiceField[Matter]" = forms.ModelChoiceField(
        Matter.objects.none(), label=_("Matter"), required=False, empty_label=_("All matters")
    )
    state = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, request: SignedInRequest, states: list[tuple[str, Any]]) -> None:
        super().__init__(request.POST if request.method == "POST" else request.GET)
        known = Matter.objects.known_to(request.user)
        self.fields["matter"].queryset = known  # type: ignore[attr-defined]
        self.fields["matter"].label_from_instance = _label  # type: ignore[attr-defined]
        self.fields["state"].choices = states  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, str]:
        """The filled-in fields, for links and for the log."""
        return {name: value for name in self.fields if (value := self.data.get(name, ""))}

    def query(self) -> str:
        """The same behind a page number."""
        return f"&{urlencode(chosen)}" if (chosen := self.chosen()) else ""


def _filtered_holds(request: SignedInRequest, form: ReportFilter) -> HoldQuerySet:
    holds = Hold.objects.visible_to(request.user)
    if not form.is_valid():
        return holds.none()
    if form.cleaned_data["matter"]:
        holds = holds.filter(matter=form.cleaned_data["matter"])
    match form.cleaned_data["state"]:
        case "in_force":
            return holds.in_force()
        case "released":
            return holds.released()
    return holds


def _filtered_releases(request: SignedInRequest, form: ReportFilter) -> HoldReleaseQuerySet:
    releases = HoldRelease.objects.visible_to(request.user).with_state()
    if not form.is_valid():
        return releases.none()
    if form.cleaned_data["matter"]:
        releases = releases.filter(hold__matter=form.cleaned_data["matter"])
    if form.cleaned_data["state"]:
        releases = releases.in_state(form.cleaned_data["state"])
    return releases


def _release_states() -> list[tuple[str, Any]]:
    return [("", _("All")), *HoldRelease.State.choices]


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def holds(request: SignedInRequest) -> HttpResponse:
    """Every hold that the person may see, what it covers now, and where it stands."""
    form = ReportFilter(request, HOLD_STATES)
    found = _filtered_holds(request, form).order_by("-pk")
    page = Paginator(found, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "chosen": form.chosen(),
        "extra_query": form.query(),
        "page": page,
        "lines": hold_lines(page.object_list, request.user),
    }
    return render(request, "review/holds.html", context)


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def releases(request: SignedInRequest) -> HttpResponse:
    """Every release that the person may see: who proposed, approved or withdrew it, and when."""
    form = ReportFilter(request, _release_states())
    related = [f"hold__{name}" for name in RELATED]
    found = _filtered_releases(request, form).select_related(
        *("proposed_by", "approval__approved_by", "withdrawal__withdrawn_by", *related)
    )
    page = Paginator(found.order_by("-pk"), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    tell([release.hold for release in rows], request.user)
    context = {
        "form": form,
        "chosen": form.chosen(),
        "extra_query": form.query(),
        "page": page,
        "releases": rows,
    }
    return render(request, "review/releases.html", context)


@require(*LOOK)
@require_POST
def export_holds(request: SignedInRequest) -> HttpResponse | StreamingHttpResponse:
    """The report of holds as CSV."""
    form = ReportFilter(request, HOLD_STATES)
    if not form.is_valid():  # what was typed must not get into the log
        return redirect("review:holds")
    lines = hold_export.export_holds(
        actor=request.user, holds=_filtered_holds(request, form), filters=form.chosen()
    )
    return csv_answer(lines, "second-look-holds.csv")


@require(*LOOK)
@require_POST
def export_releases(request: SignedInRequest) -> HttpResponse | StreamingHttpResponse:
    """The report of releases as CSV."""
    form = ReportFilter(request, _release_states())
    if not form.is_valid():
        return redirect("review:releases")
    lines = hold_export.export_releases(
        actor=request.user, releases=_filtered_releases(request, form), filters=form.chosen()
    )
    return csv_answer(lines, "second-look-releases.csv")


def csv_answer(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    """A table that the browser saves as `name`."""
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
