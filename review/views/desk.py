"""The pair page, and the way to the next pair."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review import known_desk, policies
from review.counts import day_of
from review.desk import Answer
from review.filters import PairFilter, pair_filter
from review.numbers import number
from review.querysets import shown_to
from review.services import leases, queue_choices
from review.services.leases import Lease
from scanning.models import CandidatePair


def wants_fragment(request: HttpRequest) -> bool:
    """Whether the page's script asks: it swaps the desk in place."""
    return request.headers.get("X-Desk") == "1"


def url_with_filters(name: str, request: HttpRequest, *args: object) -> str:
    """A review address that keeps the filters of the current one."""
    query = request.GET.copy()
    for passing in ("without", "right", "after"):
        query.pop(passing, None)
    return reverse(name, args=args) + (f"?{query.urlencode()}" if query else "")


@require(Can.REVIEW, Can.PLACE_HOLDS)
@require_safe
def next_pair(request: SignedInRequest) -> HttpResponse:
    """Take the next pair of the filtered queue; `without` names pairs that the page has already."""
    chosen = pair_filter(request)
    leave_out = [pk for text in request.GET.getlist("without") if (pk := number(text))]
    claimed = leases.claim_next(
        actor=request.user,
        queue=chosen.queue(queue_choices.order_of(request.user, request.GET.get("order", ""))),
        leave_out=leave_out,
    )
    claimed = known_desk.instead_of(request.user, claimed, chosen, leave_out)
    if claimed is None:
        if wants_fragment(request):
            return HttpResponse(status=204)
        return render(request, "review/done.html", {"day": day_of(chosen), **_links(request)})
    pair, lease = claimed
    if wants_fragment(request):
        return show(request, pair, lease, chosen, counts=False)
    return redirect(url_with_filters("review:pair", request, pair.pk))


@require(Can.READ_PAIRS, Can.REVIEW, Can.PLACE_HOLDS)
@require_safe
def pair(request: SignedInRequest, pk: int) -> HttpResponse:
    """One pair. Whoever may judge takes it by looking at it, if nobody else has it."""
    found = get_object_or_404(shown_to(request.user).select_related("left", "right"), pk=pk)
    may_judge = policies.may_judge(request.user)
    lease = leases.take(actor=request.user, pair=found) if may_judge else None
    return show(request, found, lease, pair_filter(request))


def show(
    request: SignedInRequest,
    pair: CandidatePair,
    lease: Lease | None,
    chosen: PairFilter,
    *,
    answer: Answer | None = None,
    status: int = 200,
    counts: bool = True,
) -> HttpResponse:
    """The pair page, or only its desk for the page's script, which may count by itself."""
    context = known_desk.context_of(pair)(
        pair,
        request.user,
        lease,
        right_file=number(request.GET.get("right", "")),
        answer=answer,
    )
    context |= {"day": day_of(chosen) if counts else None, **_links(request)}
    template = "review/_desk.html" if wants_fragment(request) else "review/pair.html"
    return render(request, template, context, status=status)


def _links(request: HttpRequest) -> dict[str, str]:
    return {
        "query": url_with_filters("review:queue", request).partition("?")[2],
        "queue_url": url_with_filters("review:queue", request),
        "next_url": url_with_filters("review:next", request),
    }
