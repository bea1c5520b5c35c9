"""Uploading: one request for each file where scripts run, a plain form where they do not."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dedup_site.accounts.access import SignedInRequest, require
from dedup_site.accounts.roles import Can
from scanning.models import Library
from scanning.services.uploads import Readable, UploadRefused, add_upload


@require(Can.MANAGE_LIBRARIES)
def upload(request: SignedInRequest, pk: int) -> HttpResponse:
    """The page, and the plain form: many files in one request; a bad file costs only itself."""
    library = _library(request, pk)
    if request.method == "POST":
        files = request.FILES.getlist("files")
        refused = [
            message for file in files if (message := _add(request, library, file.name or "", file))
        ]
        _tell(request, len(files) - len(refused), refused)
        return redirect("scanning:upload", pk)
    return render(
        request,
        "scanning/upload.html",
        {
            "library": library,
            "file_count": library.files.count(),
            "latest": library.files.order_by("-pk")[:10],
            "maximum_bytes": settings.UPLOAD_MAX_BYTES,
            "maximum_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        },
    )


@require_POST
@require(Can.MANAGE_LIBRARIES)
def upload_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """One file as the body of the request, its name in `?name=`: 201, or 422 and why not."""
    library = _library(request, pk)
    try:
        size = int(request.headers.get("Content-Length", ""))
    except ValueError:
        return HttpResponse(status=411)
    try:
        file = add_upload(
            library=library,
            actor=request.user,
            name=request.GET.get("name", ""),
            content=request,
            expected_size=size,
        )
    except UploadRefused as error:
        return JsonResponse({"error": str(error)}, status=422)
    return JsonResponse({"path": file.path, "size": file.size}, status=201)


def _library(request: SignedInRequest, pk: int) -> Library:
    library = get_object_or_404(Library.objects.visible_to(request.user), pk=pk)
    if library.is_mounted:
        raise Http404
    return library


def _add(request: SignedInRequest, library: Library, name: str, content: object) -> str:
    """Add one file of the plain form; empty, or why it was not taken."""
    try:
        add_upload(
            library=library, actor=request.user, name=name, content=cast("Readable", content)
        )
    except UploadRefused as error:
        return str(error)
    return ""


def _tell(request: SignedInRequest, added: int, refused: list[str]) -> None:
    for message in refused:
        messages.error(request, message)
    if added:
        text = ngettext("%(n)d file was uploaded.", "%(n)d files were uploaded.", added)
        messages.success(request, text % {"n": added})
    elif not refused:
        messages.error(request, _("No file was chosen. Choose one or more files first."))
