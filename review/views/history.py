"""Past decisions."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review import policies
from review.filters import DecisionFilter
from review.models import Decision
from review.numbers import number
from review.quality import second
from review.querysets import DecisionQuerySet
from review.services import known_verdicts

PAGE = 50


@require(Can.READ_PAIRS)
@require_safe
def history(request: SignedInRequest) -> HttpResponse:
    """One's own decisions, newest first; auditors and admins read everybody's."""
    chosen = DecisionFilter(request.GET, queryset=_readable(request), request=request)
    found = chosen.qs if chosen.form.is_valid() else Decision.objects.none()
    before = number(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    page = known_verdicts.among(list(found[: PAGE + 1]), chosen, before, PAGE + 1)
    query = request.GET.copy()
    query.pop("before", None)
    older = query.copy()
    if len(page) > PAGE:
        older["before"] = str(page[PAGE - 1].pk)
    context = {
        "filter": chosen,
        "waiting": second.standing(page, request.user),
        "is_everybody": policies.sees_all_decisions(request.user),
        "is_filtered": any(query.values()),
        "lines": [(decision, _is_undoable(request, decision)) for decision in page[:PAGE]],
        "newest_url": f"?{query.urlencode()}" if before is not None else "",
        "older_url": f"?{older.urlencode()}" if len(page) > PAGE else "",
    }
    return render(request, "review/history.html", context)


def _readable(request: SignedInRequest) -> DecisionQuerySet:
    decisions = (
        Decision.objects.visible_to(request.user)
        .as_judged()
        .select_related(
            *("pair__left", "pair__right", "reviewer", "superseded_by__reviewer", "supersedes"),
            "implied_by",
        )
    )
    if not policies.sees_all_decisions(request.user):
        return decisions.filter(reviewer=request.user).order_by("-pk")
    return second.unveiled_to(decisions, request.user).order_by("-pk")


def _is_undoable(request: SignedInRequest, decision: Decision) -> bool:
    is_last = getattr(decision, "superseded_by", None) is None
    return is_last and policies.may_undo(request.user, decision)
