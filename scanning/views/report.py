"""The read-only report of one library, as a page and as CSV."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from scanning.models import Library
from scanning.report_charts import charts_of, money_of
from scanning.services.report import build_report
from scanning.services.report_export import export_report

VALUES_SHOWN = 20
ERRORS_SHOWN = 10


@require(Can.READ_PAIRS, Can.MANAGE_LIBRARIES)
def report(request: SignedInRequest, pk: int) -> HttpResponse:
    """How much of the library is there twice, and what it costs."""
    found = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    built = build_report(found)
    return render(
        request,
        "scanning/report.html",
        {
            "library": found,
            "report": built,
            "duplicates": built.duplicates,
            "charts": charts_of(built),
            "money": money_of(built),
            "values_shown": VALUES_SHOWN,
            "errors_shown": ERRORS_SHOWN,
            "now": timezone.now(),
        },
    )


@require(Can.READ_PAIRS, Can.MANAGE_LIBRARIES)
def report_csv(request: SignedInRequest, pk: int) -> StreamingHttpResponse:
    """The report's numbers as a table; the export is an audit event."""
    found = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    lines = export_report(actor=request.user, library=found)
    name = f"second-look-report-{found.pk}.csv"
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
