"""Ending a hold: proposed by one person, approved by another, withdrawn by either."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.models import Hold, HoldRelease, Matter
from review.records.hold_forms import ReasonForm
from review.records.hold_lines import RELATED, hold_lines
from review.services import releases
from review.services.refusals import Refused


@require(Can.MANAGE_MATTERS)
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: SignedInRequest, pk: int) -> HttpResponse:
    """The hold, what it covers, and the reason why it is to end."""
    known = Matter.objects.known_to(request.user).order_by().values("pk")
    visible = Hold.objects.visible_to(request.user).filter(matter__in=known)
    hold = get_object_or_404(visible.select_related("matter"), pk=pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            releases.propose_release(
                actor=request.user, hold=hold, reason=form.cleaned_data["reason"]
            )
        except (ValidationError, Refused) as error:
            form.add_error(None, getattr(error, "messages", str(error)))
        else:
            messages.success(
                request, _("Proposed. Another records officer has to approve; until then it holds.")
            )
            return redirect("review:matter", hold.matter_id)
    context = {"line": hold_lines([hold], request.user)[0], "form": form}
    return render(request, "review/hold_release.html", context, status=400 if form.errors else 200)


@require(Can.APPROVE_RELEASES)
@require_POST
def approve(request: SignedInRequest, pk: int) -> HttpResponse:
    """A second person agrees that the hold ends."""
    return _answer(
        request,
        pk,
        lambda release: releases.approve_release(actor=request.user, release=release),
        _("Approved. Until the delay is over it still holds, and the release can be withdrawn."),
    )


@require(Can.MANAGE_MATTERS, Can.APPROVE_RELEASES)
@require_POST
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """The release is refused or called off: the hold stands."""
    reason = request.POST.get("reason", "").replace("\0", "")
    return _answer(
        request,
        pk,
        lambda release: releases.withdraw_release(
            actor=request.user, release=release, reason=reason
        ),
        _("Withdrawn. The hold stands."),
    )


def _answer(
    request: SignedInRequest, pk: int, act: Callable[[HoldRelease], object], done: str
) -> HttpResponse:
    known = Matter.objects.known_to(request.user).order_by().values("pk")
    visible = HoldRelease.objects.visible_to(request.user).filter(hold__matter__in=known)
    related = [f"hold__{name}" for name in RELATED]
    release = get_object_or_404(visible.select_related(*related), pk=pk)
    try:
        act(release)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("review:matter", release.hold.matter_id)
