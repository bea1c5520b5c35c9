"""The first page: for each person what matters to them."""

from django.http import HttpResponse
from django.shortcuts import render

from dedup_site.accounts.access import SignedInRequest
from dedup_site.accounts.roles import Can
from scanning import overview
from scanning.models import Library, ScanRun
from scanning.progress import progress_of

MAXIMUM_LIBRARIES = 50


def home(
    request: SignedInRequest, only_undecided: overview.PairFilter | None = None
) -> HttpResponse:
    """Libraries with their numbers, scans that go on, and where to begin.

    `only_undecided` narrows pairs to those without a decision: decisions are the review side's,
    so that the address table hands it in.
    """
    libraries = Library.objects.visible_to(request.user).order_by("name")
    active = ScanRun.objects.visible_to(request.user).active().select_related("job", "library")
    rows = overview.of_libraries(libraries[:MAXIMUM_LIBRARIES], only_undecided)
    return render(
        request,
        "scanning/home.html",
        {
            "rows": rows,
            "library_count": libraries.count(),
            "undecided": sum(row.pair_count for row in rows),
            "active_runs": [(run, progress_of(run)) for run in active],
            "may_review": request.user.may(Can.REVIEW),
            "may_manage": request.user.may(Can.MANAGE_LIBRARIES),
        },
    )
