"""The queue page: filters, counts and the pairs in order."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review import ordering, paging, policies, wording
from review.counts import Count, queue_counts
from review.filters import OPEN_STATES, PairFilter, State, pair_filter
from review.models import Order
from review.paging import Position
from review.rows import rows_of
from review.services import queue_choices
from scanning.attributes import PatternError, parse_pattern
from scanning.models import CandidatePair, Library

PAGE = 50


@require(Can.READ_PAIRS, Can.REVIEW)
@require_safe
def queue(request: SignedInRequest) -> HttpResponse:
    """The pairs that pass the filters, a page at a time."""
    chosen = pair_filter(request)
    order = queue_choices.order_of(request.user, request.GET.get("order", ""))
    page, after = _page(request, chosen, order)
    counts = queue_counts(chosen)
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "filter": chosen,
        "rows": rows_of(page, request.user),
        "counts": counts,
        "states": _tabs(request, counts.by_state),
        "tiers": _tier_choices(chosen, counts.by_tier),
        "attribute_names": _attribute_names(chosen),
        "is_filtered": any(request.GET.get(name) for name in chosen.filters if name != "state"),
        "is_open": chosen.chosen_state in OPEN_STATES,
        "may_start": policies.may_judge(request.user) and chosen.chosen_state in OPEN_STATES,
        "may_keep_reasons": request.user.may(Can.MANAGE_LIBRARIES),
        "orders": [(each.value, each.label, each == order) for each in Order],
        "saved": queue_choices.saved_for(request.user, request.GET),
        "query": query.urlencode(),
        "first_url": f"?{query.urlencode()}" if request.GET.get("after") else "",
        "next_url": f"?{query.urlencode()}&after={after}" if after else "",
    }
    return render(request, "review/queue.html", context)


def _page(
    request: SignedInRequest, chosen: PairFilter, order: Order
) -> tuple[list[CandidatePair], str]:
    """The pairs of the page, and behind which place the next one begins; empty at the end."""
    behind = request.GET.get("after", "")
    if chosen.chosen_state in OPEN_STATES:
        found = chosen.queue(order).pairs(PAGE + 1, ordering.Place.parse(behind))
        page = [pair for pair, _place in found[:PAGE]]
        return page, str(found[PAGE - 1][1]) if len(found) > PAGE else ""
    pairs = paging.first(chosen.in_state(), chosen.tiers, PAGE + 1, Position.parse(behind))
    return pairs[:PAGE], str(Position.of(pairs[PAGE - 1])) if len(pairs) > PAGE else ""


def _tabs(request: SignedInRequest, counts: dict[str, Count]) -> list[tuple[State, str, Count]]:
    """Each state with its address and its number of pairs."""
    tabs = []
    for state in State:
        query = request.GET.copy()
        query.pop("after", None)
        query["state"] = state.value
        tabs.append((state, f"?{query.urlencode()}", counts[state.value]))
    return tabs


def _tier_choices(
    chosen: PairFilter, counts: dict[str, Count]
) -> list[tuple[str, str, str, Count, bool]]:
    """Each tier: code, name, meaning, number of pairs, whether it is shown."""
    return [
        (tier, str(CandidatePair.Tier(tier).label), str(wording.TIERS[tier]), counts[tier],
         tier in chosen.tiers)
        for tier in paging.TIERS
    ]  # fmt: skip


def _attribute_names(chosen: PairFilter) -> list[str]:
    """The attributes that the patterns of the person's libraries define, to pick from."""
    names: set[str] = set()
    patterns = Library.objects.visible_to(chosen.user).exclude(attribute_pattern="")
    for text in patterns.values_list("attribute_pattern", flat=True):
        try:
            pattern = parse_pattern(text)
        except PatternError:
            continue
        names.update(pattern.names if pattern else ())
    return sorted(names)
