"""Matters and what is held under them."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.forms import MatterForm
from review.models import Hold, Matter
from review.services import holds


@require(Can.MANAGE_MATTERS, Can.PLACE_HOLDS, Can.READ_AUDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def matters(request: SignedInRequest) -> HttpResponse:
    """Every matter with the holds that the person may see, and a form to open one."""
    if request.method == "POST" and not request.user.may(Can.MANAGE_MATTERS):
        raise PermissionDenied
    form = MatterForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            matter = holds.open_matter(
                actor=request.user,
                reference=form.cleaned_data["reference"],
                title=form.cleaned_data["title"],
            )
        except ValidationError as error:  # somebody else took the reference a moment ago
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("Opened: %(matter)s.") % {"matter": matter})
            return redirect("review:matters")
    context = {
        "form": form,
        "may_open": request.user.may(Can.MANAGE_MATTERS),
        "lines": _lines(request),
    }
    return render(request, "review/matters.html", context, status=400 if form.errors else 200)


def _lines(request: SignedInRequest) -> list[dict[str, object]]:
    groups = (
        Hold.objects.visible_to(request.user)
        .order_by()
        .values("matter")
        .annotate(
            holds=Count("pk"), pictures=Count("picture", distinct=True), latest=Max("placed_at")
        )
    )
    by_matter = {group["matter"]: group for group in groups}
    empty = {"holds": 0, "pictures": 0, "latest": None}
    return [
        {**by_matter.get(matter.pk, empty), "matter": matter}
        for matter in Matter.objects.select_related("opened_by")
    ]
