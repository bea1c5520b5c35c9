"""Matters: the list, one matter with its holds, and what may be changed about it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.models import Hold, Matter
from review.records import record_policies as policies
from review.records.hold_forms import MatterChangeForm, MatterForm
from review.records.hold_lines import hold_lines, pending_releases
from review.records.hold_querysets import told
from review.services import matters as services
from review.services.refusals import Refused

HOLDS_PER_PAGE = 25
LOOK = (Can.MANAGE_MATTERS, Can.PLACE_HOLDS, Can.READ_AUDIT)


def known_matter(request: SignedInRequest, pk: int) -> Matter:
    """The matter, with its names; 404 where the person may not know of it."""
    found = get_object_or_404(
        Matter.objects.known_to(request.user).select_related("opened_by"), pk=pk
    )
    return told([found])[0]


@require(*LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def matters(request: SignedInRequest) -> HttpResponse:
    """Every matter that the person may know of, what waits for approval, and a form to open one."""
    if request.method == "POST" and not request.user.may(Can.MANAGE_MATTERS):
        raise PermissionDenied
    form = MatterForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            matter = services.open_matter(actor=request.user, facts=form.facts())
        except ValidationError as error:  # somebody else took the reference a moment ago
            form.add_error(None, error.messages)
        else:
            told([matter])
            messages.success(request, _("Opened: %(matter)s.") % {"matter": matter})
            return redirect("review:matters")
    context = {
        "form": form,
        "may_open": request.user.may(Can.MANAGE_MATTERS),
        "lines": _lines(request),
        "releases": pending_releases(request.user),
        "may_approve": request.user.may(Can.APPROVE_RELEASES),
        "may_withdraw": policies.may_release(request.user),
    }
    return render(request, "review/matters.html", context, status=400 if form.errors else 200)


def _lines(request: SignedInRequest) -> list[dict[str, object]]:
    holds = Hold.objects.visible_to(request.user)
    in_force = Hold.objects.in_force().order_by().values("pk")
    groups = (
        holds.order_by()
        .values("matter")
        .annotate(
            holds=Count("pk", filter=Q(pk__in=in_force)),
            pictures=Count("picture", distinct=True, filter=Q(pk__in=in_force)),
            latest=Max("placed_at"),
        )
    )
    by_matter = {group["matter"]: group for group in groups}
    empty = {"holds": 0, "pictures": 0, "latest": None}
    known = Matter.objects.known_to(request.user).select_related("opened_by")
    return [
        {**by_matter.get(matter.pk, empty), "matter": matter}
        for matter in told(known.order_by("-state", "reference"))
    ]


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def matter(request: SignedInRequest, pk: int) -> HttpResponse:
    """One matter: its facts, its holds and how many files each covers, its releases."""
    found = known_matter(request, pk)
    holds = Hold.objects.visible_to(request.user).filter(matter=found).order_by("-pk")
    page = Paginator(holds, HOLDS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "matter": found,
        "page": page,
        "lines": hold_lines(page.object_list, request.user),
        "readers": found.readers.order_by("username") if found.is_confidential else [],
        "releases": pending_releases(request.user, found),
        "may_manage": request.user.may(Can.MANAGE_MATTERS),
        "may_place": request.user.may(Can.PLACE_HOLDS) and found.is_open,
        "may_release": policies.may_release(request.user),
        "may_approve": request.user.may(Can.APPROVE_RELEASES),
        "may_withdraw": policies.may_release(request.user),
    }
    return render(request, "review/matter.html", context)


@require(Can.MANAGE_MATTERS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what a matter says, and who may know of it."""
    found = known_matter(request, pk)
    form = MatterChangeForm(request.POST if request.method == "POST" else None, instance=found)
    if form.is_valid():
        try:
            services.change_matter(actor=request.user, matter=found, facts=form.facts())
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("The matter was saved."))
            return redirect("review:matter", pk)
    if form.errors:
        found = known_matter(request, pk)  # the form wrote into the other one
    context = {"form": form, "matter": found}
    return render(request, "review/matter_change.html", context, status=400 if form.errors else 200)


@require(Can.MANAGE_MATTERS)
@require_POST
def change_state(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close a matter of which nothing is held any more, or open it again."""
    found = known_matter(request, pk)
    change_to = (
        services.reopen_matter if request.POST.get("state") == "open" else services.close_matter
    )
    try:
        change_to(actor=request.user, matter=found)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The matter was saved."))
    return redirect("review:matter", pk)
