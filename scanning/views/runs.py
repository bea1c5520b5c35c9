"""Scan runs: the list, one run with its live progress, pause, resume and cancel."""

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from scanning import findings
from scanning.models import ScanRun
from scanning.progress import progress_of, with_counts
from scanning.services.runs import RunStateError

PAGE_SIZE = 50
READERS = (Can.READ_PAIRS, Can.RUN_SCANS, Can.MANAGE_LIBRARIES)


@require(*READERS)
def runs(request: SignedInRequest) -> HttpResponse:
    """All runs in the libraries that the person was given, the newest first."""
    found = ScanRun.objects.visible_to(request.user).select_related("job", "library", "started_by")
    library = request.GET.get("library", "")
    if library.isdecimal() and len(library) < 19:
        found = found.filter(library=int(library))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "scanning/runs.html",
        {"page": page, "rows": with_counts(page.object_list), "library": library},
    )


@require(*READERS)
def run(request: SignedInRequest, pk: int) -> HttpResponse:
    """One run: progress, notices, errors, what it found, and how it was configured."""
    return _page(request, pk, "scanning/run.html")


@require(*READERS)
def run_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    """The part of the run's page that changes while it goes on."""
    return _page(request, pk, "scanning/_run_live.html")


@require_POST
@require(Can.RUN_SCANS)
def run_control(request: SignedInRequest, pk: int, act: Callable[..., None]) -> HttpResponse:
    """Pause, resume or cancel: `act` is the service."""
    found = get_object_or_404(ScanRun.objects.visible_to(request.user).select_related("job"), pk=pk)
    try:
        act(run=found, actor=request.user)
    except RunStateError as error:
        messages.error(request, str(error))
    return redirect("scanning:run", pk)


def _page(request: SignedInRequest, pk: int, template: str) -> HttpResponse:
    found = get_object_or_404(
        ScanRun.objects.visible_to(request.user).select_related("job", "library", "started_by"),
        pk=pk,
    )
    return render(
        request,
        template,
        {
            "run": found,
            "progress": progress_of(found),
            "found": findings.of_run(found),
            "errors": findings.errors_of_run(found),
            "may_run": request.user.may(Can.RUN_SCANS),
        },
    )
