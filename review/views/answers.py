"""What people do on the pair page: judge, skip, undo, keep the pair while they look at it.

Plain forms get a redirect to the next pair; the page's script (`X-Desk: 1`) gets JSON.
"""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.desk import Answer
from review.filters import pair_filter
from review.forms import AnswerForm
from review.models import Decision, GroupDecision, Verdict
from review.numbers import moment, number
from review.querysets import shown_to
from review.services import decisions, group_decisions, leases
from review.services.refusals import Refused
from review.views.desk import show, url_with_filters, wants_fragment
from review.views.groups import group_url, undone_words
from scanning.models import CandidatePair


def _pair(request: SignedInRequest, pk: int) -> CandidatePair:
    visible = shown_to(request.user)
    return get_object_or_404(visible.select_related("left", "right"), pk=pk)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a verdict; refused answers come back with everything that was typed."""
    pair = _pair(request, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        problems = [str(text) for errors in form.errors.values() for text in errors]
        return _refused(request, pair, problems, status=400)
    try:
        decision = decisions.decide(actor=request.user, pair=pair, **form.cleaned_data)
    except ValidationError as error:
        return _refused(request, pair, error.messages, status=400)
    except Refused as error:
        return _refused(request, pair, [str(error)], status=409)
    message = _("Saved: %(verdict)s.") % {"verdict": decision.get_verdict_display()}
    if wants_fragment(request):
        return JsonResponse({"message": message, "decision": decision.pk})
    messages.success(request, message)
    if form.cleaned_data["supersedes"]:
        return redirect(url_with_filters("review:pair", request, pair.pk))
    return redirect(url_with_filters("review:next", request))


def _refused(
    request: SignedInRequest, pair: CandidatePair, problems: list[str], status: int
) -> HttpResponse:
    if wants_fragment(request):
        return JsonResponse({"message": " ".join(problems)}, status=status)
    answer = Answer(
        verdict=request.POST.get("verdict", ""),
        note=request.POST.get("note", ""),
        matter=number(request.POST.get("matter", "")),
        problems=problems,
    )
    lease = leases.take(actor=request.user, pair=pair)
    return show(request, pair, lease, pair_filter(request), answer=answer, status=status)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def skip(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put the pair off and go on."""
    decisions.skip(actor=request.user, pair=_pair(request, pk))
    if wants_fragment(request):
        return JsonResponse({"message": _("Skipped. It comes again after the others.")})
    return redirect(url_with_filters("review:next", request))


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def lease(request: SignedInRequest, pk: int) -> HttpResponse:
    """The page's heartbeat: keep the pair, or say that it has passed on."""
    pair = _pair(request, pk)
    kept = leases.take(actor=request.user, pair=pair)
    if kept is None:
        return JsonResponse({"message": leases.why_lost(request.user, pair)}, status=409)
    return JsonResponse({"token": kept.token, "until": kept.until.isoformat()})


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def release(request: SignedInRequest, pk: int) -> HttpResponse:
    """The page is closed: others may have the pair at once."""
    until = moment(request.POST.get("until", ""))
    leases.release(actor=request.user, pair=_pair(request, pk), until=until)
    return HttpResponse(status=204)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def undo_last(request: SignedInRequest) -> HttpResponse:
    """Take back one's latest decision of today, and look at its pair again."""
    decision = decisions.last_of_today(request.user)
    if decision is None:
        message = _("There is nothing to undo: you have made no decision today.")
        if wants_fragment(request):
            return JsonResponse({"message": message}, status=409)
        messages.warning(request, message)
        return redirect(url_with_filters("review:queue", request))
    if decision.implied_by is not None:
        return _group_undone(request, decision, decision.implied_by)
    return _undone(request, decision)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take back one decision of one's own."""
    visible = Decision.objects.visible_to(request.user)
    decision = get_object_or_404(visible.select_related("pair__left", "pair__right"), pk=pk)
    return _undone(request, decision)


def _group_undone(
    request: SignedInRequest, decision: Decision, given: GroupDecision
) -> HttpResponse:
    """Take back a whole verdict on a group, of which `decision` is one part."""
    try:
        group_decisions.undo(actor=request.user, given=given)
    except Refused as error:
        if wants_fragment(request):
            return JsonResponse({"message": str(error)}, status=409)
        messages.error(request, str(error))
        return redirect("review:history")
    if wants_fragment(request):
        url = url_with_filters("review:pair", request, decision.pair_id)
        return JsonResponse({"message": undone_words(given), "url": url})
    messages.success(request, undone_words(given))
    return redirect(group_url(given))


def _undone(request: SignedInRequest, decision: Decision) -> HttpResponse:
    try:
        decisions.undo(actor=request.user, decision=decision)
    except Refused as error:
        if wants_fragment(request):
            return JsonResponse({"message": str(error)}, status=409)
        messages.error(request, str(error))
        return redirect("review:history")
    message = _("Undone: %(verdict)s. The pair is undecided again.") % {
        "verdict": decision.get_verdict_display()
    }
    if decision.verdict == Verdict.LEGAL_HOLD:
        message = f"{message} {_('The hold on its pictures stays until it is released.')}"
    url = url_with_filters("review:pair", request, decision.pair_id)
    if wants_fragment(request):
        return JsonResponse({"message": message, "url": url})
    messages.success(request, message)
    return redirect(url)
