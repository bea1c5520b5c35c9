"""The addresses of the pages about libraries and scans."""

from django.urls import path

from scanning.services.runs import cancel_run, pause_run, resume_run
from scanning.views import jobs, libraries, report, runs, uploads

app_name = "scanning"

urlpatterns = [
    path("libraries/", libraries.libraries, name="libraries"),
    path("libraries/new/folder/", libraries.library_new, {"kind": "mounted"}, name="library_mount"),
    path(
        "libraries/new/uploads/",
        libraries.library_new,
        {"kind": "uploaded"},
        name="library_for_uploads",
    ),
    path("libraries/<int:pk>/", libraries.library, name="library"),
    path("libraries/<int:pk>/settings/", libraries.library_edit, name="library_edit"),
    path(
        "libraries/<int:pk>/settings/examples/",
        libraries.pattern_examples,
        name="pattern_examples",
    ),
    path("libraries/<int:pk>/upload/", uploads.upload, name="upload"),
    path("libraries/<int:pk>/upload/file/", uploads.upload_file, name="upload_file"),
    path("libraries/<int:pk>/report/", report.report, name="report"),
    path("libraries/<int:pk>/report.csv", report.report_csv, name="report_csv"),
    path("libraries/<int:library_pk>/jobs/new/", jobs.job_new, name="job_new"),
    path("jobs/<int:pk>/", jobs.job_edit, name="job_edit"),
    path("jobs/<int:pk>/start/", jobs.job_start, name="job_start"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run_progress"),
    path("runs/<int:pk>/pause/", runs.run_control, {"act": pause_run}, name="run_pause"),
    path("runs/<int:pk>/resume/", runs.run_control, {"act": resume_run}, name="run_resume"),
    path("runs/<int:pk>/cancel/", runs.run_control, {"act": cancel_run}, name="run_cancel"),
]
