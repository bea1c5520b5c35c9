"""The order of the queue, and filters under a name: kept for the person."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.models import SavedFilter
from review.numbers import number
from review.services import queue_choices
from scanning.models import Library


def _back(request: HttpRequest) -> HttpResponse:
    query = request.GET.urlencode()
    return redirect(reverse("review:queue") + (f"?{query}" if query else ""))


@require(Can.READ_PAIRS, Can.REVIEW)
@require_POST
def order(request: SignedInRequest) -> HttpResponse:
    """Keep the order of the queue."""
    try:
        queue_choices.keep_order(actor=request.user, order=request.POST.get("order", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return _back(request)


@require(Can.READ_PAIRS, Can.REVIEW)
@require_POST
def save(request: SignedInRequest) -> HttpResponse:
    """Keep the filters of the address under a name."""
    library = None
    if request.POST.get("share"):
        wanted = number(request.GET.get("library", ""))
        library = get_object_or_404(Library.objects.visible_to(request.user), pk=wanted)
    try:
        queue_choices.save_filter(
            actor=request.user,
            name=request.POST.get("name", ""),
            query=request.GET.urlencode(),
            library=library,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The filters are saved."))
    return _back(request)


@require(Can.READ_PAIRS, Can.REVIEW)
@require_POST
def drop(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a saved filter of one's own."""
    saved = get_object_or_404(SavedFilter.objects.filter(owner=request.user), pk=pk)
    queue_choices.drop_filter(actor=request.user, saved=saved)
    messages.success(request, _("The saved filter is removed."))
    return _back(request)
