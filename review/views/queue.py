"""The queue page: filters, counts and the pairs in order."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review import paging, policies, wording
from review.counts import queue_counts
from review.filters import OPEN_STATES, PairFilter, State, pair_filter
from review.paging import Position
from review.querysets import Pairs
from review.rows import rows_of
from scanning.attributes import PatternError, parse_pattern
from scanning.models import CandidatePair, Library

PAGE = 50


@require(Can.READ_PAIRS, Can.REVIEW)
@require_safe
def queue(request: SignedInRequest) -> HttpResponse:
    """The pairs that pass the filters, a page at a time."""
    chosen = pair_filter(request)
    after = Position.parse(request.GET.get("after", ""))
    pairs: Pairs = chosen.in_state()
    found = paging.first(pairs, chosen.tiers, PAGE + 1, after)
    page = found[:PAGE]
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
        "may_start": policies.may_judge(request.user) and chosen.chosen_state in OPEN_STATES,
        "query": query.urlencode(),
        "first_url": f"?{query.urlencode()}" if after else "",
        "next_url": _page_url(request, page[-1]) if len(found) > PAGE else "",
    }
    return render(request, "review/queue.html", context)


def _page_url(request: SignedInRequest, last: CandidatePair) -> str:
    query = request.GET.copy()
    query["after"] = str(Position.of(last))
    return f"?{query.urlencode()}"


def _tabs(request: SignedInRequest, counts: dict[str, int]) -> list[tuple[State, str, int]]:
    """Each state with its address and its number of pairs."""
    tabs = []
    for state in State:
        query = request.GET.copy()
        query.pop("after", None)
        query["state"] = state.value
        tabs.append((state, f"?{query.urlencode()}", counts[state.value]))
    return tabs


def _tier_choices(
    chosen: PairFilter, counts: dict[str, int]
) -> list[tuple[str, str, str, int, bool]]:
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
