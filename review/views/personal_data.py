"""Personal data that is kept twice or too long, as a page and as CSV."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from dedup_site.accounts.access import SignedInRequest, require
from review.records.personal_data import customers, libraries_with_customers
from review.services.personal_data_export import export_personal_data
from review.views.hold_reports import csv_answer
from review.views.retention import LOOK
from scanning.models import Library

ROWS_PER_PAGE = 50


def _chosen(request: SignedInRequest) -> tuple[list[Library], list[Library], str]:
    """All libraries that have customers, those chosen, and the choice as it was sent."""
    libraries = libraries_with_customers(request.user)
    asked = (request.POST if request.method == "POST" else request.GET).get("library", "")
    chosen = [library for library in libraries if str(library.pk) == asked]
    return libraries, chosen if asked else libraries, asked if chosen else ""


@require(*LOOK)
@require_http_methods(["GET", "HEAD"])
def overview(request: SignedInRequest) -> HttpResponse:
    """The customers of whom files are kept twice, or longer than their rule."""
    libraries, chosen, asked = _chosen(request)
    number = request.GET.get("page", "1")
    page = max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1
    offset = (page - 1) * ROWS_PER_PAGE
    rows = customers(chosen, request.user, limit=ROWS_PER_PAGE + 1, offset=offset)
    library = f"&library={asked}" if asked else ""
    context = {
        "libraries": libraries,
        "asked": asked,
        "rows": rows[:ROWS_PER_PAGE],
        "previous_url": f"?page={page - 1}{library}" if page > 1 else "",
        "next_url": f"?page={page + 1}{library}" if len(rows) > ROWS_PER_PAGE else "",
    }
    return render(request, "review/personal_data.html", context)


@require(*LOOK)
@require_POST
def export(request: SignedInRequest) -> StreamingHttpResponse:
    """Each of these files as a line of CSV."""
    lines = export_personal_data(actor=request.user, libraries=_chosen(request)[1])
    return csv_answer(lines, "second-look-personal-data.csv")
