"""The read-only report of one library, as a page and as CSV."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from scanning.models import Library


@require(Can.READ_PAIRS, Can.MANAGE_LIBRARIES)
def report(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    return render(request, "scanning/report.html", {"library": found})


@require(Can.READ_PAIRS, Can.MANAGE_LIBRARIES)
def report_csv(request: SignedInRequest, pk: int) -> HttpResponse:
    get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    return HttpResponse()
