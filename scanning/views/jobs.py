"""Scan jobs: a new one, its settings, and the button that starts it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from scanning import overview
from scanning.forms import JobForm
from scanning.models import Library, ScanJob
from scanning.services.jobs import change_job, create_job
from scanning.services.runs import RunStateError, start_run


@require(Can.MANAGE_LIBRARIES)
def job_new(request: SignedInRequest, library_pk: int) -> HttpResponse:
    """A new scan job in a library."""
    library = get_object_or_404(Library.objects.visible_to(request.user), pk=library_pk)
    form = JobForm(request.POST or None, library=library)
    if request.method == "POST" and form.is_valid():
        job = create_job(actor=request.user, library=library, settings=form.settings())
        return _saved(request, job)
    return _page(request, library, form, job=None)


@require(Can.MANAGE_LIBRARIES)
def job_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """A scan job's settings."""
    jobs = ScanJob.objects.visible_to(request.user).select_related("library")
    job = get_object_or_404(jobs, pk=pk)
    form = JobForm(request.POST or None, library=job.library, instance=job)
    if request.method == "POST" and form.is_valid():
        return _saved(request, change_job(actor=request.user, job=job, settings=form.settings()))
    return _page(request, job.library, form, job=job)


@require_POST
@require(Can.RUN_SCANS)
def job_start(request: SignedInRequest, pk: int) -> HttpResponse:
    """Begin a run of the job."""
    jobs = ScanJob.objects.visible_to(request.user).select_related("library")
    return _start(request, get_object_or_404(jobs, pk=pk))


def _saved(request: SignedInRequest, job: ScanJob) -> HttpResponse:
    if "start" in request.POST and request.user.may(Can.RUN_SCANS):
        return _start(request, job)
    messages.success(request, _("The scan job “%(name)s” was saved.") % {"name": job.name})
    return redirect("scanning:library", job.library_id)


def _start(request: SignedInRequest, job: ScanJob) -> HttpResponse:
    try:
        run = start_run(job=job, actor=request.user)
    except RunStateError as error:
        messages.error(request, str(error))
        return redirect("scanning:library", job.library_id)
    return redirect("scanning:run", run.pk)


def _page(
    request: SignedInRequest, library: Library, form: JobForm, *, job: ScanJob | None
) -> HttpResponse:
    return render(
        request,
        "scanning/job.html",
        {
            "library": library,
            "form": form,
            "job": job,
            "known_attributes": overview.known_attributes(library),
            "may_run": request.user.may(Can.RUN_SCANS),
        },
    )
