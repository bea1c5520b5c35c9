"""Known pairs at the addresses of pairs: the same answers in the same words.

Each view here stands in where there is no candidate pair of the number.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.models import User
from dedup_site.accounts.roles import Can
from review import known_desk
from review.desk import Answer
from review.filters import pair_filter
from review.forms import AnswerForm
from review.models import KnownPair, KnownVerdict, Verdict
from review.numbers import number
from review.services import decisions, known_verdicts
from review.services.refusals import Refused
from review.views import answers
from review.views.desk import show, url_with_filters, wants_fragment

View = Callable[..., HttpResponseBase]


def or_known(view: View, known: View) -> View:
    """The view, or, where it finds nothing of this number, its counterpart for known pairs."""

    @wraps(view)
    def either(request: HttpRequest, pk: int, **more: Any) -> HttpResponseBase:
        try:
            return view(request, pk=pk, **more)
        except Http404 as nothing:
            try:
                return known(request, pk=pk, **more)
            except (Http404, PermissionDenied):
                raise nothing from None

    return either


def _known(request: SignedInRequest, pk: int) -> KnownPair:
    found = get_object_or_404(known_verdicts.open_to(request.user), pk=pk)
    if not known_verdicts.may_meet(request.user, found):
        raise Http404
    return found


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_safe
def pair(request: SignedInRequest, pk: int) -> HttpResponse:
    """The page of a known pair."""
    found = _known(request, pk)
    return show(request, found.pair, known_desk.lease_of(found), pair_filter(request))


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a verdict."""
    found = _known(request, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        problems = [str(text) for errors in form.errors.values() for text in errors]
        return _refused(request, found, problems, status=400)
    answer = {key: value for key, value in form.cleaned_data.items() if key != "token"}
    try:
        given = known_verdicts.judge(actor=request.user, known=found, **answer)
    except ValidationError as error:
        return _refused(request, found, error.messages, status=400)
    except Refused as error:
        return _refused(request, found, [str(error)], status=409)
    message = _("Saved: %(verdict)s.") % {"verdict": Verdict(given.verdict).label}
    if wants_fragment(request):
        return JsonResponse({"message": message, "decision": given.pk})
    messages.success(request, message)
    if answer["supersedes"]:
        return redirect(url_with_filters("review:pair", request, pk))
    return redirect(url_with_filters("review:next", request))


def _refused(
    request: SignedInRequest, known: KnownPair, problems: list[str], status: int
) -> HttpResponse:
    if wants_fragment(request):
        return JsonResponse({"message": " ".join(problems)}, status=status)
    answer = Answer(
        verdict=request.POST.get("verdict", ""),
        note=request.POST.get("note", ""),
        matter=number(request.POST.get("matter", "")),
        problems=problems,
    )
    chosen, lease = pair_filter(request), known_desk.lease_of(known)
    return show(request, known.pair, lease, chosen, answer=answer, status=status)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def skip(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put it off and go on."""
    known_verdicts.skip(actor=request.user, known=_known(request, pk))
    if wants_fragment(request):
        return JsonResponse({"message": _("Skipped. It comes again after the others.")})
    return redirect(url_with_filters("review:next", request))


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def refer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask a colleague, and go on."""
    found = _known(request, pk)
    wanted = number(request.POST.get("to", ""))
    people = known_desk.colleagues(found, request.user)
    to = get_object_or_404(User.objects.filter(pk__in=[each.pk for each in people]), pk=wanted)
    try:
        known_verdicts.refer(
            actor=request.user, known=found, to=to, note=request.POST.get("refer_note", "")
        )
    except ValidationError as error:
        if wants_fragment(request):
            return JsonResponse({"message": " ".join(error.messages)}, status=409)
        messages.error(request, " ".join(error.messages))
        return redirect(url_with_filters("review:pair", request, pk))
    message = _("Referred to %(name)s.") % {"name": to.display_name}
    if wants_fragment(request):
        return JsonResponse({"message": message})
    messages.success(request, message)
    return redirect(url_with_filters("review:next", request))


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def lease(request: SignedInRequest, pk: int) -> JsonResponse:
    """The page's heartbeat."""
    kept = known_desk.lease_of(_known(request, pk))
    return JsonResponse({"token": kept.token, "until": kept.until.isoformat()})


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def release(request: SignedInRequest, pk: int) -> HttpResponse:
    """The page is closed."""
    _known(request, pk)
    return HttpResponse(status=204)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def take_over(request: SignedInRequest, pk: int) -> HttpResponse:
    """There is nobody to take it from."""
    _known(request, pk)
    messages.success(request, _("The pair is yours now."))
    return redirect(url_with_filters("review:pair", request, pk))


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def undo_last(request: SignedInRequest) -> HttpResponseBase:
    """Take back one's latest verdict of today, a decision or not: both count in one row."""
    given = known_verdicts.last_of_today(request.user)
    decision = decisions.last_of_today(request.user)
    if given is None or (decision is not None and decision.pk > given.pk):
        return answers.undo_last(request)
    return _undone(request, given)


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_POST
def undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take back one verdict of one's own."""
    mine = KnownVerdict.objects.filter(reviewer=request.user).select_related("known")
    return _undone(request, get_object_or_404(mine, pk=pk))


def _undone(request: SignedInRequest, given: KnownVerdict) -> HttpResponse:
    try:
        known_verdicts.undo(actor=request.user, given=given)
    except Refused as error:
        if wants_fragment(request):
            return JsonResponse({"message": str(error)}, status=409)
        messages.error(request, str(error))
        return redirect("review:history")
    message = _("Undone: %(verdict)s. The pair is undecided again.") % {
        "verdict": Verdict(given.verdict).label
    }
    if given.verdict == Verdict.LEGAL_HOLD:
        message = f"{message} {_('The hold on its pictures stays until it is released.')}"
    url = url_with_filters("review:pair", request, given.known_id)
    if wants_fragment(request):
        return JsonResponse({"message": message, "url": url})
    messages.success(request, message)
    return redirect(url)
