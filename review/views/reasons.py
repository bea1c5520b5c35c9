"""The page on which admins keep the reasons for verdicts."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review import desk
from review.models import ReasonVersion, Verdict
from review.services import reasons
from review.services.reasons import ReasonChange


class ReasonForm(forms.Form):
    """A reason as it is to read."""

    verdict = forms.ChoiceField(
        choices=[each for each in Verdict.choices if each[0] != "withdrawn"]
    )
    code = forms.SlugField(label=gettext_lazy("Code"), max_length=20)
    words = forms.CharField(label=gettext_lazy("Words in English"), max_length=120)
    words_zh = forms.CharField(label=gettext_lazy("Words in Traditional Chinese"), max_length=120)
    place = forms.IntegerField(label=gettext_lazy("Key"), min_value=1, max_value=9)
    is_retired = forms.BooleanField(label=gettext_lazy("Retired"), required=False)


@require(Can.MANAGE_LIBRARIES, Can.READ_AUDIT)
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """The reasons of each verdict with their keys, and what they were before."""
    return _page(request)


@require(Can.MANAGE_LIBRARIES)
@require_POST
def change(request: SignedInRequest) -> HttpResponse:
    """Show what the keys would be, or save a new version."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        problems = [str(text) for errors in form.errors.values() for text in errors]
        return _page(request, problems=problems, typed=request.POST.dict(), status=400)
    wanted = ReasonChange(**form.cleaned_data)
    try:
        if "preview" in request.POST:
            keys = reasons.arranged(wanted)
            return _page(request, preview=(wanted.verdict, keys), typed=request.POST.dict())
        made = reasons.change(actor=request.user, wanted=wanted)
    except ValidationError as error:
        return _page(request, problems=error.messages, typed=request.POST.dict(), status=400)
    if made:
        messages.success(
            request, _("Saved. Earlier decisions keep the words they were given under.")
        )
    else:
        messages.info(request, _("Nothing has changed."))
    return redirect("review:reasons")


def _page(
    request: SignedInRequest,
    *,
    problems: list[str] | None = None,
    preview: tuple[str, list[ReasonChange]] | None = None,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    verdicts = []
    for option in desk.OPTIONS:
        lines = reasons.newest(option.verdict)
        in_force = [line for line in lines if not line.is_retired]
        verdicts.append(
            {
                "option": option,
                "lines": lines,
                "keys": list(enumerate(in_force, start=1)),
                "next_place": min(len(in_force) + 1, reasons.MOST_REASONS),
                "preview": list(enumerate(preview[1], start=1))
                if preview and preview[0] == option.verdict
                else [],
            }
        )
    context = {
        "verdicts": verdicts,
        "problems": problems or [],
        "typed": typed or {},
        "may_change": request.user.may(Can.MANAGE_LIBRARIES),
        "past": ReasonVersion.objects.select_related("reason", "made_by").order_by("-pk")[:50],
    }
    return render(request, "review/reasons.html", context, status=status)
