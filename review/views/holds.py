"""Placing holds under a matter: the kind, a preview of what it covers, and the hold itself."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.models import Hold
from review.records import record_policies as policies
from review.records.hold_forms import HoldForm
from review.services import holds
from review.views.matters import known_matter


@require(Can.PLACE_HOLDS)
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: SignedInRequest, pk: int) -> HttpResponse:
    """First what the hold would cover, then the hold."""
    matter = known_matter(request, pk)
    kinds = [kind for kind in Hold.Kind if policies.may_place(request.user, kind)]
    kind = _kind(request.GET.get("kind", kinds[-1]))
    if kind not in kinds:
        raise PermissionDenied(policies.ONE_THING)
    form = HoldForm(
        request.POST if request.method == "POST" else None, kind=kind, user=request.user
    )
    covered = None
    if form.is_valid():
        try:
            if request.POST.get("do") == "place":
                placed = holds.place_holds(
                    actor=request.user,
                    matter=matter,
                    targets=form.targets(),
                    reason=form.cleaned_data["reason"],
                    note=form.cleaned_data["note"],
                )
                messages.success(request, _("Held: %(covers)s.") % {"covers": placed[0].covers})
                return redirect("review:matter", matter.pk)
            covered = holds.preview(actor=request.user, targets=form.targets())
        except ValidationError as error:
            form.add_error(None, error.messages)
    context = {
        "matter": matter,
        "kinds": kinds,
        "kind": kind,
        "form": form,
        "covered": covered,
    }
    return render(request, "review/hold_place.html", context, status=400 if form.errors else 200)


def _kind(text: str) -> Hold.Kind | None:
    return Hold.Kind(text) if text in Hold.Kind.values else None
