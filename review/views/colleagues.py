"""Asking a colleague about a pair, and taking one over from somebody."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.models import Referral
from review.numbers import number
from review.querysets import shown_to
from review.queue_querysets import who_may_judge
from review.services import leases, referrals
from review.services.refusals import Refused
from review.views.desk import url_with_filters, wants_fragment
from scanning.models import CandidatePair


def _pair(request: SignedInRequest, pk: int) -> CandidatePair:
    return get_object_or_404(shown_to(request.user).select_related("left", "right"), pk=pk)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def refer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask a colleague, and go on."""
    pair = _pair(request, pk)
    wanted = number(request.POST.get("to", ""))
    to = get_object_or_404(who_may_judge(pair.pk), pk=wanted)
    try:
        referrals.refer(
            actor=request.user,
            pair=pair,
            to=to,
            note=request.POST.get("refer_note", ""),
            token=number(request.POST.get("token", "")),
        )
    except (ValidationError, Refused) as error:
        words = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        if wants_fragment(request):
            return JsonResponse({"message": words}, status=409)
        messages.error(request, words)
        return redirect(url_with_filters("review:pair", request, pair.pk))
    message = _("Referred to %(name)s.") % {"name": to.display_name}
    if wants_fragment(request):
        return JsonResponse({"message": message})
    messages.success(request, message)
    return redirect(url_with_filters("review:next", request))


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def send_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a question back unanswered, or take one's own back."""
    open_ones = Referral.objects.filter(pair__in=shown_to(request.user)).select_related("pair")
    referral = get_object_or_404(open_ones, pk=pk)
    try:
        referrals.send_back(
            actor=request.user, referral=referral, note=request.POST.get("refer_note", "")
        )
    except (ValidationError, Refused) as error:
        words = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        messages.error(request, words)
    else:
        messages.success(request, _("The pair is in everybody's queue again."))
    return redirect(url_with_filters("review:pair", request, referral.pair_id))


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def take_over(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the pair from whoever has it; the page has asked whether this is meant."""
    pair = _pair(request, pk)
    if leases.take_over(actor=request.user, pair=pair) is not None:
        messages.success(request, _("The pair is yours now."))
    return redirect(url_with_filters("review:pair", request, pair.pk))
