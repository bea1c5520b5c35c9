"""Hidden known pairs on the quality page: their rule, making them, retiring them."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from review.numbers import number
from review.services import known_pairs
from scanning.models import Library


def _library(request: SignedInRequest, pk: int) -> Library:
    return get_object_or_404(Library.objects.visible_to(request.user), pk=pk)


def _told(request: SignedInRequest, library: Library, error: ValidationError) -> HttpResponse:
    messages.error(request, " ".join(error.messages))
    return redirect("review:quality_library", library.pk)


@require(Can.MANAGE_LIBRARIES)
@require_POST
def set_rule(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change how often people meet a known pair."""
    library = _library(request, pk)
    wanted = number(request.POST.get("percent", ""))
    try:
        known_pairs.set_rule(
            actor=request.user,
            library=library,
            percent=-1 if wanted is None else wanted,
            reason=request.POST.get("reason", "")[:500],
        )
    except ValidationError as error:
        return _told(request, library, error)
    messages.success(request, _("Saved. It counts from the next pair on."))
    return redirect("review:quality_library", library.pk)


@require(Can.MANAGE_LIBRARIES)
@require_POST
def make(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make some known pairs."""
    library = _library(request, pk)
    size = number(request.POST.get("size", "")) or 0
    try:
        made = known_pairs.make(actor=request.user, library=library, size=size)
    except ValidationError as error:
        return _told(request, library, error)
    text = ngettext("%(number)d known pair made.", "%(number)d known pairs made.", len(made))
    messages.success(request, text % {"number": len(made)})
    return redirect("review:quality_library", library.pk)


@require(Can.MANAGE_LIBRARIES)
@require_POST
def retire(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put all known pairs out of use."""
    library = _library(request, pk)
    try:
        known_pairs.retire(actor=request.user, library=library)
    except ValidationError as error:
        return _told(request, library, error)
    messages.success(request, _("Nobody meets these known pairs any more. Their figures stay."))
    return redirect("review:quality_library", library.pk)
